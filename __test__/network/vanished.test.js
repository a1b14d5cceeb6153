'use strict'

// Connections to a peer that is gone, or going, without reliable notice.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const tls = require('node:tls')
const { once } = require('node:events')
const { TRANSPORTS, QUICK, serve, openClient, setup, ask, textOf, attemptSummary, until, faults } = require('../helpers/client')
const { remoteServer } = require('../helpers/child')
const { listen, raw, relay, pem, answer } = require('./helpers')

/** A vendor behind a cable that can be cut: existing connections then receive nothing any more, not even an end. */
async function wire (t, vendor) {
  const strands = []
  const { port } = await relay(t, vendor.port, (client, server) => {
    client.pipe(server).pipe(client)
    strands.push([client, server])
  })
  const cut = () => strands.splice(0).forEach(([client, server]) => { client.unpipe(server).resume(); server.unpipe(client).resume() })
  return { url: vendor.url.replace(`:${vendor.port}`, `:${port}`), cut, get strands () { return strands.length } }
}

for (const transport of TRANSPORTS) {
  test(`${transport.transport}: a pooled connection with a vanished peer costs one headers timeout`, async (t) => {
    for (const stream of [false, true]) {
      const [a, b] = [serve(t, { name: 'A', ...transport.server }), serve(t, { name: 'B' })]
      const { url, cut } = await wire(t, a)
      const client = openClient(t, { endpoints: [{ name: 'A', baseURL: url }, { name: 'B', baseURL: b.url }], tls: { ca: pem('ca') } })
      assert.equal(attemptSummary((await ask(client)).report.attempts), 'A:ok')
      cut()
      const { report } = await ask(client, { stream, timeout: { headers: 200, total: '60s' } })
      assert.equal(attemptSummary(report.attempts), 'A:next:timeoutHeaders B:ok')
      assert.deepEqual([report.attempts[0].reusedConnection, report.attempts[0].maybeBilled], [true, true])
      assert.equal(attemptSummary((await ask(client, { timeout: '60s' })).report.attempts), 'A:ok', 'on a new connection')
    }
  })
}

test('a frozen vendor: its machine accepts data, but the process does not answer', { skip: process.platform === 'win32' }, async (t) => {
  const a = await remoteServer(t, { name: 'A' })
  const b = serve(t, { name: 'B' })
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: a.url }, { name: 'B', baseURL: b.url }], breaker: { recoveryTimeout: 100, maxRecoveryTimeout: 100 } })
  const timeout = { headers: 200, total: '60s' }
  await Promise.all(Array.from({ length: 4 }, () => ask(client)))
  process.kill(a.pid, 'SIGSTOP')
  // On connections from before and on new ones, which are made as well.
  for (const stream of [false, true, false]) {
    assert.equal(attemptSummary((await ask(client, { stream, timeout })).report.attempts), 'A:next:timeoutHeaders B:ok')
  }
  assert.equal(client.getEndpointStatus('A').breaker.consecutiveFailures, 3)
  process.kill(a.pid, 'SIGCONT')
  await until('it is asked again', async () => textOf(await ask(client, { timeout })) === 'Hello from A')
  await until('its breaker closes', () => client.getEndpointStatus('A').breaker.state === 'closed')
})

test('a server that stops reading in the middle of a request', { concurrency: true }, async (t) => {
  const content = 'x'.repeat(8 << 20)
  await Promise.all([false, true].map((stream) => t.test(stream ? 'streamed' : 'whole', async (t) => {
    const a = await raw(t, (socket) => socket.once('data', () => socket.pause()))
    const b = serve(t, { name: 'B' })
    // Time enough for B to read all of it.
    const client = openClient(t, { endpoints: [{ name: 'A', baseURL: `http://${a.host}/v1` }, { name: 'B', baseURL: b.url }], timeout: { headers: 2500, total: '60s' } })
    const completion = await client.chatCompletion('m', content, { stream })
    const { report } = stream ? await completion.finalCompletion : completion
    assert.equal(attemptSummary(report.attempts), 'A:next:timeoutHeaders B:ok')
    assert.equal(client.getEndpointStatus('A').inFlight, 0)
  })))
})

test('a pooled connection that is closed as the next call goes out, many times', async (t) => {
  for (const [way, end] of Object.entries({ FIN: (socket) => socket.end(), RST: (socket) => socket.resetAndDestroy() })) {
    await t.test(way, async (t) => {
      let n = 0
      let answered = 0
      const a = await raw(t, (socket) => socket.on('data', () => {
        if (!socket.writable) return
        answered++
        socket.write(answer('raced'))
        // At once, after the turns in which the client is woken, and later than its next call.
        const mine = n++ % 5
        if (mine === 0) end(socket)
        else if (mine < 3) setImmediate(end, socket)
        else if (mine < 4) setTimeout(end, 1, socket)
      }))
      // A lost request is retried: with a success for each, the budget is no matter.
      const client = openClient(t, { baseURL: `http://${a.host}/v1`, retry: { ...QUICK, budget: { ratio: 1, perSecond: 1000 } } })
      for (let i = 0; i < 400; i++) {
        assert.equal(textOf(await ask(client)), 'raced')
        if (i % 3 === 0) await new Promise(setImmediate)
      }
      assert.equal(answered, 400, 'nobody was answered twice')
    })
  }
})

test('a hundred idle connections that are closed at once', async (t) => {
  const HUNDRED = Array.from({ length: 100 })
  for (const [way, end] of Object.entries({ FIN: (socket) => socket.end(), RST: (socket) => socket.resetAndDestroy() })) {
    await t.test(way, async (t) => {
      let waiting = []
      const a = await raw(t, (socket) => socket.on('data', () => waiting.push(socket)))
      const client = openClient(t, { baseURL: `http://${a.host}/v1`, maxRetries: 0 })
      /** A hundred calls, which are answered when all are there. */
      async function round () {
        const calls = Promise.all(HUNDRED.map(() => ask(client)))
        await until('all are there', () => waiting.length === 100)
        waiting.splice(0).forEach((socket) => socket.write(answer('hello')))
        return calls
      }
      await round()
      assert.equal(a.sockets.size, 100)
      const closed = [...a.sockets].map((socket) => once(socket, 'close'))
      a.sockets.forEach(end)
      await Promise.all(closed)
      waiting = []
      const answers = await round()
      assert.ok(answers.flatMap((completion) => completion.report.attempts).every((attempt) => !attempt.maybeBilled), 'nothing was sent on a dead one')
      assert.equal(a.accepted, 200)
      assert.equal(client.getEndpointStatus()[0].breaker.consecutiveFailures, 0)
    })
  }
})

test('a vendor that dies with a hundred calls under way', async (t) => {
  const { client, a, b } = setup(t)
  a.always(faults.hang())
  const calls = Promise.all(Array.from({ length: 100 }, (_, i) => ask(client, { stream: i % 2 === 0 })))
  await a.waitForHits(100)
  a.stop()
  const answers = await calls
  assert.ok(answers.every((completion) => textOf(completion) === 'Hello from B'))
  assert.ok(answers.every((completion) => attemptSummary(completion.report.attempts) === 'A:next:reset B:ok'))
  assert.equal(b.totalHits, 100)
  assert.equal(client.getEndpointStatus('A').inFlight, 0)
})

test('what a dying connection swallowed goes to a new one, not to the next that was used', async (t) => {
  let held
  const vendor = tls.createServer({ key: pem('trusted.key'), cert: pem('trusted') }, (socket) => {
    let requests = 0
    socket.on('error', () => {}).on('data', (bytes) => {
      // The second request on a connection finds it gone.
      if (++requests > 1) return socket.destroy()
      const finish = () => socket.write(answer('x'))
      if (bytes.includes('idempotency-key: hold')) held = finish
      else finish()
    })
  })
  const { port } = await listen(t, vendor)
  let connect
  let connections = 0
  const gate = await relay(t, port, (client, server) => {
    const join = () => client.pipe(server).pipe(client)
    if (++connections < 3) return join()
    client.pause()
    connect = join
  })
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: `https://localhost:${gate.port}/v1` }], tls: { ca: pem('ca') }, maxRetries: 0 })
  const first = ask(client, { idempotencyKey: 'hold' })
  await until('the first is with the vendor', () => held)
  await ask(client)
  const third = ask(client)
  await until('a third connection is wanted', () => connect)
  held()
  await first
  connect()
  const { report } = await third
  assert.equal(attemptSummary(report.attempts), 'A:retry:reset A:ok')
  assert.deepEqual(report.attempts.map((a) => a.reusedConnection), [true, false])
})
