'use strict'

// HTTP/2 connections that peers end: unprocessed requests are sent again for free, and everything else is one failure.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const http2 = require('node:http2')
const { H2, serve, openClient, setup, ask, rejection, textOf, attemptSummary, blockEventLoop, faults } = require('../helpers/client')
const { pem, listen } = require('./helpers')

const { NGHTTP2_REFUSED_STREAM: REFUSED, NGHTTP2_NO_ERROR: NO_ERROR } = http2.constants
const CODES = { PROTOCOL_ERROR: 1, INTERNAL_ERROR: 2, FLOW_CONTROL_ERROR: 3, STREAM_CLOSED: 5, CANCEL: 8, ENHANCE_YOUR_CALM: 11, HTTP_1_1_REQUIRED: 13 }
const body = JSON.stringify({ id: 'i', object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }] })

/** A scripted peer: `act(stream, session, n)` has the nth request, its body read. A client that knows only it. */
async function peer (t, act, { settings, ...options } = {}) {
  let n = 0
  const sessions = new Set()
  const server = http2.createSecureServer({ key: pem('trusted.key'), cert: pem('trusted'), settings })
  server.on('sessionError', () => {}).on('session', (session) => {
    sessions.add(session)
    session.on('error', () => {}).once('close', () => sessions.delete(session))
    session.on('stream', (stream) => {
      const mine = ++n
      stream.on('error', () => {})
      stream.resume().once('end', () => act(stream, session, mine))
    })
  })
  const { host } = await listen(t, server)
  t.after(() => sessions.forEach((session) => session.destroy()))
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: `https://${host}/v1` }], tls: { ca: pem('ca') }, maxRetries: 0, timeout: '30s', ...options })
  return { client, sessions, get seen () { return n } }
}

function reply (stream) {
  stream.respond({ ':status': 200, 'content-type': 'application/json' })
  stream.end(body)
}

/** The first `n` requests are refused, the others answered. */
const refuse = (count) => (stream, _, n) => (n <= count ? stream.close(REFUSED) : reply(stream))

test('the first streams are refused: free, and up to eight times without another endpoint', async (t) => {
  const a = await peer(t, refuse(8))
  const { report } = await ask(a.client)
  assert.deepEqual(report.attempts.map((attempt) => attempt.reason), [...Array(8).fill('reset'), undefined])
  assert.ok(report.attempts.every((attempt) => attempt.maybeBilled === undefined))
  assert.equal(a.seen, 9)
  const status = a.client.getEndpointStatus('A')
  assert.deepEqual([status.breaker.state, status.breaker.consecutiveFailures, status.status], ['closed', 0, 'healthy'])
  const b = await peer(t, refuse(9))
  assert.equal((await rejection(ask(b.client))).reason, 'reset')
  assert.equal(b.seen, 9)
})

test('calls at a time, every third stream refused', async (t) => {
  const a = await peer(t, (stream, _, n) => (n % 3 === 0 ? stream.close(REFUSED) : reply(stream)))
  const answers = await Promise.all(Array.from({ length: 60 }, () => ask(a.client)))
  assert.ok(answers.every((answer) => textOf(answer) === 'ok'))
  const attempts = answers.flatMap((answer) => answer.report.attempts)
  assert.equal(attempts.length, a.seen, 'each request is told of')
  assert.equal(attempts.filter((attempt) => attempt.outcome === 'retry').length, Math.floor(a.seen / 3))
})

test('other codes: the endpoint’s failure, and the connection lives', { concurrency: true }, async (t) => {
  await Promise.all(Object.entries(CODES).map(([name, code]) => t.test(name, async (t) => {
    const { client, a } = setup(t, { transport: H2 })
    await ask(client)
    a.script(faults.rstStream(code))
    const answer = await ask(client)
    assert.equal(attemptSummary(answer.report.attempts), 'A:next:reset B:ok')
    assert.equal(answer.report.attempts[0].maybeBilled, true)
    assert.equal(client.getEndpointStatus('A').breaker.consecutiveFailures, 1)
    assert.equal(attemptSummary((await ask(client)).report.attempts), 'A:ok')
    assert.equal(a.connections, 1)
  })))
})

test('a stream that is reset after its end is an answer', async (t) => {
  const a = await peer(t, (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/json' })
    stream.end(body)
    stream.close(NO_ERROR)
  })
  for (let i = 0; i < 20; i++) assert.equal(textOf(await ask(a.client)), 'ok')
})

test('GOAWAY after each answer loses nothing, whatever else is in flight', async (t) => {
  const { client, a } = setup(t, { servers: 1, transport: H2, maxRetries: 0 })
  a.always(faults.closeAfter())
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => ask(client, { stream: i % 2 === 0 })))
    assert.ok(answers.every((answer) => textOf(answer) === 'Hello from A'))
  }
  assert.equal(a.hits({ outcome: 'answered' }).length, 40, 'nobody was answered twice')
  assert.equal(client.getEndpointStatus('A').breaker.consecutiveFailures, 0)
})

test('GOAWAY in the middle of streams lets them end, and new calls go elsewhere', async (t) => {
  const waiting = []
  const a = await peer(t, (stream, session, n) => {
    if (n > 4) return reply(stream)
    stream.respond({ ':status': 200, 'content-type': 'text/event-stream' })
    stream.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: `first ${n} ` } }] })}\n\n`)
    waiting.push(() => stream.end(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'last' }, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`))
    if (n === 4) session.goaway(NO_ERROR)
  })
  await a.client.warmup()
  const streams = await Promise.all(Array.from({ length: 4 }, () => a.client.chatCompletion('m', 'hi', { stream: true })))
  assert.equal(textOf(await ask(a.client)), 'ok', 'on a connection of its own')
  assert.equal(a.sessions.size, 2)
  waiting.forEach((end) => end())
  const texts = await Promise.all(streams.map(async (stream) => textOf(await stream.finalCompletion)))
  assert.deepEqual(texts.sort(), [1, 2, 3, 4].map((n) => `first ${n} last`))
})

test('GOAWAY with an error and then no connection: the stream is interrupted, the next call answered', async (t) => {
  const { client, a } = setup(t, { servers: 1, transport: H2 })
  a.script(faults.stall({ after: 1 }), faults.goAway({ code: 11, processed: true }))
  const stream = await client.chatCompletion('m', 'hi', { stream: true })
  await Promise.allSettled([ask(client)])
  a.dropConnections()
  const error = await rejection(stream.finalCompletion)
  assert.equal(error.partial, 'Hello')
  assert.equal(textOf(await ask(client)), 'Hello from A')
})

test('a head that was sent before the connection closed has come, however slowly the server turns', async (t) => {
  const { client, a } = setup(t, { servers: 1, transport: H2, maxRetries: 0 })
  // The timer is over before the head is on its way, which waits behind the settings.
  a.script(faults.combine(faults.stall({ after: 'headers', for: 20 }), faults.cut({ after: 'headers', how: 'close' })))
  let turning = setImmediate(function turn () {
    blockEventLoop(30)
    turning = setImmediate(turn)
  })
  t.after(() => clearImmediate(turning))
  const error = await rejection(ask(client, { stream: true }))
  assert.equal(error.reason, 'truncated')
  assert.equal(error.status, 200)
})

test('one stream at a time', { concurrency: true }, async (t) => {
  await t.test('every stream has a turn', async (t) => {
    const server = serve(t, { tls: true, h2: { maxConcurrentStreams: 1 } })
    const client = openClient(t, { baseURL: server.url, tls: { ca: server.ca }, maxRetries: 0 })
    server.always(faults.slowHeaders(5))
    const answers = await Promise.all(Array.from({ length: 80 }, (_, i) => ask(client, { stream: i % 2 === 0 })))
    assert.ok(answers.every((answer) => textOf(answer) === 'Hello from fault-server'))
    assert.equal(server.hits({ outcome: 'answered' }).length, 80)
  })
  await t.test('one that hangs delays no other', async (t) => {
    const server = serve(t, { tls: true, h2: { maxConcurrentStreams: 1 } })
    const client = openClient(t, { baseURL: server.url, tls: { ca: server.ca }, maxRetries: 0 })
    server.script(faults.healthy(), faults.hang())
    await ask(client)
    const controller = new AbortController()
    const hanging = rejection(ask(client, { signal: controller.signal }))
    await server.waitForHits(2)
    for (let i = 0; i < 3; i++) assert.equal(textOf(await ask(client)), 'Hello from fault-server')
    controller.abort()
    assert.equal(await hanging, controller.signal.reason)
    await server.waitForHits(1, { outcome: 'clientAborted' })
  })
})

test('SETTINGS that change under way', async (t) => {
  const a = await peer(t, (stream, session, n) => {
    // Fewer streams than are open, smaller windows and frames, and back again.
    if (n % 10 === 0) session.settings(n % 20 === 0 ? { maxConcurrentStreams: 100 } : { maxConcurrentStreams: 1, initialWindowSize: 1024, headerTableSize: 0 })
    setImmediate(reply, stream)
  })
  const long = 'x'.repeat(100_000)
  const answers = await Promise.all(Array.from({ length: 100 }, () => a.client.chatCompletion('m', long)))
  assert.ok(answers.every((answer) => textOf(answer) === 'ok'))
  assert.equal(answers.flatMap((answer) => answer.report.attempts).length, a.seen)
})

test('connections that end as calls go out, many times', async (t) => {
  const a = await peer(t, (stream, session, n) => {
    reply(stream)
    if (n % 5 === 0) setImmediate(() => session.close())
  })
  for (let i = 0; i < 300; i++) assert.equal(textOf(await ask(a.client)), 'ok')
  assert.equal(a.client.getEndpointStatus('A').breaker.consecutiveFailures, 0)
  assert.equal(a.seen, 300, 'nobody was asked twice')
})
