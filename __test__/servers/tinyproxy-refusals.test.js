'use strict'

// An independent proxy refuses: calls fail over to a destination that it allows, or that needs no proxy.

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { serve, openClient, ask, rejection, textOf, attemptSummary } = require('../helpers/client')
const { closedPort, inEnvironment } = require('../network/helpers')
const { run, freePort, folder } = require('./helpers')

async function tinyproxy (t, ...lines) {
  const dir = folder(t)
  const port = await freePort()
  const config = path.join(dir, 'tinyproxy.conf')
  fs.writeFileSync(config, [`Port ${port}`, 'Listen 127.0.0.1', ...lines, ''].join('\n'))
  await run(t, 'tinyproxy', ['-d', '-c', config], port)
  return `127.0.0.1:${port}`
}

test('a destination that it refuses', async (t) => {
  const [a, b] = [serve(t, { name: 'A', tls: true }), serve(t, { name: 'B', tls: true })]
  const proxy = await tinyproxy(t, `ConnectPort ${b.port}`)
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: a.url }, { name: 'B', baseURL: b.url }], proxy: `http://${proxy}`, tls: { ca: a.ca } })
  for (const stream of [false, true]) {
    const answer = await ask(client, { stream })
    assert.equal(textOf(answer), 'Hello from B')
    if (!stream) assert.equal(attemptSummary(answer.report.attempts), 'A:next:connect B:ok')
  }
  assert.equal(client.getEndpointStatus('A').lastError.reason, 'connect')
  assert.equal(a.totalHits, 0)
})

test('a destination that it does not reach', async (t) => {
  const port = await closedPort()
  const b = serve(t, { name: 'B', tls: true })
  const proxy = await tinyproxy(t, `ConnectPort ${port}`, `ConnectPort ${b.port}`)
  for (const [scheme, reason] of [['https', 'connect'], ['http', 'serverError']]) {
    const client = openClient(t, { endpoints: [{ name: 'A', baseURL: `${scheme}://127.0.0.1:${port}/v1` }, { name: 'B', baseURL: b.url }], proxy: `http://${proxy}`, tls: { ca: b.ca } })
    assert.equal(attemptSummary((await ask(client)).report.attempts), `A:next:${reason} B:ok`)
  }
})

test('a password that it refuses: an endpoint without a proxy answers', async (t) => {
  const [a, b] = [serve(t, { name: 'A', tls: true }), serve(t, { name: 'B', tls: true })]
  const proxy = await tinyproxy(t, 'BasicAuth user secret', `ConnectPort ${a.port}`)
  for (const credentials of ['user:not-secret@', '']) {
    const client = inEnvironment({ HTTPS_PROXY: `http://${credentials}${proxy}`, NO_PROXY: 'localhost' }, () => openClient(t, {
      endpoints: [{ name: 'A', baseURL: a.url }, { name: 'B', baseURL: `https://localhost:${b.port}/v1` }], proxy: 'env', tls: { ca: a.ca }
    }))
    assert.equal(attemptSummary((await ask(client)).report.attempts), 'A:next:connect B:ok')
    const error = await rejection(ask(client, { endpoints: 'A', maxRetries: 0 }))
    assert.equal(error.reason, 'connect')
    assert.equal(error.retryable, true)
    assert.ok(!error.message.includes('not-secret'), error.message)
  }
  assert.equal(a.totalHits, 0)
})
