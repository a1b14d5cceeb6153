'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const zlib = require('node:zlib')
const { chat, connect, contentOf, exchange, faults, request, serve, stream } = require('./helpers')

const CLOSE = 'connection: close\r\n'

for (const [name, type] of [['gzip', 'gzip'], ['brotli', 'br'], ['deflate', 'deflate']]) {
  test(`${name}: whole and streamed answers decode`, async (t) => {
    const server = serve(t)
    server.always(faults[name]())
    const response = await chat(server)
    assert.equal(response.headers.get('content-encoding'), type)
    assert.equal((await response.json()).choices[0].message.content, 'Hello from A')
    assert.equal(contentOf(await stream(server)), 'Hello from A')
  })

  test(`${name}: a corrupt body cannot be decoded`, async (t) => {
    const server = serve(t)
    server.always(faults[name]({ corrupt: true }))
    await assert.rejects(async () => (await chat(server)).json())
    await assert.rejects(async () => { assert.equal(contentOf(await stream(server)), 'Hello from A') })
  })
}

test('a compressed stream is flushed event by event', async (t) => {
  const server = serve(t)
  server.script(faults.combine(faults.gzip(), faults.stall({ after: 1 })))
  const response = await chat(server, { stream: true })
  const reader = response.body.getReader()
  let text = ''
  while (!text.includes('Hello')) text += Buffer.from((await reader.read()).value).toString()
  assert.ok(!text.includes('from'))
  await reader.cancel()
})

test('raw deflate lacks the zlib header', async (t) => {
  const server = serve(t)
  server.script(faults.combine(faults.deflate({ raw: true }), faults.headers({ 'content-encoding': null })))
  const body = Buffer.from(await (await chat(server)).arrayBuffer())
  assert.match(zlib.inflateRawSync(body).toString(), /Hello from A/)
})

test('pieces cut through UTF-8, CRLF and JSON leave the content whole', async (t) => {
  const server = serve(t)
  const content = 'Grüße 👍🏽 漢字 "quoted" \\ end'
  for (const split of [faults.byteAtATime(), faults.splitEvery(7), faults.splitAt([1, 2, 300, 301]), faults.splitRandomly(42), faults.splitRandomly(7, { max: 3, pause: 1 })]) {
    server.script(faults.combine(split, faults.healthy({ content, chunks: 3 }), faults.sseStyle({ lineEnding: '\r\n' })), faults.combine(split, faults.healthy({ content })))
    assert.equal(contentOf(await stream(server)), content)
    assert.equal((await (await chat(server)).json()).choices[0].message.content, content)
  }
})

test('pieces arrive as asked', async (t) => {
  const server = serve(t)
  server.script(faults.combine(faults.splitAt([3, 5]), faults.status(200, { body: 'abcdefgh' }), faults.framing('chunked')))
  const { text } = await exchange(server, request({}, CLOSE))
  assert.ok(text.endsWith('\r\n\r\n3\r\nabc\r\n2\r\nde\r\n3\r\nfgh\r\n0\r\n\r\n'))
})

test('a seed gives the same pieces every time', async (t) => {
  const server = serve(t)
  const bodyOf = async () => {
    server.script(faults.combine(faults.splitRandomly(3), faults.status(200, { body: 'x'.repeat(200) }), faults.framing('chunked')))
    return (await exchange(server, request({}, CLOSE))).text.split('\r\n\r\n')[1]
  }
  assert.equal(await bodyOf(), await bodyOf())
})

test('a content-length that is too long ends early, one too short cuts the body', async (t) => {
  const server = serve(t)
  server.script(faults.contentLengthOff(10), faults.contentLengthOff(-10))
  const long = await exchange(server, request())
  const [, announced] = /content-length: (\d+)/.exec(long.text)
  assert.equal(long.text.split('\r\n\r\n')[1].length, Number(announced) - 10)
  assert.ok(long.ended)
  await assert.rejects(async () => (await chat(server)).json())
})

test('bodies that are not what they should be', async (t) => {
  const server = serve(t)
  server.always(faults.malformedJson())
  await assert.rejects((await chat(server)).json(), SyntaxError)
  await assert.rejects(async () => contentOf(await stream(server)), SyntaxError)
  server.always(faults.truncatedJson())
  await assert.rejects((await chat(server)).json(), SyntaxError)
  assert.ok(!(await stream(server)).includes('"stop"'))
  server.always(faults.emptyBody())
  assert.equal(await (await chat(server)).text(), '')
  assert.equal(await stream(server), '')
  server.always(faults.combine(faults.serverError(), faults.malformedJson()))
  const error = await chat(server)
  assert.equal(error.status, 500)
  await assert.rejects(error.json(), SyntaxError)
})

test('wrong content types', async (t) => {
  const server = serve(t)
  server.script(faults.combine(faults.serverError(), faults.contentType('text/event-stream')), faults.contentType('application/json'), faults.htmlPage(200), faults.htmlPage())
  const error = await chat(server)
  assert.deepEqual([error.status, error.headers.get('content-type')], [500, 'text/event-stream'])
  assert.equal((await error.json()).error.type, 'server_error')
  const sse = await chat(server, { stream: true })
  assert.equal(sse.headers.get('content-type'), 'application/json')
  assert.equal(contentOf(await sse.text()), 'Hello from A')
  assert.match(await (await chat(server)).text(), /^<html>/)
  assert.equal((await chat(server)).status, 502)
})

test('any status, headers and body', async (t) => {
  const server = serve(t)
  server.script(
    faults.status(418, { headers: { 'X-A': 1, 'set-cookie': ['a=1', 'b=2'] }, body: { detail: 'teapot' } }),
    faults.status(500, { body: Buffer.from([0, 255]) }),
    faults.status(204),
    faults.redirect(307, 'http://127.0.0.1:1/elsewhere'),
    faults.hugeHeader(9000),
    faults.combine(faults.informational(103, { link: '</x>' }), faults.informational(102)),
  )
  const teapot = await chat(server)
  assert.deepEqual([teapot.status, teapot.headers.get('x-a'), teapot.headers.getSetCookie()], [418, '1', ['a=1', 'b=2']])
  assert.deepEqual(await teapot.json(), { detail: 'teapot' })
  assert.deepEqual(Buffer.from(await (await chat(server)).arrayBuffer()), Buffer.from([0, 255]))
  assert.equal((await chat(server)).status, 204)
  assert.equal((await chat(server, {}, { redirect: 'manual' })).headers.get('location'), 'http://127.0.0.1:1/elsewhere')
  assert.equal((await chat(server)).headers.get('x-huge').length, 9000)
  assert.match((await exchange(server, request({}, CLOSE))).text, /^HTTP\/1\.1 102 Processing\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
})

test('framing by the end of the connection', async (t) => {
  const server = serve(t)
  server.script(faults.framing('close'), faults.framing('length'))
  const { text } = await exchange(server, request({ stream: true }))
  assert.ok(!/content-length|transfer-encoding/.test(text))
  assert.ok(text.endsWith('[DONE]\n\n'))
  const client = await connect(server)
  client.socket.write(request({ stream: true }))
  assert.match(await client.received(/\[DONE\]\n\n$/), /\r\ncontent-length: \d+\r\n/)
  client.socket.destroy()
})
