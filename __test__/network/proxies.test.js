'use strict'

// Proxies that fail: the origin behind them is given up at once, or at the connect timeout, and no key is exposed.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const net = require('node:net')
const { once } = require('node:events')
const { KEY, QUICK, serve, openClient, ask, rejection, textOf, attemptSummary, until, faults } = require('../helpers/client')
const { listen, raw, pem, inEnvironment } = require('./helpers')

const SECRET = 'open-sesame'
const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n'

/** What the proxy does once a whole CONNECT has come. */
const after = (act) => (t) => raw(t, (socket) => {
  let head = ''
  socket.on('data', function read (bytes) {
    head += bytes.toString('latin1')
    if (!head.includes('\r\n\r\n')) return
    socket.off('data', read)
    act(socket)
  })
})
const says = (text) => after((socket) => socket.write(text))

const rows = [
  // name, proxy, reason
  ['asks for a password', says('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="x"\r\ncontent-length: 0\r\n\r\n'), 'connect'],
  ['forbids the destination', says('HTTP/1.1 403 Filtered\r\ncontent-length: 9\r\n\r\nForbidden'), 'connect'],
  ['does not reach the destination', says('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n'), 'connect'],
  ['answers with garbage', says(`${'\x16\x03\x01\xff'.repeat(64)}\r\n\r\n`), 'connect'],
  ['answers without an end', says(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(64 << 10)}`), 'connect'],
  ['answers half', says('HTTP/1.1 200 Connection'), 'timeoutConnect'],
  ['says nothing', after(() => {}), 'timeoutConnect'],
  ['closes', after((socket) => socket.end()), 'connect'],
  ['resets', after((socket) => socket.resetAndDestroy()), 'connect'],
  ['closes within its answer', after((socket) => socket.end('HTTP/1.1 200 Conn')), 'connect'],
  ['opens the tunnel and says nothing', says(ESTABLISHED), 'timeoutConnect'],
  ['opens the tunnel and closes', after((socket) => socket.end(ESTABLISHED)), 'tls'],
  ['opens the tunnel and speaks for the vendor', after((socket) => {
    socket.write(ESTABLISHED)
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'))
  }), 'tls']
]

test('a proxy in plain text that wants a password is not the vendor refusing a key, nor a mistake of the caller', async (t) => {
  const proxy = await after((socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="x"\r\nconnection: close\r\n\r\n'))(t)
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: 'http://vendor.test/v1' }, { name: 'B', baseURL: 'http://other.test/v1' }], proxy: `http://${proxy.host}`, retry: QUICK })
  const error = await rejection(ask(client))
  assert.equal(error.reason, 'connect')
  assert.equal(error.status, 407)
  assert.deepEqual(error.errors.map((e) => e.endpoint), ['A', 'B'])
})

test('a tunnel that does not come about: a proxy that', { concurrency: 4 }, async (t) => {
  await Promise.all(rows.map(([name, start, reason]) => t.test(name, async (t) => {
    const proxy = await start(t)
    const b = serve(t, { name: 'B' })
    const { client, destination } = await behind(t, proxy.host, b, reason)
    assert.equal(attemptSummary((await ask(client)).report.attempts), `A:next:${reason} B:ok`)
    await until('the breaker opens', async () => {
      await ask(client)
      return client.getEndpointStatus('A').breaker.state === 'open'
    }, 30_000)
    const status = client.getEndpointStatus('A')
    assert.deepEqual([status.lastError.reason, status.failedRequests], [reason, 3])
    assert.ok(!status.lastError.message.includes(SECRET), status.lastError.message)
    assert.equal(client.getEndpointStatus('B').breaker.state, 'closed')
    await until('every connection is closed', () => proxy.sockets.size === 0)
    assert.ok(!proxy.text().includes(KEY), 'the key outside the tunnel')
    assert.equal(destination.totalHits, 0)
  })))
})

/** A behind the proxy, B without it, as the environment sets it. */
async function behind (t, proxy, b, reason) {
  const destination = serve(t, { name: 'A', tls: true })
  const client = inEnvironment({ HTTPS_PROXY: `http://user:${SECRET}@${proxy}` }, () => openClient(t, {
    endpoints: [{ name: 'A', baseURL: destination.url }, { name: 'B', baseURL: b.url }],
    proxy: 'env',
    tls: { ca: pem('ca') },
    retry: QUICK,
    timeout: { total: '60s', connect: reason === 'timeoutConnect' ? 150 : '30s' }
  }))
  return { client, destination }
}

test('a tunnel that breaks', { concurrency: true }, async (t) => {
  /** A good proxy, and the tunnels that it holds. */
  async function tunnels (t) {
    const held = []
    const server = http.createServer().on('connect', (request, socket) => {
      const onward = net.connect(Number(request.url.split(':').at(-1)), '127.0.0.1', () => {
        socket.write(ESTABLISHED)
        onward.pipe(socket).pipe(onward)
      })
      onward.on('error', () => socket.destroy())
      socket.on('error', () => onward.destroy()).once('close', () => onward.destroy())
      held.push(socket)
    })
    return { ...await listen(t, server), held }
  }

  await t.test('while idle: replaced, free', async (t) => {
    const proxy = await tunnels(t)
    const a = serve(t, { name: 'A', tls: true })
    const client = openClient(t, { baseURL: a.url, proxy: `http://${proxy.host}`, tls: { ca: a.ca }, maxRetries: 0 })
    for (let i = 0; i < 5; i++) {
      assert.equal(textOf(await ask(client)), 'Hello from A')
      // Closed on both sides, so that the next call finds it so.
      const [socket] = proxy.held.splice(0)
      await Promise.all([once(socket, 'close'), socket.end()])
    }
    assert.equal(a.totalHits, 5)
    assert.equal(client.getEndpointStatus()[0].breaker.consecutiveFailures, 0)
  })

  await t.test('under a request: failed over', async (t) => {
    const proxy = await tunnels(t)
    const [a, b] = [serve(t, { name: 'A', tls: true }), serve(t, { name: 'B', tls: true })]
    a.script(faults.hang())
    const client = openClient(t, { endpoints: [{ name: 'A', baseURL: a.url }, { name: 'B', baseURL: b.url }], proxy: `http://${proxy.host}`, tls: { ca: a.ca } })
    const call = ask(client)
    await a.waitForHits(1)
    proxy.held[0].destroy()
    const { report } = await call
    assert.equal(attemptSummary(report.attempts), 'A:next:reset B:ok')
    assert.equal(report.attempts[0].maybeBilled, true)
  })
})
