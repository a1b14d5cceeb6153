'use strict'

// Names and addresses: either family, the one that works, and unknown names.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { TRANSPORTS, QUICK, serve, openClient, ask, rejection, textOf, attemptSummary, until } = require('../helpers/client')
const { raw, pem, closedPort, localhost, inEnvironment, answer } = require('./helpers')

test('localhost where only one family listens', async (t) => {
  for (const host of await localhost()) {
    for (const stream of [false, true]) {
      await t.test(`${host}${stream ? ', streamed' : ''}`, async (t) => {
        const a = await raw(t, (socket) => socket.once('data', () => socket.end(stream ? events('here') : answer('here'))), host)
        const client = openClient(t, { endpoints: [{ name: 'A', baseURL: `http://localhost:${a.port}/v1` }], maxRetries: 0 })
        const completion = await ask(client, { stream })
        assert.equal(textOf(completion), 'here')
        assert.equal(attemptSummary(completion.report.attempts), 'A:ok', 'the closed family is no failure')
        assert.equal(client.getEndpointStatus('A').breaker.consecutiveFailures, 0)
      })
    }
  }
})

test('localhost without a listener is one failure, whatever it resolves to', async (t) => {
  const b = serve(t, { name: 'B' })
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: `http://localhost:${await closedPort()}/v1` }, { name: 'B', baseURL: b.url }] })
  assert.equal(attemptSummary((await ask(client)).report.attempts), 'A:next:connect B:ok')
  assert.equal(client.getEndpointStatus('A').breaker.consecutiveFailures, 1)
})

test('IPv6 literals, as endpoints and as proxies', async (t) => {
  for (const { transport, server: options } of TRANSPORTS) {
    await t.test(transport, async (t) => {
      const a = serve(t, options)
      const baseURL = `${a.url.split(':')[0]}://[::1]:${a.port}/v1`
      const client = openClient(t, { baseURL, tls: { ca: pem('ca') }, maxRetries: 0 })
      for (const stream of [false, true]) assert.equal(textOf(await ask(client, { stream })), 'Hello from fault-server')
      const { host, ':authority': authority } = a.hits()[0].headers
      if (!options.h2) assert.equal(host ?? authority, `[::1]:${a.port}`)
      assert.match(client.getEndpointStatus()[0].url, /^https?:\/\/\[::1\]:/)
    })
  }
  await t.test('a certificate that does not name it', async (t) => {
    const a = serve(t, { tls: 'wrongHost' })
    const client = openClient(t, { baseURL: `https://[::1]:${a.port}/v1`, tls: { ca: a.ca }, maxRetries: 0 })
    assert.equal((await rejection(ask(client))).reason, 'tls')
  })
  await t.test('a closed port', async (t) => {
    const b = serve(t, { name: 'B' })
    const client = openClient(t, { endpoints: [{ name: 'A', baseURL: `http://[::1]:${await closedPort()}/v1` }, { name: 'B', baseURL: b.url }] })
    assert.equal(attemptSummary((await ask(client)).report.attempts), 'A:next:connect B:ok')
  })
  await t.test('a proxy', async (t) => {
    const proxy = await raw(t, (socket) => socket.once('data', () => socket.end(answer('the proxy'))), '::1')
    const client = openClient(t, { baseURL: 'http://vendor.invalid/v1', proxy: `http://${proxy.host}`, maxRetries: 0 })
    assert.equal(textOf(await ask(client)), 'the proxy')
    assert.match(proxy.text(), /^POST http:\/\/vendor\.invalid\/v1\/chat\/completions HTTP\/1\.1\r\n/)
  })
  await t.test('NO_PROXY', async (t) => {
    const a = serve(t)
    for (const exception of ['::1', '::1/128']) {
      const make = () => openClient(t, { baseURL: `http://[::1]:${a.port}/v1`, proxy: 'env', maxRetries: 0 })
      const client = inEnvironment({ HTTP_PROXY: 'http://127.0.0.1:1', NO_PROXY: exception }, make)
      assert.equal(textOf(await ask(client)), 'Hello from fault-server', exception)
    }
  })
})

test('names that do not resolve', { concurrency: true }, async (t) => {
  const b = serve(t, { name: 'B' })
  // Too long a label, an empty one, and a name that is legal.
  await Promise.all(['nobody.invalid', `${'x'.repeat(64)}.invalid`, 'xn--bcher-kva.invalid'].map((name) => t.test(name, async (t) => {
    for (const scheme of ['http', 'https']) {
      const client = openClient(t, {
        endpoints: [{ name: 'A', baseURL: `${scheme}://${name}/v1` }, { name: 'also A', baseURL: `${scheme}://${name}/other/v1` }, { name: 'B', baseURL: b.url }],
        retry: QUICK
      })
      assert.equal(attemptSummary((await ask(client)).report.attempts), 'A:next:dns also A:skipped:cooldown B:ok')
      await until('the breaker opens', async () => {
        await ask(client)
        return client.getEndpointStatus('A').breaker.state === 'open'
      })
      assert.deepEqual(client.getEndpointStatus().map((status) => status.breaker.state), ['open', 'open', 'closed'])
    }
  })))
})

test('a proxy with a name that does not resolve', async (t) => {
  const a = serve(t, { tls: true })
  const client = openClient(t, { baseURL: a.url, proxy: 'http://nobody.invalid:3128', tls: { ca: a.ca }, maxRetries: 0 })
  assert.equal((await rejection(ask(client))).reason, 'dns')
})

/** A whole stream, as bytes of HTTP/1.1. */
function events (content) {
  const chunk = JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content }, finish_reason: 'stop' }] })
  return `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\ndata: ${chunk}\n\ndata: [DONE]\n\n`
}
