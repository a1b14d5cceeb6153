'use strict'

// JavaScript is blocked for five seconds: everything else goes on in time, and nothing goes on that should not. The
// vendors are other processes, with clocks of their own.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { openClient, ask, rejection, attemptSummary, recordEvents, until, blockEventLoop, faults } = require('../helpers/client')
const { remoteServer } = require('../helpers/child')

const BLOCKED = 5000
/** How much later than asked something may happen on a busy machine, and still within the block. */
const LATE = 1500

test('while JavaScript is blocked', async (t) => {
  const [a, b, c] = await Promise.all(['A', 'B', 'C'].map((name) => remoteServer(t, { name })))
  const endpoints = [a, b, c].map(({ url }, i) => ({ name: 'ABC'[i], baseURL: url }))
  /** A client of its own for each promise: they share no state. */
  const fresh = async (options) => {
    const client = openClient(t, { endpoints, ...options })
    await client.warmup()
    return client
  }
  const only = (key) => faults.when({ headers: { 'idempotency-key': key } }, faults.forever(FAULTS[key]))
  const FAULTS = {
    hops: faults.hang(),
    slow: faults.slowHeaders(2500),
    reader: faults.healthy({ content: 'word '.repeat(3000), chunks: 3000 }),
    limited: faults.rateLimited({ retryAfter: 700, as: 'ms' }),
    parked: faults.rateLimited({ retryAfter: '20s' }),
    deadline: faults.hang()
  }
  await a.call('always', faults.healthy())
  await a.call('script', ...['hops', 'slow', 'reader', 'parked', 'deadline'].map(only), faults.when({ headers: { 'idempotency-key': 'limited' } }, FAULTS.limited))
  await b.call('script', only('hops'))
  const hits = (server, key) => server.call('hits', { headers: { 'idempotency-key': key } })

  const parked = await fresh()
  await ask(parked, { idempotencyKey: 'parked' })
  const parkedUntil = parked.getEndpointStatus('A').cooldownUntil
  const [hops, slow, reader, limited, deadline, watched, broken] = await Promise.all([
    fresh({ timeout: { headers: 400, total: '60s' } }),
    fresh({ timeout: { headers: 4500, firstContent: 4500, content: 4500, total: '60s' } }),
    fresh({ timeout: { content: 1000, total: '60s' } }),
    fresh(),
    fresh(),
    fresh({ health: { checkInterval: 250, probes: 'endpoint', timeout: 4000, historySize: 1000 } }),
    fresh({ breaker: { recoveryTimeout: '20s', maxRecoveryTimeout: '20s' }, timeout: { headers: 100, total: '60s' } })
  ])
  for (let i = 0; i < 3; i++) await ask(broken, { idempotencyKey: 'hops', endpoints: ['A', 'C'] })
  const openUntil = broken.getEndpointStatus('A').breaker.retryAt
  a.call('clearHits')
  b.call('clearHits')
  const alerts = recordEvents(watched, 'alert')
  await watched.monitor.startMonitoring()
  const stream = await reader.chatCompletion('m', 'hi', { stream: true, idempotencyKey: 'reader' })

  const calls = Promise.all([
    ask(hops, { idempotencyKey: 'hops' }),
    ask(slow, { idempotencyKey: 'slow' }),
    ask(limited, { idempotencyKey: 'limited', endpoints: 'A' }),
    rejection(ask(deadline, { idempotencyKey: 'deadline', timeout: 600 }))
  ])
  const began = Date.now()
  blockEventLoop(BLOCKED)
  const ended = Date.now()
  const [hopped, slept, waited, expired] = await calls

  await t.test('a call fails over twice, on time', async () => {
    assert.equal(attemptSummary(hopped.report.attempts), 'A:next:timeoutHeaders B:next:timeoutHeaders C:ok')
    const [[atA], [atB], [atC]] = await Promise.all([a, b, c].map((server) => hits(server, 'hops')))
    for (const [from, to] of [[atA, atB], [atB, atC]]) {
      const took = to.at - from.at
      assert.ok(took < 400 + LATE, `moved on after ${took} ms`)
    }
    assert.ok(hopped.report.attempts.slice(0, 2).every((attempt) => attempt.durationMs >= 399), 'not before')
    assert.ok(atC.at < ended)
    assert.ok(hopped.report.latency.totalMs < BLOCKED - 500, `${hopped.report.latency.totalMs} ms`)
  })

  await t.test('an answer within its time is no timeout, though no code was running', () => {
    assert.equal(attemptSummary(slept.report.attempts), 'A:ok')
    assert.ok(slept.report.latency.totalMs < 4500)
  })

  await t.test('a stream with a sleeping reader does not time out', async () => {
    const { choices, report } = await stream.finalCompletion
    assert.equal(choices[0].message.content, 'word '.repeat(3000))
    assert.equal(attemptSummary(report.attempts), 'A:ok')
  })

  await t.test('a rate limit is waited for, and no longer', async () => {
    assert.equal(attemptSummary(waited.report.attempts), 'A:retry:rateLimited A:ok')
    const [first, second] = await hits(a, 'limited')
    const took = second.at - first.at
    assert.ok(took >= 699 && took < 700 + LATE, `asked again after ${took} ms`)
  })

  await t.test('a deadline passes', () => {
    assert.equal(expired.reason, 'timeoutTotal')
    assert.ok(expired.attempts[0].durationMs < 600 + LATE, `${expired.attempts[0].durationMs} ms`)
  })

  await t.test('cooldowns and breakers are as they were', async () => {
    const status = parked.getEndpointStatus('A')
    assert.deepEqual([status.status, status.cooldownUntil], ['rate_limited', parkedUntil])
    assert.equal(attemptSummary((await ask(parked)).report.attempts), 'A:skipped:cooldown B:ok')
    const { state, retryAt } = broken.getEndpointStatus('A').breaker
    assert.deepEqual([state, retryAt], ['open', openUntil])
    assert.equal(attemptSummary((await ask(broken, { endpoints: ['A', 'C'] })).report.attempts), 'A:skipped:breakerOpen C:ok')
  })

  await t.test('the monitor checks as before, and emits each result', async () => {
    const before = watched.monitor.getHealthHistory().length
    assert.ok(before > 0)
    for (const { name } of endpoints) {
      const history = watched.monitor.getHealthHistory().filter((check) => check.name === name)
      assert.ok(history.every((check) => check.status === 'UP' && check.consecutiveFailures === 0))
      const times = history.map((check) => Date.parse(check.timestamp)).filter((at) => at >= began && at <= ended)
      assert.ok(times.length >= 5 && times.length <= BLOCKED / 250 + 2, `${times.length} checks of ${name}`)
      const rounds = times.slice(1).map((at, i) => at - times[i])
      assert.ok(rounds.every((gap) => gap < 250 + LATE), `${name}: ${rounds}`)
    }
    await until('it goes on', () => watched.monitor.getHealthHistory().length > before)
    watched.monitor.stopMonitoring()
    assert.deepEqual(alerts, [])
    assert.equal(watched.metrics.snapshot().droppedEvents, 0)
    assert.equal(watched.monitor.getAvailabilityPercentage(), 100)
  })
})
