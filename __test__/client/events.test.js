'use strict'

// The events of a client, and that listeners cannot disturb it.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { TRANSPORTS, setup, openClient, ask, rejection, attemptSummary, recordEvents, until, blockEventLoop, faults } = require('../helpers/client')
const { json, run, remoteServer } = require('../helpers/child')

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

async function told (list, n) {
  await until(`${n} events`, () => list.length >= n)
  return list
}

test('attempt: one for each request, as in the report', async (t) => {
  const { client, a } = setup(t)
  const seen = recordEvents(client, 'attempt')
  a.script(faults.serverError())
  const { report } = await ask(client, { tags: { team: 'search' } })
  await told(seen, 2)
  assert.deepEqual(seen.map(({ event, requestId, tags, ...attempt }) => attempt), report.attempts)
  for (const e of seen) {
    assert.equal(e.requestId, report.requestId)
    assert.deepEqual(e.tags, { team: 'search' })
    assert.match(e.startedAt, ISO)
    assert.ok(e.durationMs > 0)
  }
  const [first, second] = seen
  assert.deepEqual([first.endpoint, first.model, first.outcome, first.reason, first.status], ['A', 'gpt-4o', 'next', 'serverError', 500])
  assert.deepEqual([second.endpoint, second.outcome, second.status, second.reusedConnection], ['B', 'ok', 200, false])
})

test('attempt: the outcome is final, and skipped candidates are emitted too', { concurrency: true }, async (t) => {
  const same = (name, rest, prepare, expected, options = {}) => t.test(name, async (t) => {
    const context = setup(t, rest)
    const seen = recordEvents(context.client, 'attempt')
    prepare(context)
    const result = await ask(context.client, options).catch((error) => error)
    const attempts = result.attempts ?? result.report.attempts
    assert.equal(attemptSummary(attempts), expected)
    await told(seen, attempts.length)
    assert.deepEqual(seen.map(({ event, requestId, ...attempt }) => attempt), attempts)
  })
  const cut = faults.cut({ after: 1, how: 'eof' })
  await Promise.all([
    same('retry', { servers: 1 }, ({ a }) => a.script(faults.serverError()), 'A:retry:serverError A:ok'),
    same('next', {}, ({ a }) => a.script(faults.serverError()), 'A:next:serverError B:ok'),
    same('fail', {}, ({ a }) => a.script(faults.badRequest()), 'A:fail:badRequest'),
    same('nobody answers', { maxRetries: 0 }, ({ a, b }) => { a.always(faults.serverError()); b.always(faults.auth()) }, 'A:next:serverError B:fail:auth'),
    same('a deadline', { servers: 1, timeout: 100 }, ({ a }) => a.always(faults.hang()), 'A:fail:timeoutTotal'),
    same('skipped', {}, ({ client }) => client.isolate('A'), 'A:skipped:isolated B:ok'),
    same('all skipped', { onUnavailable: 'error' }, ({ client }) => { client.isolate('A'); client.isolate('B') }, 'A:skipped:isolated B:skipped:isolated'),
    same('skipped after a failure', { servers: 3 }, ({ client, a }) => { client.isolate('B'); a.script(faults.serverError()) }, 'A:next:serverError B:skipped:isolated C:ok'),
    same('a stream that is cut', {}, ({ a }) => a.script(cut), 'A:fail:truncated', { stream: true }),
    same('a cut made good', { streams: { onCut: 'restart' } }, ({ a }) => a.script(cut), 'A:next:truncated B:ok', { stream: true }),
    same('a slower hedge', { hedge: { after: 20, maxExtraLoad: 1 } }, ({ a }) => a.script(faults.hang()), 'A:fail:hedged B:ok')
  ])
  await t.test('called again after others: the event was true when it was emitted', async (t) => {
    const { client, a, b } = setup(t)
    const seen = recordEvents(client, 'attempt', 'retry')
    a.script(faults.serverError())
    b.script(faults.status(404))
    const { report } = await ask(client)
    assert.equal(attemptSummary(report.attempts), 'A:retry:serverError B:next:notFound A:ok')
    await told(seen, 4)
    assert.deepEqual(seen.map((e) => [e.event, e.endpoint, e.outcome]), [
      ['attempt', 'A', 'next'], ['attempt', 'B', 'next'], ['retry', 'A', undefined], ['attempt', 'A', 'ok']
    ])
  })
  await t.test('an abort while a call waits', async (t) => {
    const { client, a } = setup(t, { servers: 1 })
    const seen = recordEvents(client, 'attempt')
    a.script(faults.rateLimited({ retryAfter: '5s' }))
    const controller = new AbortController()
    const call = rejection(ask(client, { signal: controller.signal }))
    await until('it waits', () => client.metrics.snapshot().waitingCalls === 1)
    assert.deepEqual(seen, [], 'what comes of it is not known')
    controller.abort()
    await call
    const [e] = await told(seen, 1)
    assert.deepEqual([e.outcome, e.reason], ['fail', 'rateLimited'])
  })
})

test('retry and failover', async (t) => {
  const { client, a, b } = setup(t)
  const seen = recordEvents(client, 'retry', 'failover')
  a.script(faults.unavailable({ retryAfter: '10s' }))
  const { report } = await ask(client)
  b.script(faults.serverError())
  await ask(client)
  await told(seen, 2)
  const [failover, retry] = seen
  assert.deepEqual(failover, {
    event: 'failover', requestId: report.requestId, reason: 'overloaded', status: 503,
    from: { endpoint: 'A', model: 'gpt-4o' }, to: { endpoint: 'B', model: 'gpt-4o' }
  })
  assert.equal(retry.event, 'retry')
  assert.deepEqual([retry.endpoint, retry.model, retry.reason], ['B', 'gpt-4o', 'serverError'])
  assert.ok(retry.delayMs >= 0 && retry.delayMs <= 5)
})

test('cooldown and rateLimit', async (t) => {
  const { client, a } = setup(t)
  const seen = recordEvents(client, 'cooldown', 'rateLimit')
  a.script(faults.rateLimited({ retryAfter: '10s' }))
  await ask(client)
  await told(seen, 2)
  const cooldown = seen.find((e) => e.event === 'cooldown')
  const limit = seen.find((e) => e.event === 'rateLimit')
  assert.equal(cooldown.endpoint, 'A')
  assert.equal(cooldown.reason, 'rateLimited')
  assert.equal(limit.endpoint, 'A')
  assert.equal(limit.retryAfterMs, 10_000)
  const until = cooldown.until ?? cooldown.cooldownUntil
  const at = typeof until === 'number' ? until : Date.parse(until)
  assert.ok(at >= Date.now() + 9000 && at <= Date.now() + 11_000)
})

test('breaker', async (t) => {
  const { client, a } = setup(t, { maxRetries: 0, breaker: { recoveryTimeout: 20, maxRecoveryTimeout: 20 } })
  const seen = recordEvents(client, 'breaker')
  a.script(faults.repeat(3, faults.serverError()))
  for (let i = 0; i < 3; i++) await ask(client)
  await told(seen, 1)
  await until('it is asked again', async () => (await ask(client)).report.endpoint === 'A')
  await until('it is closed', () => seen.at(-1).state === 'closed')
  assert.deepEqual(seen.map((e) => e.state), ['open', 'halfOpen', 'closed'])
  assert.ok(seen.every((e) => e.endpoint === 'A'))
})

test('authError, from a call', async (t) => {
  const { client, a } = setup(t)
  const seen = [recordEvents(client, 'authError'), recordEvents(client.monitor, 'authError')]
  a.script(faults.auth())
  await ask(client)
  for (const list of seen) {
    const [e] = await told(list, 1)
    assert.deepEqual([e.endpoint, e.statusCode, e.keyHint], ['A', 401, 'sk-…cdef'])
    assert.ok(e.message && e.action)
  }
})

for (const transport of TRANSPORTS) {
  test(`${transport.transport}: every emitted attempt is a request that a server received`, async (t) => {
    const { client, servers } = setup(t, { servers: 3, transport, maxRetries: 2, onUnavailable: 'error' })
    const seen = recordEvents(client, 'attempt')
    const mix = [faults.healthy(), faults.serverError(), faults.reset(), faults.badRequest(), faults.errorEvent('serverError', { after: 1 }), faults.malformedJson(), faults.cut({ after: 0, how: 'eof' })]
    servers.forEach((server, i) => server.always(faults.percent(40, mix[0], { seed: i + 1, otherwise: mix[0] })))
    for (let i = 0; i < 120; i++) {
      servers[0].script(mix[i % mix.length])
      servers[1].script(mix[(i * 5 + 1) % mix.length])
      const options = { stream: i % 3 === 0 }
      if (i % 11 === 10) {
        servers[0].script(faults.hang())
        options.timeout = 30
      }
      if (i % 13 === 12) options.signal = AbortSignal.timeout(15)
      await ask(client, options).catch(() => {})
    }
    const asked = () => seen.filter((e) => e.outcome !== 'skipped')
    await until('all is told', () => asked().length >= servers.reduce((sum, s) => sum + s.totalHits, 0))
    for (const [i, server] of servers.entries()) {
      const name = 'ABC'[i]
      assert.equal(asked().filter((e) => e.endpoint === name).length, server.totalHits, name)
    }
  })
}

test('an aborted call emits its attempt too', { concurrency: true }, async (t) => {
  await Promise.all([false, true].map((stream) => t.test(stream ? 'streamed' : 'whole', async (t) => {
    const { client, a } = setup(t, { servers: 1 })
    const seen = recordEvents(client, 'attempt')
    a.script(faults.hang())
    const controller = new AbortController()
    const call = rejection(ask(client, { stream, signal: controller.signal }))
    await a.waitForHits(1)
    controller.abort()
    await call
    const [e] = await told(seen, 1)
    assert.deepEqual([e.outcome, e.reason], ['fail', 'aborted'])
  })))
})

test('a listener that throws reaches uncaughtException, and the others go on', async (t) => {
  const server = await remoteServer(t)
  const result = await json(t, `
    const client = new FailoverClient({ apiKey: 'k', baseURL: '${server.url}', proxy: false })
    const caught = []
    let others = 0
    process.on('uncaughtException', (error) => { caught.push(error.message) })
    client.on('attempt', () => { throw new Error('sync') })
    client.on('attempt', async () => { throw new Error('async') })
    client.on('attempt', () => { others++ })
    async function main () {
      for (let i = 0; i < 3; i++) await client.chatCompletion('m', 'hi')
      while (others < 3 || caught.length < 6) await new Promise((resolve) => setTimeout(resolve, 5))
      console.log(JSON.stringify({ caught: caught.sort(), others }))
    }
    main()`, { limit: 8000 })
  assert.deepEqual(result, { caught: ['async', 'async', 'async', 'sync', 'sync', 'sync'], others: 3 })
})

test('a listener that throws ends a process that catches nothing', async (t) => {
  const server = await remoteServer(t)
  const { code, stderr } = await run(t, `
    const client = new FailoverClient({ apiKey: 'k', baseURL: '${server.url}', proxy: false })
    client.on('attempt', () => { throw new Error('listener') })
    client.chatCompletion('m', 'hi')`, { limit: 8000 })
  assert.equal(code, 1)
  assert.match(stderr, /listener/)
})

test('events are in order, once() works, and nothing comes after off()', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const names = []
  client.once('attempt', () => names.push('once'))
  client.prependListener('attempt', () => names.push('first'))
  const last = () => names.push('last')
  client.on('attempt', last)
  await ask(client)
  await until('told', () => names.length === 3)
  client.off('attempt', last)
  await ask(client)
  await until('told', () => names.length === 4)
  assert.deepEqual(names, ['first', 'once', 'last', 'first'])
  client.removeAllListeners()
  await ask(client)
  assert.equal(names.length, 4)
})

test('a queue that overflows drops events and counts them', async (t) => {
  const server = await remoteServer(t)
  await server.call('always', faults.onPath('/models', faults.forever(faults.healthy())))
  const endpoints = Array.from({ length: 40 }, (_, i) => ({ name: `E${i}`, baseURL: server.url }))
  const client = openClient(t, { endpoints, health: { checkInterval: 1, probes: ['endpoint'] } })
  let seen = 0
  client.on('healthCheck', () => { seen++ })
  await client.monitor.startMonitoring()
  for (let i = 0; i < 20 && client.metrics.snapshot().droppedEvents === 0; i++) blockEventLoop(500)
  client.monitor.stopMonitoring()
  const { droppedEvents } = client.metrics.snapshot()
  assert.ok(droppedEvents > 0, `${droppedEvents} dropped`)
  await until('the rest is told', () => seen >= 4096)
  const answer = await ask(client)
  assert.equal(answer.choices[0].message.content, 'Hello from fault-server')
})
