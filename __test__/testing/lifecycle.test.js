'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { createFaultServer } = require('../../testing')
const { chat, connect, faults, request, serve } = require('./helpers')

test('the journal records received requests', async (t) => {
  const server = serve(t)
  const before = Date.now()
  await chat(server, { model: 'm', stream: true }, { headers: { 'X-Test': 'yes' } })
  const [hit] = await server.waitForHits(1, { outcome: 'answered' })
  assert.deepEqual([hit.n, hit.method, hit.path, hit.route, hit.model, hit.stream, hit.httpVersion, hit.fault, hit.status],
    [1, 'POST', '/chat/completions', '/chat/completions', 'm', true, '1.1', 'healthy', 200])
  assert.equal(hit.headers['x-test'], 'yes')
  assert.deepEqual(JSON.parse(hit.rawBody.toString()), hit.body)
  assert.ok(hit.at >= before && hit.at <= Date.now())
})

test('connections and requests on them are counted', async (t) => {
  const server = serve(t)
  const first = await connect(server)
  first.socket.write(request())
  await first.received(/Hello/)
  first.socket.write(request())
  await first.received(/Hello.*Hello/s)
  const second = await connect(server)
  second.socket.write(request())
  await second.received(/Hello/)
  assert.deepEqual(server.hits().map((hit) => [hit.connection, hit.requestOnConnection]), [[1, 1], [1, 2], [2, 1]])
  assert.equal(server.connections, 2)
})

test('the journal forgets the oldest and counts on', async (t) => {
  const server = serve(t, { historySize: 3 })
  for (let i = 0; i < 10; i++) await chat(server, { model: `m${i}` })
  assert.deepEqual(server.hits().map((hit) => hit.model), ['m7', 'm8', 'm9'])
  assert.equal(server.totalHits, 10)
  assert.equal(server.hits({ model: 'm9' })[0].n, 10)
  server.clearHits()
  assert.deepEqual([server.hits(), server.totalHits], [[], 0])
})

test('waitForHits resolves when they are there and rejects when the server closes', async (t) => {
  const server = serve(t)
  const three = server.waitForHits(3)
  for (let i = 0; i < 3; i++) await chat(server)
  assert.equal((await three).length, 3)
  const never = assert.rejects(server.waitForHits(99), /closed/)
  await server.close()
  await never
})

test('a vendor dies and is revived on the same port', async (t) => {
  const server = serve(t)
  server.always(faults.hang())
  const hanging = chat(server)
  await server.waitForHits(1)
  server.stop()
  await assert.rejects(hanging)
  assert.equal((await server.waitForHits(1, { outcome: 'serverClosed' })).length, 1)
  assert.equal((await connect(server)).error, 'ECONNREFUSED')
  server.always()
  await server.start()
  await server.start()
  assert.equal((await chat(server)).status, 200)
})

test('close is idempotent, frees the port and ends what hangs', async (t) => {
  const server = createFaultServer()
  server.always(faults.hang())
  const client = await connect(server)
  client.socket.write(request())
  const [hit] = await server.waitForHits(1)
  await Promise.all([server.close(), server.close()])
  await client.closed
  assert.equal(client.error, 'ECONNRESET')
  assert.equal(hit.outcome, 'serverClosed')
  await assert.rejects(server.start(), /closed/)
  const next = serve(t, { port: server.port })
  await next.ready
})

test('it can be disposed of', async () => {
  const server = createFaultServer()
  await server[Symbol.asyncDispose]()
  assert.equal((await connect(server)).error, 'ECONNREFUSED')
})

test('a taken port rejects ready', async (t) => {
  const first = serve(t)
  await first.ready
  const second = createFaultServer({ port: first.port })
  await assert.rejects(second.ready, { code: 'EADDRINUSE' })
  await second.close()
})

test('a client that half-closes or resets while it is answered leaves nothing behind', async (t) => {
  const server = serve(t)
  server.always(faults.stall({ after: 1 }))
  for (const leave of ['end', 'destroy', 'resetAndDestroy']) {
    const client = await connect(server)
    client.socket.write(request({ stream: true }))
    await client.received(/Hello/)
    client.socket[leave]()
    await client.closed
  }
  await server.waitForHits(3, { outcome: 'clientAborted' })
})

test('once a server is closed, a client of this process that kept a connection can use its port again', async () => {
  let port = 0
  for (let i = 0; i < 50; i++) {
    const server = createFaultServer({ port })
    await server.ready
    port = server.port
    const answer = await chat(server)
    assert.equal(answer.status, 200, `server ${i}`)
    await answer.text()
    await server.close()
  }
})
