'use strict'

// Connections: trust, proxies, reuse, and the cost of dead ones.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { once } = require('node:events')
const { ConnectionError } = require('../..')
const { TRANSPORTS, QUICK, serve, openClient, setup, ask, rejection, textOf, attemptSummary, until, faults } = require('../helpers/client')
const { json } = require('../helpers/child')

const only = (t, baseURL, options) => openClient(t, { baseURL, retry: QUICK, maxRetries: 0, timeout: '5s', ...options })

for (const h2 of [false, true]) {
  test(`certificates${h2 ? ', HTTP/2' : ''}`, { concurrency: true }, async (t) => {
    await Promise.all(['expired', 'wrongHost', 'untrusted'].map((tls) => t.test(tls, async (t) => {
      const server = serve(t, { tls, h2 })
      const error = await rejection(ask(only(t, server.url, { tls: { ca: server.ca } })))
      assert.ok(error instanceof ConnectionError, error.message)
      assert.equal(error.reason, 'tls')
      assert.equal(server.totalHits, 0)
    })))
    await t.test('a CA of one’s own, alone or in a list', async (t) => {
      const server = serve(t, { tls: true, h2 })
      for (const ca of [server.ca, [server.ca]]) assert.equal(textOf(await ask(only(t, server.url, { tls: { ca } }))), 'Hello from fault-server')
      assert.equal((await rejection(ask(only(t, server.url)))).reason, 'tls')
    })
    await t.test('NODE_EXTRA_CA_CERTS', async (t) => {
      const server = serve(t, { tls: true, h2 })
      const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'ca-')), 'ca.pem')
      t.after(() => fs.rmSync(path.dirname(file), { recursive: true }))
      fs.writeFileSync(file, server.ca)
      const program = `new FailoverClient({ apiKey: 'k', proxy: false, baseURL: '${server.url}' }).chatCompletion('m', 'hi').then((c) => console.log(JSON.stringify(c.model)))`
      assert.equal(await json(t, program, { env: { NODE_EXTRA_CA_CERTS: file } }), 'm')
    })
  })
}

test('a plain server on a TLS port', async (t) => {
  const server = http.createServer((request, response) => response.end()).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const error = await rejection(ask(only(t, `https://127.0.0.1:${server.address().port}`)))
  assert.equal(error.reason, 'tls')
})

test('a name that does not exist', async (t) => {
  const b = serve(t, { name: 'B' })
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: 'http://does-not-exist.invalid' }, { name: 'B', baseURL: b.url }] })
  assert.equal(attemptSummary((await ask(client)).report.attempts), 'A:next:dns B:ok')
  assert.equal((await rejection(ask(only(t, 'http://does-not-exist.invalid')))).reason, 'dns')
})

test('a closed port', async (t) => {
  const server = serve(t)
  await server.ready
  server.stop()
  const error = await rejection(ask(only(t, server.url)))
  assert.ok(error instanceof ConnectionError)
  assert.equal(error.reason, 'connect')
  assert.equal(error.retryable, true)
})

for (const transport of TRANSPORTS) {
  test(`${transport.transport}: packed answers`, async (t) => {
    const { client, a } = setup(t, { servers: 1, transport })
    for (const [name, fault] of Object.entries({ gzip: faults.gzip(), brotli: faults.brotli(), deflate: faults.deflate(), 'raw deflate': faults.deflate({ raw: true }) })) {
      await t.test(name, async () => {
        a.script(fault, faults.combine(fault, faults.byteAtATime()), faults.combine(faults.serverError({ message: 'packed' }), fault))
        assert.equal(textOf(await ask(client)), 'Hello from A')
        assert.equal(textOf(await ask(client)), 'Hello from A')
        assert.match((await rejection(ask(client, { maxRetries: 0 }))).message, /packed/)
      })
    }
    assert.match(a.hits()[0].headers['accept-encoding'], /gzip/)
  })

  test(`${transport.transport}: connections are reused`, async (t) => {
    const { client, a } = setup(t, { servers: 1, transport })
    const used = []
    for (let i = 0; i < 6; i++) used.push((await ask(client, { stream: i % 2 === 1 })).report.attempts[0].reusedConnection)
    assert.deepEqual(used, [false, true, true, true, true, true])
    assert.equal(new Set(a.hits().map((hit) => hit.connection)).size, 1)
    a.script(faults.badRequest())
    await rejection(ask(client))
    assert.equal((await ask(client)).report.attempts[0].reusedConnection, true, 'also after an error')
  })

  test(`${transport.transport}: warmup opens connections and asks nothing`, async (t) => {
    const { client, a, b } = setup(t, { transport })
    await client.warmup()
    assert.deepEqual([a.totalHits, b.totalHits], [0, 0])
    await until('both are connected', () => a.connections > 0 && b.connections > 0)
    await ask(client)
    assert.deepEqual([a.hits()[0].connection, a.connections], [1, 1], 'the warm one is used')
  })

  test(`${transport.transport}: a pooled connection that died is replaced, free`, async (t) => {
    for (const stream of [false, true]) {
      const { client, a } = setup(t, { servers: 1, transport, maxRetries: 0 })
      for (let i = 0; i < 5; i++) {
        await ask(client)
        a.dropConnections()
        const answer = await ask(client, { stream })
        assert.equal(textOf(answer), 'Hello from A')
        assert.ok(answer.report.attempts.every((attempt) => !attempt.maybeBilled))
      }
      assert.equal(client.getEndpointStatus('A').breaker.consecutiveFailures, 0)
      assert.equal(a.totalHits, 10)
    }
  })
}

test('a connection that the server ends while idle is not used again', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.script(faults.closeAfter(), faults.closeAfter())
  for (let i = 0; i < 3; i++) assert.equal(attemptSummary((await ask(client)).report.attempts), 'A:ok')
})

test('HTTP/2: what was not processed is sent again, free', { concurrency: true }, async (t) => {
  const transport = TRANSPORTS[2]
  await Promise.all(Object.entries({
    'REFUSED_STREAM': faults.rstStream(7), GOAWAY: faults.goAway()
  }).map(([name, fault]) => t.test(name, async (t) => {
    const { client, a, b } = setup(t, { transport, maxRetries: 0 })
    a.script(fault)
    const answer = await ask(client)
    assert.equal(textOf(answer), 'Hello from A')
    assert.equal(attemptSummary(answer.report.attempts), 'A:retry:reset A:ok')
    assert.equal(answer.report.attempts[0].maybeBilled, undefined)
    assert.equal(client.getEndpointStatus('A').breaker.consecutiveFailures, 0)
    a.script(faults.forever(fault))
    assert.equal(textOf(await ask(client)), 'Hello from B')
    assert.equal(a.totalHits, 4, 'free once')
    assert.equal(b.totalHits, 1)
  })))
})

test('HTTP/2: one connection carries many calls at a time', async (t) => {
  const { client, a } = setup(t, { servers: 1, transport: TRANSPORTS[2] })
  await ask(client)
  a.always(faults.slowHeaders(30))
  await Promise.all(Array.from({ length: 50 }, () => ask(client)))
  assert.equal(a.connections, 1)
})

test('HTTP/2: a cold burst does not keep a connection for each of its calls', async (t) => {
  const { client, a } = setup(t, { servers: 1, transport: TRANSPORTS[2] })
  const answers = await Promise.all(Array.from({ length: 60 }, () => ask(client)))
  assert.ok(answers.every((answer) => textOf(answer) === 'Hello from A'))
  await until('what is not needed is closed', () => a.connections <= 2)
  assert.equal(a.totalHits, 60)
})

test('HTTP/2: no more streams at a time than the server allows', async (t) => {
  const server = serve(t, { tls: true, h2: { maxConcurrentStreams: 2 } })
  const client = openClient(t, { baseURL: server.url, tls: { ca: server.ca } })
  await ask(client)
  server.always(faults.slowHeaders(10))
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask(client)))
  assert.ok(answers.every((answer) => answer.report.attempts.length === 1))
})

test('IPv6', async (t) => {
  const server = serve(t)
  assert.equal(textOf(await ask(only(t, `http://[::1]:${server.port}`))), 'Hello from fault-server')
  assert.equal(textOf(await ask(only(t, `http://localhost:${server.port}`))), 'Hello from fault-server')
})
