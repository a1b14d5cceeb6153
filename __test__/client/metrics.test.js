'use strict'

// The numbers are those of what was sent.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { TRANSPORTS, setup, ask, rejection, faults } = require('../helpers/client')

const zero = { avg: 0, p50: 0, p95: 0, p99: 0, samples: 0 }

for (const transport of TRANSPORTS) {
  test(`${transport.transport}: counts`, async (t) => {
    const { client, a, b } = setup(t, { transport, breaker: false, onUnavailable: 'error' })
    for (let i = 0; i < 20; i++) {
      if (i % 4 === 1) a.script(faults.serverError())
      if (i === 10) a.script(faults.badRequest())
      await ask(client, { stream: i % 2 === 0, model: i < 16 ? 'one' : 'two' }).catch((error) => assert.equal(error.reason, 'badRequest'))
    }
    a.script(faults.rateLimited({ retryAfter: 1, as: 'ms' }))
    await ask(client, { model: 'two' })
    const [first, second] = client.getEndpointStatus()
    assert.deepEqual([a.totalHits, b.totalHits], [21, 6])
    // A caller's mistake is no endpoint's failure.
    assert.deepEqual([first.totalRequests, first.failedRequests, first.rateLimitedRequests, first.retries, first.inFlight], [20, 6, 1, 0, 0])
    assert.deepEqual([second.totalRequests, second.failedRequests], [6, 0])
    assert.equal(first.availabilityPercentage, 70)
    assert.equal(first.latencyMs.samples, 14)
    assert.ok(Date.parse(first.lastRateLimitedAt) > Date.now() - 60_000)
    assert.ok(Date.parse(first.lastFailureAt) >= Date.parse(first.lastRateLimitedAt) - 1)
    const { one, two } = client.getSummary()
    assert.equal(one.totalRequests + two.totalRequests, 26)
    assert.equal(one.totalRequests, 19)
    assert.ok(Math.abs(one.successRate - 15 / 19) < 1e-9)
    assert.ok(Math.abs(one.errorRate - 4 / 19) < 1e-9)
    const series = client.metrics.snapshot().series.map((s) => [s.endpoint, s.model, s.attempts, s.failed, s.rateLimited])
    assert.deepEqual(series.sort(), [['A', 'one', 15, 4, 0], ['A', 'two', 5, 2, 1], ['B', 'one', 4, 0, 0], ['B', 'two', 2, 0, 0]])
  })
}

test('before anything was sent', (t) => {
  const { client } = setup(t)
  const status = client.getEndpointStatus()
  assert.deepEqual(status.map((s) => s.name), ['A', 'B'])
  for (const s of status) {
    assert.deepEqual([s.status, s.totalRequests, s.failedRequests, s.availabilityPercentage], ['healthy', 0, 0, 100])
    assert.deepEqual(s.latencyMs, zero)
    assert.equal(s.breaker.state, 'closed')
  }
  assert.deepEqual(client.getSummary(), {})
  assert.equal(client.getEndpointStatus('nobody'), undefined)
})

test('times', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  await ask(client)
  a.always(faults.slowHeaders(60))
  for (let i = 0; i < 9; i++) await ask(client)
  const { 'gpt-4o': s } = client.getSummary()
  assert.ok(s.p50LatencyMs >= 58 && s.p50LatencyMs < 160, `p50 ${s.p50LatencyMs}`)
  assert.ok(s.avgLatencyMs >= 50 && s.avgLatencyMs < 160, `avg ${s.avgLatencyMs}`)
  assert.ok(s.p50LatencyMs <= s.p95LatencyMs && s.p95LatencyMs <= s.p99LatencyMs)
})

test('how quick a model is, in a word', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const classes = (model) => [client.getSummary()[model], client.getEndpointStatus('A').models.find((m) => m.model === model)].map((m) => m.latencyClass)
  await ask(client, { model: 'quick' })
  assert.deepEqual(classes('quick'), ['fast', 'fast'])
  a.script(faults.slowHeaders(1_100))
  await ask(client, { model: 'other' })
  assert.deepEqual(classes('other'), ['normal', 'normal'])
  a.script(faults.badRequest())
  await rejection(ask(client, { model: 'never' }))
  assert.deepEqual(classes('never'), [null, null])
})

test('a stream’s time to its first content is separate from its total time', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.always(faults.combine(faults.slowFirstContent(40), faults.pace(40)))
  const { report } = await ask(client, { stream: true })
  assert.ok(report.latency.firstContentMs >= 38)
  assert.ok(report.latency.totalMs >= report.latency.firstContentMs + 70)
  assert.equal(report.latency.queueMs, 0)
})

test('retries and calls in flight', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.script(faults.serverError(), faults.hang())
  const retried = new AbortController()
  const first = rejection(ask(client, { signal: retried.signal }))
  await a.waitForHits(2)
  retried.abort()
  await first
  assert.equal(client.getEndpointStatus('A').retries, 1)
  a.clearHits()
  a.always(faults.hang())
  const controller = new AbortController()
  const calls = Array.from({ length: 3 }, () => rejection(ask(client, { signal: controller.signal })))
  await a.waitForHits(3)
  assert.equal(client.getEndpointStatus('A').inFlight, 3)
  assert.equal(client.metrics.snapshot().activeCalls, 3)
  controller.abort()
  await Promise.all(calls)
  while (client.getEndpointStatus('A').inFlight > 0) await new Promise(setImmediate)
  assert.equal(client.metrics.snapshot().activeCalls, 0)
})

test('usage and cost', async (t) => {
  const price = { input: 500_000, output: 1_000_000 }
  const { client, a } = setup(t, { servers: 1, prices: { 'gpt-4o': price } })
  a.always(faults.healthy({ usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } }))
  for (const stream of [false, true]) {
    const { report } = await ask(client, { stream })
    assert.equal(report.costUsd, 3.5)
    assert.ok(report.usage)
    assert.equal((await ask(client, { stream, model: 'other' })).report.costUsd, null)
  }
})
