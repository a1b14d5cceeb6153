'use strict'

// What a reload leaves of an endpoint's figures: all of them where origin, key and model are the same, none where the
// key is another.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { KEY, QUICK, serve, openClient, ask, rejection, faults } = require('../helpers/client')

const options = (server, endpoint, more) => ({
  apiKey: KEY, proxy: false, retry: QUICK, maxRetries: 0, breaker: false, onUnavailable: 'error', endpoints: [{ name: 'A', baseURL: server.url, ...endpoint }], ...more
})

test('histograms go on through a reload, and begin anew with another key', async (t) => {
  const server = serve(t)
  const client = openClient(t, options(server, {}))
  server.script(faults.slowHeaders(120), faults.slowHeaders(120))
  for (let i = 0; i < 5; i++) await ask(client)
  const figures = () => [client.getEndpointStatus('A').latencyMs, client.getEndpointStatus('A').models[0]?.latencyMs, client.getSummary()['gpt-4o'], client.metrics.snapshot().series[0]]
  const before = figures()
  assert.deepEqual([before[0].samples, before[0].p95 > 100, before[2].totalRequests], [5, true, 5])
  await client.reload(options(server, { weight: 2, maxLatency: '9s' }, { maxRetries: 1 }))
  assert.deepEqual(figures(), before)
  await ask(client)
  assert.equal(figures()[0].samples, 6, 'and it goes on')
  await client.reload(options(server, { apiKey: `${KEY}-other` }))
  const [latency, , summary] = figures()
  assert.deepEqual([latency.samples, summary?.totalRequests ?? 0], [0, 0])
  await ask(client)
  assert.deepEqual([figures()[0].samples, figures()[2].totalRequests], [1, 1])
})

test('a rate budget stays spent through a reload, and is a new one with another key or size', async (t) => {
  const server = serve(t)
  const limits = { rpm: 3 }
  const client = openClient(t, options(server, { limits }))
  for (let i = 0; i < 3; i++) await ask(client)
  const refused = async () => (await rejection(ask(client))).reason
  assert.equal(await refused(), 'limiter')
  const left = () => Math.floor(client.getEndpointStatus('A').rateLimit.requests.remaining)
  assert.equal(left(), 0)
  await client.reload(options(server, { limits, priority: 5 }, { maxRetries: 1 }))
  assert.equal(left(), 0)
  assert.equal(await refused(), 'limiter')
  assert.equal(server.hits().length, 3, 'nobody was asked')
  await client.reload(options(server, { limits, apiKey: `${KEY}-other` }))
  await ask(client)
  assert.equal(left(), 2)
  await client.reload(options(server, { limits: { rpm: 9 }, apiKey: `${KEY}-other` }))
  await ask(client)
  assert.equal(left(), 8)
})

test('a key that comes back after a reload without it begins anew', async (t) => {
  const server = serve(t)
  const client = openClient(t, options(server, { limits: { rpm: 2 } }))
  await ask(client)
  await client.reload(options(server, { limits: { rpm: 2 }, apiKey: [`${KEY}-other`, KEY] }))
  assert.equal(client.getSummary()['gpt-4o'].totalRequests, 1, 'it is one of two, and known')
  await client.reload(options(server, { limits: { rpm: 2 }, apiKey: `${KEY}-other` }))
  await client.reload(options(server, { limits: { rpm: 2 } }))
  await ask(client)
  assert.equal(client.getSummary()['gpt-4o'].totalRequests, 1)
})
