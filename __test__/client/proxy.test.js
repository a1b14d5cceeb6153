'use strict'

// Through proxies: plain and tunnelled, with a password, by option and by environment.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const net = require('node:net')
const { once } = require('node:events')
const { TRANSPORTS, serve, openClient, setup, ask, rejection, textOf } = require('../helpers/client')
const { json } = require('../helpers/child')

/** A proxy: forwards plain requests, tunnels CONNECT, and remembers both. */
async function proxyFor (t, credentials) {
  const seen = []
  const allowed = (request, refuse) => {
    const given = request.headers['proxy-authorization']
    seen.push({ method: request.method, url: request.url, authorization: given, key: request.headers.authorization })
    if (credentials === undefined || given === `Basic ${Buffer.from(credentials).toString('base64')}`) return true
    refuse()
    return false
  }
  const server = http.createServer((request, response) => {
    if (!allowed(request, () => response.writeHead(407).end())) return
    const { 'proxy-authorization': _, ...headers } = request.headers
    const onward = http.request(request.url, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.writeHead(502).end())
    request.pipe(onward)
  })
  server.on('connect', (request, socket) => {
    socket.on('error', () => {})
    if (!allowed(request, () => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'))) return
    const [host, port] = request.url.split(':')
    const onward = net.connect(port, host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  return { seen, address: `127.0.0.1:${server.address().port}` }
}

test('through a proxy', async (t) => {
  for (const transport of TRANSPORTS) {
    await t.test(transport.transport, async (t) => {
      const proxy = await proxyFor(t, 'user:p@ss')
      const { client, a } = setup(t, { servers: 1, transport, proxy: `http://user:p%40ss@${proxy.address}` })
      for (const stream of [false, true]) assert.equal(textOf(await ask(client, { stream })), 'Hello from A')
      assert.equal(proxy.seen[0].method, transport.server.tls ? 'CONNECT' : 'POST')
      assert.equal(a.hits()[0].headers['proxy-authorization'], undefined)
      if (transport.server.tls) assert.equal(proxy.seen[0].key, undefined, 'the key stays inside the tunnel')
      const wrong = openClient(t, { baseURL: a.url, tls: { ca: a.ca }, maxRetries: 0, proxy: `http://user:wrong@${proxy.address}`, timeout: '3s' })
      assert.ok((await rejection(ask(wrong))) instanceof Error)
      assert.equal(a.totalHits, 2)
    })
  }
})

test('the environment names proxies and exceptions', async (t) => {
  const [plain, secure] = [serve(t), serve(t, { tls: true })]
  const proxy = await proxyFor(t)
  const calls = `
    const ask = (baseURL, ca) => new FailoverClient({ apiKey: 'k', baseURL, maxRetries: 0, timeout: '5s', ...(ca && { tls: { ca } }) }).chatCompletion('m', 'hi')
    Promise.all([ask('${plain.url}'), ask('${secure.url}', ${JSON.stringify(secure.ca)})]).then(() => console.log('"ok"'))`
  for (const [env, methods] of [
    [{ HTTP_PROXY: `http://${proxy.address}` }, ['POST']],
    [{ https_proxy: `http://${proxy.address}` }, ['CONNECT']],
    [{ ALL_PROXY: `http://${proxy.address}` }, ['CONNECT', 'POST']],
    [{ ALL_PROXY: `http://${proxy.address}`, NO_PROXY: '127.0.0.1' }, []],
    [{ HTTP_PROXY: `http://${proxy.address}`, HTTPS_PROXY: `http://${proxy.address}`, no_proxy: '*' }, []]
  ]) {
    await t.test(Object.keys(env).join(', '), async (t) => {
      proxy.seen.length = 0
      assert.equal(await json(t, calls, { env }), 'ok')
      assert.deepEqual(proxy.seen.map((s) => s.method).sort(), methods)
    })
  }
})

test('a proxy that is not there is a failed connection', async (t) => {
  const server = serve(t)
  const error = await rejection(ask(openClient(t, { baseURL: server.url, maxRetries: 0, proxy: 'http://127.0.0.1:1' })))
  assert.equal(error.reason, 'connect')
  assert.equal(server.totalHits, 0)
})
