'use strict'

// Every wait has an end, of its own or the call's, and ends on time also while JavaScript is busy.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const net = require('node:net')
const { once } = require('node:events')
const { TimeoutError, StreamInterruptedError, AllEndpointsFailedError } = require('../..')
const { TRANSPORTS, TLS, H2, QUICK, setup, openClient, serve, ask, rejection, textOf, attemptSummary, blockEventLoop, until, faults } = require('../helpers/client')
const { remoteServer, blackhole } = require('../helpers/child')

/** How much later than asked an end may come on a busy machine. */
const LATE = 1500

async function within (from, to, call) {
  const began = performance.now()
  const result = await call()
  const took = performance.now() - began
  assert.ok(took >= from - 2 && took < to, `took ${took} ms, expected ${from} to ${to}: ${result}`)
  return result
}

const rows = [
  // name, fault, timeouts of so many milliseconds, phase, streamed
  ['total, number', faults.hang(), (ms) => ms, 'total', [false, true]],
  ['total, text', faults.hang(), (ms) => `${ms}ms`, 'total', [false, true]],
  ['total, member', faults.hang(), (ms) => ({ total: ms }), 'total', [false, true]],
  ['total, before the first content', faults.slowFirstContent('9s'), (ms) => ({ total: ms }), 'total', [true]],
  ['total, in the middle of a whole body', faults.stall(), (ms) => ({ total: ms }), 'total', [false]],
  ['headers', faults.hang(), (ms) => ({ headers: ms }), 'headers', [false, true]],
  ['headers, trickling out', faults.slowHeaders('9s'), (ms) => ({ headers: ms }), 'headers', [false, true]],
  ['first content', faults.slowFirstContent('9s'), (ms) => ({ firstContent: ms }), 'firstContent', [true]],
  ['first content, no headers', faults.hang(), (ms) => ({ firstContent: ms }), 'firstContent', [true]],
  ['first content, whole', faults.keepAlive(10), (ms) => ({ firstContent: ms }), 'firstContent', [false]],
  ['first content, keep-alives', faults.keepAlive(10), (ms) => ({ firstContent: ms }), 'firstContent', [true]],
  ['first content, empty chunks', faults.combine(faults.emptyChunks(500), faults.pace(10)), (ms) => ({ firstContent: ms }), 'firstContent', [true]],
  ['content, whole', faults.stall(), (ms) => ({ content: ms }), 'content', [false]]
]

for (const transport of TRANSPORTS) {
  test(transport.transport, { concurrency: 8 }, async (t) => {
    await Promise.all(rows.flatMap(([name, fault, timeout, phase, streamed]) => streamed.map((stream) => {
      return t.test(`${name}${stream ? ', streamed' : ''}`, async (t) => {
        const { client, a } = setup(t, { servers: 1, transport, breaker: false })
        if (name !== 'first content, empty chunks') a.always(fault)
        else a.always(faults.keepAlive(10, { after: 0 }))
        // On a busy machine the time may be over before a connection exists: then no request was sent, and there is
        // nothing to cancel.
        for (let ms = 80; a.totalHits === 0; ms *= 2) {
          assert.ok(ms < 10_000, 'a request arrives')
          const error = await within(ms, ms + LATE, () => rejection(ask(client, { stream, timeout: timeout(ms) })))
          assert.ok(error instanceof TimeoutError, `${error.name}: ${error.message}`)
          assert.equal(error.phase, phase)
          assert.equal(error.reason, `timeout${phase[0].toUpperCase()}${phase.slice(1)}`)
          assert.equal(error.retryable, true)
          assert.equal(error.attempts.length, 1)
        }
        await a.waitForHits(a.totalHits, { outcome: 'clientAborted' })
      })
    })))
  })
}

test('the total passes in the middle of a stream: received content is kept, no endpoint is blamed', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.script(faults.stall({ after: 1 }))
  await client.warmup()
  const error = await within(300, 300 + LATE, () => rejection(ask(client, { stream: true, timeout: 300 })))
  assert.ok(error instanceof StreamInterruptedError, `${error.name}: ${error.message}`)
  assert.equal(error.reason, 'timeoutTotal')
  assert.equal(error.partial, 'Hello')
  assert.equal(client.getEndpointStatus('A').breaker.consecutiveFailures, 0)
})

test('the total passes while a connection is being made: no request was sent, and the next call uses the connection', async (t) => {
  for (const transport of [TLS, H2]) {
    await t.test(transport.transport, async (t) => {
      const { client, a } = setup(t, { servers: 1, transport })
      const call = rejection(ask(client, { timeout: 80 }))
      // The server is in this process, and cannot answer the handshake meanwhile.
      blockEventLoop(1000)
      const error = await call
      assert.ok(error instanceof TimeoutError, `${error.name}: ${error.message}`)
      assert.equal(error.phase, 'total')
      const [attempt] = error.attempts
      assert.ok(attempt.durationMs < 700, `${attempt.durationMs} ms`)
      assert.equal(attempt.maybeBilled, undefined, 'it was never sent')
      assert.equal(textOf(await ask(client)), 'Hello from A')
      assert.deepEqual(a.hits().map(({ connection, requestOnConnection }) => [connection, requestOnConnection]), [[1, 1]])
    })
  }
})

test('defaults of stream timeouts do not apply to whole answers', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.script(faults.slowHeaders(300))
  assert.equal(textOf(await ask(client, { timeout: { total: '5s' } })), 'Hello from A')
})

test('the client’s timeouts hold, the call’s go before them', async (t) => {
  const { client, a } = setup(t, { servers: 1, timeout: { headers: 40, total: '20s' } })
  a.always(faults.slowHeaders(120))
  assert.equal((await rejection(ask(client))).phase, 'headers')
  assert.equal(textOf(await ask(client, { timeout: { headers: '5s' } })), 'Hello from A')
})

test('connect: a host that does not answer', async (t) => {
  const address = await blackhole(t)
  const client = openClient(t, { timeout: { connect: 80 }, maxRetries: 0, retry: QUICK, endpoints: [{ name: 'A', baseURL: address }] })
  const error = await within(80, 80 + LATE, () => rejection(ask(client)))
  assert.ok(error instanceof TimeoutError, `${error.name}: ${error.message}`)
  assert.equal(error.phase, 'connect')
  assert.equal(error.reason, 'timeoutConnect')
})

test('connect: a TLS handshake that is never answered', async (t) => {
  const silent = net.createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  t.after(() => silent.close())
  await once(silent, 'listening')
  const b = serve(t, { name: 'B' })
  const client = openClient(t, { timeout: { connect: 80 }, endpoints: [{ name: 'A', baseURL: `https://127.0.0.1:${silent.address().port}` }, { name: 'B', baseURL: b.url }] })
  const answer = await within(80, 80 + LATE, () => ask(client))
  assert.equal(attemptSummary(answer.report.attempts), 'A:next:timeoutConnect B:ok')
})

test('an abort rejects with the reason itself, at once, and cancels upstream', { concurrency: true }, async (t) => {
  const reasons = { 'an error': new Error('enough'), text: 'enough', undefined, 'an object': {}, null: null }
  await Promise.all(Object.entries(reasons).flatMap(([name, reason]) => [false, true].map((stream) => t.test(`${name}${stream ? ', streamed' : ''}`, async (t) => {
    const { client, a } = setup(t, { servers: 1 })
    a.script(faults.hang())
    const controller = new AbortController()
    const call = ask(client, { stream, signal: controller.signal }).then(() => assert.fail('answered'), (error) => error)
    await a.waitForHits(1)
    controller.abort(reason)
    assert.equal(await call, controller.signal.reason)
    await a.waitForHits(1, { outcome: 'clientAborted' })
    await until('nothing is in flight', () => client.getEndpointStatus('A').inFlight === 0)
    assert.equal(textOf(await ask(client)), 'Hello from A')
  }))))
})

test('AbortSignal.timeout rejects with its TimeoutError', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.script(faults.hang())
  const signal = AbortSignal.timeout(40)
  assert.equal(await rejection(ask(client, { signal })), signal.reason)
})

test('an abort during a wait for a retry', async (t) => {
  const { client, a } = setup(t, { servers: 1, retry: { backoff: ['1m'] } })
  a.script(faults.serverError())
  const controller = new AbortController()
  const call = rejection(ask(client, { signal: controller.signal }))
  await a.waitForHits(1, { outcome: 'answered' })
  controller.abort()
  assert.equal(await call, controller.signal.reason)
})

test('failover happens on time while JavaScript is blocked', async (t) => {
  const [a, b] = await Promise.all([remoteServer(t, { name: 'A' }), remoteServer(t, { name: 'B' })])
  await a.call('script', faults.hang(), faults.healthy())
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: a.url }, { name: 'B', baseURL: b.url }] })
  await client.warmup()
  const call = ask(client, { timeout: { headers: 100, total: '20s' } })
  blockEventLoop(1500)
  const { report, choices } = await call
  assert.equal(choices[0].message.content, 'Hello from B')
  assert.equal(attemptSummary(report.attempts), 'A:next:timeoutHeaders B:ok')
  assert.ok(report.latency.totalMs < 1000, `answered after ${report.latency.totalMs} ms`)
  const [first] = await a.call('hits')
  const [second] = await b.call('hits')
  assert.ok(second.at - first.at >= 95 && second.at - first.at < 1000, `moved on after ${second.at - first.at} ms`)
})

test('a deadline passes on time while JavaScript is blocked', async (t) => {
  const a = await remoteServer(t)
  await a.call('always', faults.hang())
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: a.url }] })
  await client.warmup()
  const call = rejection(ask(client, { timeout: 100 }))
  blockEventLoop(1200)
  const error = await call
  assert.ok(error instanceof TimeoutError || error instanceof AllEndpointsFailedError)
  assert.ok(error.attempts[0].durationMs < 700, `${error.attempts[0].durationMs} ms`)
})
