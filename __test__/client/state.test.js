'use strict'

// What a failure leaves behind: the endpoint's status word, its cooldown, its breaker, its last error.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { setup, ask, rejection, faults } = require('../helpers/client')

const MINUTE = 60_000
const FOREVER = [9 * MINUTE, 10 * MINUTE]
const CREDIT = [4.9 * MINUTE, 5 * MINUTE]

const rows = [
  // name, fault, status word, cooldown from and to in ms (undefined: none), consecutive failures
  ['nothing', faults.healthy(), 'healthy', undefined, 0],
  ['500', faults.serverError(), 'healthy', undefined, 1],
  ['408', faults.requestTimeout(), 'healthy', undefined, 1],
  ['409', faults.conflict(), 'healthy', undefined, 0],
  ['reset', faults.reset(), 'healthy', undefined, 1],
  ['503', faults.unavailable(), 'degraded', [800, 2000], 0],
  ['503 with a hint', faults.unavailable({ retryAfter: '9s' }), 'degraded', [8500, 9900], 0],
  ['overloaded', faults.overloaded(), 'degraded', [800, 2000], 0],
  ['429', faults.rateLimited(), 'rate_limited', [800, 1100], 0],
  ['429 with a hint', faults.rateLimited({ retryAfter: '9s' }), 'rate_limited', [8500, 9900], 0],
  ['429, too large', faults.tooLargeForLimit(), 'healthy', undefined, 0],
  ['quota', faults.quota(), 'rate_limited', CREDIT, 0],
  ['quota with a short hint', faults.quota({ retryAfter: '2s' }), 'rate_limited', CREDIT, 0],
  ['quota with a long hint', faults.quota({ retryAfter: '10m' }), 'rate_limited', FOREVER, 0],
  ['402', faults.insufficientBalance(), 'rate_limited', CREDIT, 0],
  ['401', faults.auth(), 'down', [0.9 * MINUTE, MINUTE], 0],
  ['403', faults.permission(), 'down', [0.9 * MINUTE, MINUTE], 0],
  ['404', faults.notFound(), 'degraded', FOREVER, 0],
  ['400', faults.badRequest(), 'healthy', undefined, 0],
  ['context length', faults.contextLength(), 'healthy', undefined, 0],
  ['content filter', faults.contentFilter(), 'healthy', undefined, 0],
  ['finish reason length', faults.finish('length'), 'healthy', undefined, 0],
  ['finish reason content_filter', faults.finish('content_filter'), 'healthy', undefined, 0],
  ['a refusal', faults.refusal(), 'healthy', undefined, 0],
  ['overloaded inside a stream', faults.errorEvent('overloaded', { after: 'headers' }), 'degraded', [800, 2000], 0],
  ['a stream cut after content', faults.cut({ after: 1 }), 'healthy', undefined, 1]
]

test('one failure', { concurrency: 8 }, async (t) => {
  await Promise.all(rows.map(([name, fault, status, cooldown, consecutive]) => t.test(name, async (t) => {
    const { client, a } = setup(t, { servers: 1, timeout: 500, maxRetries: 0 })
    a.script(fault)
    await ask(client, { stream: true }).catch(() => {})
    const s = client.getEndpointStatus('A')
    assert.equal(s.status, status)
    assert.equal(s.breaker.state, 'closed')
    assert.equal(s.breaker.consecutiveFailures, consecutive)
    if (cooldown === undefined) {
      assert.equal(s.cooldownUntil ?? undefined, undefined)
    } else {
      const left = s.cooldownUntil - Date.now()
      assert.ok(left >= cooldown[0] && left <= cooldown[1], `cooling for ${left} ms`)
    }
    assert.equal(a.totalHits, 1)
    assert.equal(s.inFlight, 0)
  })))
})

test('a refused connection parks the origin for a moment', async (t) => {
  const { client, a, b } = setup(t)
  await a.ready
  a.stop()
  await ask(client)
  const s = client.getEndpointStatus('A')
  assert.equal(s.status, 'degraded')
  assert.equal(s.lastError.reason, 'connect')
  assert.ok(s.cooldownUntil - Date.now() <= 250)
  assert.equal(s.breaker.consecutiveFailures, 1)
  await ask(client)
  assert.equal(b.totalHits, 2)
})

test('the last error describes the failure, and a success leaves it readable', async (t) => {
  const { client, a } = setup(t, { servers: 1, maxRetries: 0 })
  a.script(faults.serverError({ message: 'the flux is out' }))
  await rejection(ask(client))
  const { lastError } = client.getEndpointStatus('A')
  assert.equal(lastError.reason, 'serverError')
  assert.match(lastError.message, /the flux is out/)
  assert.ok(Math.abs(new Date(lastError.at) - Date.now()) < 5000)
  await ask(client)
  const s = client.getEndpointStatus('A')
  assert.equal(s.status, 'healthy')
  assert.equal(s.breaker.consecutiveFailures, 0)
  assert.equal(s.totalRequests, 2)
  assert.equal(s.failedRequests, 1)
  assert.equal(s.availabilityPercentage, 50)
})

test('a caller’s own mistakes, timeouts and aborts count against no endpoint', async (t) => {
  const { client, a } = setup(t, { servers: 1, maxRetries: 0 })
  for (let i = 0; i < 12; i++) {
    a.script(faults.badRequest())
    await rejection(ask(client))
    a.script(faults.hang())
    await rejection(ask(client, { timeout: 20 }))
    a.script(faults.hang())
    await rejection(ask(client, { signal: AbortSignal.timeout(20) }))
  }
  const s = client.getEndpointStatus('A')
  assert.equal(s.status, 'healthy')
  assert.equal(s.breaker.state, 'closed')
  assert.equal(s.breaker.consecutiveFailures, 0)
  assert.equal(s.availabilityPercentage, 100)
})
