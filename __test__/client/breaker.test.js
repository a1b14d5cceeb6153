'use strict'

// The breaker opens on failures, lets one probe through, closes on an answer, and never locks an endpoint out.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { TRANSPORTS, setup, ask, rejection, textOf, attemptSummary, recordEvents, until, faults } = require('../helpers/client')

const QUICKLY = { recoveryTimeout: 60, maxRecoveryTimeout: 1000 }
const breakerOf = (client, name = 'A') => client.getEndpointStatus(name).breaker
const fail = async (client, n = 3) => { for (let i = 0; i < n; i++) await ask(client, { maxRetries: 0 }).catch(() => {}) }

/** How long an open breaker stays so, for an open period of `ms` with equal jitter. */
const openFor = (client, ms) => {
  const left = breakerOf(client).retryAt - Date.now()
  assert.ok(left > ms / 2 - 300 && left <= ms + 5, `${left} ms, expected ${ms / 2} to ${ms}`)
}

for (const transport of TRANSPORTS) {
  test(`${transport.transport}: three failures in a row open it, for 5 s at first`, async (t) => {
    const { client, a, b } = setup(t, { transport })
    a.always(faults.serverError())
    await fail(client, 2)
    assert.deepEqual(breakerOf(client), { state: 'closed', consecutiveFailures: 2, ...(breakerOf(client).retryAt === null ? { retryAt: null } : {}) })
    await fail(client, 1)
    assert.equal(breakerOf(client).state, 'open')
    assert.equal(client.getEndpointStatus('A').status, 'down')
    openFor(client, 5000)
    const answer = await ask(client)
    assert.equal(attemptSummary(answer.report.attempts), 'A:skipped:breakerOpen B:ok')
    assert.deepEqual([a.totalHits, b.totalHits], [3, 4])
  })

  test(`${transport.transport}: one probe, however many call`, async (t) => {
    const { client, a, b } = setup(t, { transport, breaker: QUICKLY })
    a.always(faults.serverError())
    await fail(client)
    a.clearHits()
    b.clearHits()
    await until('the open time has passed', () => breakerOf(client).retryAt <= Date.now() || breakerOf(client).state === 'halfOpen')
    a.always(faults.slowHeaders(60))
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(client)))
    assert.equal(a.totalHits, 1)
    assert.equal(b.totalHits, 49)
    assert.equal(answers.filter((answer) => answer.report.endpoint === 'A').length, 1)
    assert.equal(breakerOf(client).state, 'closed')
  })
}

test('a success in between starts the count over', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  // Nine in all: of ten, so many failures would open it.
  for (let i = 0; i < 3; i++) {
    a.script(faults.repeat(2, faults.serverError()))
    await fail(client, 2)
    await ask(client)
  }
  assert.equal(breakerOf(client).state, 'closed')
})

test('half of at least ten opens it too', async (t) => {
  const { client, a } = setup(t, { breaker: { failureThreshold: 100 } })
  for (let i = 0; i < 5; i++) {
    assert.equal(breakerOf(client).state, 'closed', `after ${i * 2}`)
    a.script(faults.healthy(), faults.serverError())
    await ask(client)
    await ask(client)
  }
  assert.equal(breakerOf(client).state, 'open')
})

test('throttles count in the ratio only', async (t) => {
  const { client, a } = setup(t)
  a.always(faults.rateLimited({ retryAfter: 1, as: 'ms' }))
  for (let i = 0; i < 6; i++) {
    await ask(client)
    await until('it is ready', () => !(client.getEndpointStatus('A').cooldownUntil > Date.now()))
  }
  assert.equal(breakerOf(client).state, 'closed')
  assert.equal(breakerOf(client).consecutiveFailures, 0)
})

test('each failed probe doubles the open time, up to its limit', async (t) => {
  const { client, a } = setup(t, { breaker: { recoveryTimeout: 40, maxRecoveryTimeout: 120 } })
  const seen = recordEvents(client, 'breaker')
  a.always(faults.serverError())
  await fail(client)
  for (const [probes, period] of [[1, 80], [2, 120], [3, 120]]) {
    await until(`probe ${probes}`, async () => {
      await ask(client)
      return a.totalHits === 3 + probes
    })
    openFor(client, period)
  }
  a.always()
  await until('it is closed', async () => {
    await ask(client)
    return breakerOf(client).state === 'closed'
  })
  assert.equal(seen.filter((e) => e.state === 'open').length, 4)
  assert.equal(seen.at(-1).state, 'closed')
})

test('a probe that is aborted, or has an invalid request, decides nothing', async (t) => {
  const { client, a } = setup(t, { servers: 1, breaker: QUICKLY, maxRetries: 0 })
  a.always(faults.serverError())
  await fail(client)
  await until('a probe is due', () => breakerOf(client).retryAt <= Date.now())
  a.script(faults.hang())
  await rejection(ask(client, { signal: AbortSignal.timeout(30) }))
  a.script(faults.badRequest())
  assert.equal((await rejection(ask(client))).reason, 'badRequest')
  assert.notEqual(breakerOf(client).state, 'closed')
  a.always()
  assert.equal(textOf(await ask(client)), 'Hello from A')
  assert.equal(breakerOf(client).state, 'closed')
})

test('everything open: one early probe per endpoint, at once', async (t) => {
  const { client, a, b } = setup(t)
  for (const server of [a, b]) server.always(faults.serverError())
  await fail(client)
  assert.deepEqual([breakerOf(client, 'A').state, breakerOf(client, 'B').state], ['open', 'open'])
  for (const server of [a, b]) server.always().clearHits()
  const began = Date.now()
  const answer = await ask(client)
  assert.ok(Date.now() - began < 1000)
  assert.equal(textOf(answer), 'Hello from A')
  assert.deepEqual([a.totalHits, b.totalHits], [1, 0])
})

test('everything open and still down: not again for 5 s', async (t) => {
  const { client, a } = setup(t, { servers: 1, maxRetries: 0, breaker: { recoveryTimeout: '20s' } })
  a.always(faults.serverError())
  await fail(client)
  a.clearHits()
  for (let i = 0; i < 5; i++) await rejection(ask(client, { timeout: 100 }))
  assert.equal(a.totalHits, 1)
  const error = await rejection(ask(client, { onUnavailable: 'error' }))
  assert.equal(error.reason, 'breakerOpen')
  assert.equal(attemptSummary(error.attempts), 'A:skipped:breakerOpen')
  assert.ok(error.retryAfterMs > 0)
})

test('isolate takes an endpoint out, dispose brings it back', async (t) => {
  const { client, a, b } = setup(t)
  const [first, second] = [client.isolate('A'), client.isolate('A')]
  assert.equal(breakerOf(client).state, 'isolated')
  assert.equal(client.getEndpointStatus('A').status, 'down')
  assert.equal(attemptSummary((await ask(client)).report.attempts), 'A:skipped:isolated B:ok')
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  assert.equal(breakerOf(client).state, 'isolated', 'each isolation counts')
  second[Symbol.dispose]()
  assert.equal(textOf(await ask(client)), 'Hello from A')
  assert.deepEqual([a.totalHits, b.totalHits], [1, 1])
  client.isolate('A')
  client.isolate('B')
  const error = await rejection(ask(client, { timeout: 200 }))
  assert.equal(error.reason, 'isolated')
  assert.deepEqual([a.totalHits, b.totalHits], [1, 1])
  assert.throws(() => client.isolate('nobody'), { name: 'ConfigError' })
})

test('breaker: false', async (t) => {
  const { client, a } = setup(t, { servers: 1, breaker: false })
  a.always(faults.serverError())
  await fail(client, 6)
  assert.equal(a.totalHits, 6)
  assert.equal(breakerOf(client).state, 'closed')
})
