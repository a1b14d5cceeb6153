'use strict'

const assert = require('node:assert/strict')
const http = require('node:http')
const { once } = require('node:events')
const { test } = require('node:test')
const { connect, exchange, request, serve, MESSAGES } = require('./helpers')

const BODY = JSON.stringify({ model: 'm', messages: MESSAGES })

test('a request may arrive byte by byte', async (t) => {
  const server = serve(t)
  const client = await connect(server)
  for (const byte of Buffer.from(request())) client.socket.write(Buffer.of(byte))
  await client.received(/Hello from A/)
  assert.equal(server.totalHits, 1)
})

test('a chunked body, with extensions and trailers', async (t) => {
  const server = serve(t)
  const [a, b] = [BODY.slice(0, 5), BODY.slice(5)]
  const chunk = (text) => `${text.length.toString(16)};ext=1\r\n${text}\r\n`
  const { text } = await exchange(server, `POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n${chunk(a)}${chunk(b)}0\r\nx-trailer: 1\r\n\r\n`)
  assert.match(text, /Hello from A/)
  assert.deepEqual(server.hits()[0].body, JSON.parse(BODY))
})

test('a large body in many packets', async (t) => {
  const server = serve(t)
  const content = 'é'.repeat(1_000_000)
  const response = await fetch(`${server.url}/chat/completions`, { method: 'POST', body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] }) })
  assert.equal((await response.json()).usage.prompt_tokens, 250_000)
  assert.equal(server.hits()[0].body.messages[0].content, content)
})

test('expect: 100-continue is answered before the body', async (t) => {
  const server = serve(t)
  const outgoing = http.request(`${server.url}/chat/completions`, { method: 'POST', headers: { expect: '100-continue', 'content-length': BODY.length } })
  await once(outgoing, 'continue')
  outgoing.end(BODY)
  const [response] = await once(outgoing, 'response')
  assert.equal(response.statusCode, 200)
  response.resume()
  await once(response, 'end')
})

test('pipelined requests are answered in order', async (t) => {
  const server = serve(t)
  const client = await connect(server)
  client.socket.write(request({ model: 'm1' }) + request({ model: 'm2', stream: true }) + request({ model: 'm3' }))
  const text = await client.received(/"model":"m3"/)
  assert.match(text.match(/"model":"m\d"/g).map((match) => match[10]).join(''), /^12+3$/)
  assert.deepEqual(server.hits().map((hit) => hit.requestOnConnection), [1, 2, 3])
})

test('HTTP/1.0 is answered without chunks and closed, or kept alive on request', async (t) => {
  const server = serve(t)
  const old = (extra, body) => `POST /v1/chat/completions HTTP/1.0\r\n${extra}content-length: ${body.length}\r\n\r\n${body}`
  const streamed = await exchange(server, old('', JSON.stringify({ model: 'm', messages: [], stream: true })))
  assert.ok(!streamed.text.includes('transfer-encoding') && streamed.text.endsWith('[DONE]\n\n'))
  const client = await connect(server)
  client.socket.write(old('connection: keep-alive\r\n', BODY))
  await client.received(/connection: keep-alive[^]*Hello/)
  client.socket.write(old('', BODY))
  await client.closed
  assert.deepEqual(server.hits().map((hit) => hit.httpVersion), ['1.0', '1.0', '1.0'])
})

test('what is no HTTP is refused and closed', async (t) => {
  const server = serve(t)
  const head = 'POST / HTTP/1.1\r\n'
  for (const [bytes, status] of [
    ['nonsense\r\n\r\n', 400], ['GET / HTTP/3\r\n\r\n', 400], [`${head}no colon\r\n\r\n`, 400], [`${head}content-length: x\r\n\r\n`, 400],
    [`${head}transfer-encoding: gzip\r\n\r\n`, 400], [`${head}transfer-encoding: chunked\r\n\r\nzz\r\n`, 400], [`${head}transfer-encoding: chunked\r\n\r\n1\r\nabc\r\n`, 400],
    [`${head}content-length: 99999999999\r\n\r\n`, 413], [`${head}x: ${'y'.repeat(300_000)}`, 431],
  ]) {
    const { text } = await exchange(server, bytes)
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), bytes.slice(0, 60))
  }
  assert.equal(server.totalHits, 0)
})

test('a stray line end between requests is ignored', async (t) => {
  const server = serve(t)
  const client = await connect(server)
  client.socket.write(`\r\n${request()}`)
  await client.received(/Hello/)
  client.socket.destroy()
})
