'use strict'

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { test } = require('node:test')
const { chat, connect, exchange, faults, request, serve } = require('./helpers')

test('reset after the whole request: RST and no byte of an answer', async (t) => {
  const server = serve(t)
  server.script(faults.reset())
  const { text, error } = await exchange(server, request())
  assert.deepEqual([text, error], ['', 'ECONNRESET'])
  const [hit] = server.hits()
  assert.deepEqual([hit.fault, hit.outcome, hit.body.model, hit.status], ['reset', 'cut', 'gpt-4o', undefined])
})

test('reset at accept happens before anything is sent', async (t) => {
  const server = serve(t)
  server.script(faults.reset({ at: 'accept' }))
  const { error } = await exchange(server, '')
  assert.equal(error, 'ECONNRESET')
  const [hit] = server.hits()
  assert.deepEqual([hit.method, hit.requestOnConnection, hit.outcome], ['', 1, 'cut'])
})

test('reset at request strikes at its first byte', async (t) => {
  const server = serve(t)
  server.script(faults.reset({ at: 'request' }))
  assert.equal((await exchange(server, 'P')).error, 'ECONNRESET')
  assert.equal(server.hits()[0].method, '')
})

test('reset at body strikes once the headers are read', async (t) => {
  const server = serve(t)
  server.script(faults.reset({ at: 'body' }))
  const client = await connect(server)
  client.socket.write('POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 5\r\n\r\n')
  await client.closed
  assert.equal(client.error, 'ECONNRESET')
  assert.equal(server.hits()[0].route, '/chat/completions')
})

test('a fault at accept strikes a reused connection at its first byte', async (t) => {
  const server = serve(t)
  const client = await connect(server)
  client.socket.write(request())
  await client.received(/Hello from A/)
  server.script(faults.reset({ at: 'accept' }))
  client.socket.write(request())
  await client.closed
  assert.equal(client.error, 'ECONNRESET')
  assert.deepEqual(server.hits().map((hit) => [hit.fault, hit.connection, hit.requestOnConnection]), [['healthy', 1, 1], ['reset', 1, 2]])
})

test('close ends the connection with FIN and no answer', async (t) => {
  const server = serve(t)
  server.script(faults.close(), faults.close({ at: 'request' }))
  for (let i = 0; i < 2; i++) {
    const { text, error, ended } = await exchange(server, request())
    assert.deepEqual([text, error, ended], ['', undefined, true])
  }
})

test('hang never answers; the journal records when the client gave up', async (t) => {
  const server = serve(t)
  server.script(faults.hang())
  const abort = new AbortController()
  const answer = chat(server, {}, { signal: abort.signal })
  const [hit] = await server.waitForHits(1)
  assert.equal(hit.outcome, 'pending')
  abort.abort()
  await assert.rejects(answer, { name: 'AbortError' })
  const [left] = await server.waitForHits(1, { outcome: 'clientAborted' })
  assert.ok(left.durationMs >= 0)
})

test('hang at accept accepts and sends nothing', async (t) => {
  const server = serve(t)
  server.script(faults.hang({ at: 'accept' }))
  const client = await connect(server)
  client.socket.write(request())
  const [hit] = await server.waitForHits(1)
  assert.equal(hit.outcome, 'pending')
  server.dropConnections()
  await client.closed
  assert.deepEqual([client.text(), hit.outcome], ['', 'serverClosed'])
})

test('halfOpen ends one direction and keeps the other', async (t) => {
  const server = serve(t)
  server.script(faults.halfOpen())
  const client = await connect(server)
  client.socket.allowHalfOpen = true
  client.socket.write(request())
  await once(client.socket, 'end')
  assert.equal(client.text(), '')
  await new Promise((resolve) => client.socket.write('still here', resolve))
  assert.equal(server.connections, 1)
  client.socket.end()
  await client.closed
  await server.waitForHits(1, { outcome: 'clientAborted' })
})

test('refuse closes the port for a while and opens it again', async (t) => {
  const server = serve(t)
  server.script(faults.refuse('150ms'))
  assert.equal((await exchange(server, request())).error, 'ECONNRESET')
  assert.equal((await connect(server)).error, 'ECONNREFUSED')
  for (;;) {
    const client = await connect(server)
    if (client.error === undefined) break
    assert.equal(client.error, 'ECONNREFUSED')
    await new Promise(setImmediate)
  }
  assert.equal((await chat(server)).status, 200)
})

test('raw sends any bytes and ends', async (t) => {
  const server = serve(t)
  server.script(faults.raw('HTTP/1.1 banana\r\n\r\n'), faults.raw({ base64: Buffer.from('no http').toString('base64') }))
  assert.equal((await exchange(server, request())).text, 'HTTP/1.1 banana\r\n\r\n')
  assert.equal((await exchange(server, request())).text, 'no http')
})

test('closeAfter announces the end of the connection', async (t) => {
  const server = serve(t)
  server.script(faults.closeAfter())
  const { text, ended } = await exchange(server, request())
  assert.match(text, /\r\nconnection: close\r\n/)
  assert.match(text, /Hello from A/)
  assert.ok(ended)
})
