'use strict'

const assert = require('node:assert/strict')
const http2 = require('node:http2')
const { once } = require('node:events')
const { test } = require('node:test')
const { contentOf, faults, serve, MESSAGES } = require('./helpers')

const { constants } = http2

function open(t, server) {
  const session = http2.connect(server.url, { ca: server.ca })
  session.on('error', () => {})
  t.after(() => session.destroy())
  return session
}

/** How a request ended: what came of the answer, and the stream's error code. */
async function send(session, body = {}) {
  const stream = session.request({ ':method': 'POST', ':path': '/v1/chat/completions', authorization: 'Bearer k' })
  const result = { stream, status: undefined, headers: undefined, informational: [], text: '', error: undefined }
  stream.on('response', (headers) => { result.headers = headers; result.status = headers[':status'] })
  stream.on('headers', (headers) => result.informational.push(headers[':status']))
  stream.on('data', (chunk) => { result.text += chunk })
  stream.on('error', (error) => { result.error = error })
  result.closed = once(stream, 'close').catch(() => {})
  stream.end(JSON.stringify({ model: 'm', messages: MESSAGES, ...body }))
  return result
}

async function finish(session, body) {
  const result = await send(session, body)
  await result.closed
  return { ...result, code: result.stream.rstCode }
}

for (const tls of [false, true]) {
  test(`answers and streams over HTTP/2 ${tls ? 'by ALPN' : 'with prior knowledge'}`, async (t) => {
    const server = serve(t, { h2: true, tls })
    const session = open(t, server)
    const [whole, streamed] = await Promise.all([finish(session), finish(session, { stream: true })])
    assert.equal(JSON.parse(whole.text).choices[0].message.content, 'Hello from A')
    assert.equal(contentOf(streamed.text), 'Hello from A')
    const hits = server.hits()
    assert.deepEqual(hits.map((hit) => [hit.connection, hit.requestOnConnection, hit.httpVersion, hit.method, hit.headers.authorization]), [[1, 1, '2.0', 'POST', 'Bearer k'], [1, 2, '2.0', 'POST', 'Bearer k']])
  })
}

test('RST_STREAM with any code leaves the connection usable', async (t) => {
  const server = serve(t, { h2: true })
  const session = open(t, server)
  server.script(faults.rstStream(constants.NGHTTP2_REFUSED_STREAM), faults.reset(), faults.reset({ at: 'body', code: 11 }))
  assert.equal((await finish(session)).code, constants.NGHTTP2_REFUSED_STREAM)
  assert.equal((await finish(session)).code, constants.NGHTTP2_INTERNAL_ERROR)
  assert.equal((await finish(session)).code, constants.NGHTTP2_ENHANCE_YOUR_CALM)
  assert.equal((await finish(session)).status, 200)
  assert.deepEqual(server.hits().map((hit) => hit.outcome), ['cut', 'cut', 'cut', 'answered'])
})

test('reset and close of the whole connection', async (t) => {
  const server = serve(t, { h2: true })
  for (const fault of [faults.reset({ scope: 'connection' }), faults.close(), faults.reset({ at: 'accept' })]) {
    server.script(fault)
    const session = open(t, server)
    const closed = new Promise((resolve) => session.once('close', resolve))
    const result = await send(session)
    await closed
    assert.equal(result.status, undefined)
  }
})

test('GOAWAY without and with processing', async (t) => {
  const server = serve(t, { h2: true })
  const session = open(t, server)
  assert.equal((await finish(session)).status, 200)
  server.script(faults.goAway({ code: 0 }))
  const unprocessed = once(session, 'goaway')
  const result = await send(session)
  const [code, lastStream] = await unprocessed
  assert.deepEqual([code, lastStream], [0, result.stream.id - 2])
  await result.closed
  assert.equal(result.status, undefined)

  const next = open(t, server)
  server.script(faults.closeAfter())
  const announced = once(next, 'goaway')
  assert.equal((await finish(next)).status, 200)
  await announced

  const fresh = open(t, server)
  server.script(faults.goAway())
  assert.equal((await finish(fresh)).code, constants.NGHTTP2_REFUSED_STREAM)
})

test('cuts, stalls and events work as on HTTP/1.1', async (t) => {
  const server = serve(t, { h2: true })
  const session = open(t, server)
  server.script(
    faults.cut({ how: 'eof' }), faults.combine(faults.stall({ after: 1, for: '20ms' }), faults.cut({ how: 'reset' })),
    faults.errorEvent('overloaded'), faults.combine(faults.gzip(), faults.byteAtATime()), faults.informational(103), faults.hugeHeader(20_000), faults.contentLengthOff(10),
  )
  const eof = await finish(session, { stream: true })
  assert.deepEqual([eof.code, contentOf(eof.text)], [0, 'Hello'])
  const reset = await finish(session, { stream: true })
  assert.deepEqual([reset.code, contentOf(reset.text)], [constants.NGHTTP2_INTERNAL_ERROR, 'Hello'])
  assert.match((await finish(session, { stream: true })).text, /server_is_overloaded/)
  assert.equal((await finish(session)).headers['content-encoding'], 'gzip')
  assert.deepEqual((await finish(session)).informational, [103])
  assert.equal((await finish(session)).headers['x-huge'].length, 20_000)
  assert.notEqual((await finish(session)).code, 0)
})

test('a hung stream that the client resets is aborted', async (t) => {
  const server = serve(t, { h2: true })
  const session = open(t, server)
  server.script(faults.hang())
  const { stream } = await send(session)
  await server.waitForHits(1)
  stream.close(constants.NGHTTP2_CANCEL)
  await server.waitForHits(1, { outcome: 'clientAborted' })
})

test('the number of concurrent streams is announced', async (t) => {
  const session = open(t, serve(t, { h2: { maxConcurrentStreams: 2 } }))
  const [settings] = await once(session, 'remoteSettings')
  assert.equal(settings.maxConcurrentStreams, 2)
})

test('what HTTP/2 cannot show is refused when it is scripted, and the other way round', (t) => {
  const h2 = serve(t, { h2: true })
  for (const fault of [faults.halfOpen(), faults.raw('x'), faults.framing('chunked'), faults.reset({ at: 'request' }), faults.status(200, { statusText: 'x' }), faults.informational(101)]) {
    assert.throws(() => h2.script(faults.forever(fault)), { code: 'ERR_BELLWETHER_INVALID_OPTION' })
  }
  const h1 = serve(t)
  for (const fault of [faults.goAway(), faults.rstStream()]) assert.throws(() => h1.always(fault), /h2: true/)
})
