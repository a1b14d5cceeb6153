'use strict'

// Hedging: a second request to another endpoint when the first is slow; the first content wins.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { setup, ask, rejection, textOf, attemptSummary, until, nextEvent, faults } = require('../helpers/client')

const hedge = { after: 20, maxExtraLoad: 1 }

for (const stream of [false, true]) {
  const slow = stream ? faults.slowFirstContent('20s') : faults.slowHeaders('20s')
  const kind = stream ? 'streamed' : 'whole'

  test(`${kind}: the second answers, the first is dropped and reported`, async (t) => {
    const { client, a, b } = setup(t, { hedge })
    a.always(slow)
    const lost = nextEvent(client, 'attempt', (attempt) => attempt.reason === 'hedged')
    const answer = await ask(client, { stream })
    assert.equal(textOf(answer), 'Hello from B')
    assert.equal(answer.report.hedged, true)
    assert.equal(answer.report.failover, true)
    assert.equal(attemptSummary(answer.report.attempts), 'A:fail:hedged B:ok')
    assert.equal(answer.report.attempts[0].maybeBilled, true)
    assert.equal((await lost).endpoint, 'A')
    await until('the first is cancelled', () => a.hits()[0]?.outcome === 'clientAborted')
    assert.equal(b.totalHits, 1)
    const { breaker, status } = client.getEndpointStatus('A')
    assert.deepEqual([breaker.consecutiveFailures, status], [0, 'healthy'], 'being slower is no failure')
    if (stream) assert.equal(answer.chunks.every((chunk) => chunk.system_fingerprint === 'fp_B'), true, 'one vendor’s chunks')
  })

  test(`${kind}: the first answers after all`, async (t) => {
    const { client, a, b } = setup(t, { hedge })
    a.always(stream ? faults.slowFirstContent(80) : faults.slowHeaders(80))
    b.always(slow)
    const answer = await ask(client, { stream })
    assert.equal(attemptSummary(answer.report.attempts), 'A:ok B:fail:hedged')
    assert.equal(answer.report.hedged, true)
    assert.equal(answer.report.failover, false)
    await until('the second is cancelled', () => b.hits()[0]?.outcome === 'clientAborted')
  })

  test(`${kind}: fast enough needs no second`, async (t) => {
    const { client, b } = setup(t, { hedge: { after: '10s', maxExtraLoad: 1 } })
    const answer = await ask(client, { stream })
    assert.equal(answer.report.hedged, false)
    assert.equal(b.totalHits, 0)
  })
}

test('a failure of one leaves the other its chance', { concurrency: true }, async (t) => {
  await t.test('the second fails', async (t) => {
    const { client, a, b } = setup(t, { hedge })
    a.always(faults.slowHeaders(100))
    b.always(faults.serverError())
    const answer = await ask(client)
    assert.equal(attemptSummary(answer.report.attempts), 'A:ok B:next:serverError')
  })
  await t.test('both fail, a third answers', async (t) => {
    const { client, a, b, c } = setup(t, { servers: 3, hedge })
    a.always(faults.combine(faults.slowHeaders(100), faults.status(500)))
    b.always(faults.serverError())
    const answer = await ask(client)
    assert.equal(textOf(answer), 'Hello from C')
    assert.equal(c.totalHits, 1)
  })
  await t.test('a caller’s mistake ends both', async (t) => {
    const { client, a, b, c } = setup(t, { servers: 3, hedge })
    a.always(faults.hang())
    b.always(faults.badRequest())
    const error = await rejection(ask(client))
    assert.equal(error.reason, 'badRequest')
    assert.equal(attemptSummary(error.attempts), 'A:fail:hedged B:fail:badRequest')
    assert.equal(c.totalHits, 0)
  })
})

test('never to the same endpoint, nor to one that throttled of late', async (t) => {
  const { client, a, b } = setup(t, { servers: 1, hedge, endpoint: () => ({ models: ['gpt-4o', 'gpt-4o-mini'] }) })
  a.always(faults.slowHeaders(60))
  assert.equal((await ask(client, { fallbackModels: ['gpt-4o-mini'] })).report.hedged, false)
  assert.equal(a.totalHits, 1)
  assert.equal(b, undefined)
  const pair = setup(t, { hedge, endpoint: (i) => ({ priority: i + 1 }) })
  pair.b.script(faults.rateLimited({ retryAfter: 1, as: 'ms' }))
  await rejection(ask(pair.client, { endpoints: 'B', maxRetries: 0 }))
  pair.a.always(faults.slowHeaders(60))
  assert.equal((await ask(pair.client)).report.hedged, false)
})

test('extra load is capped', async (t) => {
  const { client, a, b } = setup(t, { hedge: { after: 5, maxExtraLoad: 0.1 } })
  a.always(faults.slowHeaders(25))
  for (let i = 0; i < 30; i++) await ask(client)
  // The first is free, then one in ten.
  assert.ok(b.totalHits >= 2 && b.totalHits <= 4, String(b.totalHits))
})

test('after p95: not before there are twenty samples', async (t) => {
  const { client, a, b } = setup(t, { hedge: { after: 'p95', maxExtraLoad: 1 } })
  for (let i = 0; i < 20; i++) await ask(client)
  assert.equal(b.totalHits, 0)
  a.always(faults.slowHeaders('20s'))
  assert.equal((await ask(client)).report.hedged, true)
})

test('a call may switch it off, or on', async (t) => {
  const { client, a, b } = setup(t, { hedge })
  a.always(faults.slowHeaders(80))
  await ask(client, { hedge: false })
  assert.equal(b.totalHits, 0)
  const plain = setup(t, {})
  plain.a.always(faults.slowHeaders('20s'))
  assert.equal(textOf(await ask(plain.client, { hedge: { after: 20 } })), 'Hello from B')
})

test('a hedge that is not sent costs the other nothing', async (t) => {
  const { client, a, b } = setup(t, { hedge: { after: 5, maxExtraLoad: 0 }, endpoint: (i) => (i === 1 ? { limits: { rpm: 60, tpm: 100_000 } } : {}) })
  a.always(faults.slowHeaders(20))
  for (let i = 0; i < 10; i++) await ask(client)
  const { rateLimit } = client.getEndpointStatus('B') ?? {}
  assert.ok(b.totalHits <= 1)
  assert.ok(rateLimit === null || rateLimit.requests.remaining >= 58, JSON.stringify(rateLimit))
})

test('a first that refuses what the second may take does not end the second', async (t) => {
  const { client, a, b } = setup(t, { hedge, endpoint: (i) => ({ contextWindow: [1_000, 1_000_000][i] }) })
  a.always(faults.combine(faults.slowHeaders(60), faults.contextLength()))
  b.always(faults.slowHeaders(200))
  const answer = await ask(client)
  assert.equal(textOf(answer), 'Hello from B')
})
