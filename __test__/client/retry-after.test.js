'use strict'

// Retry-After is understood in every form, never shortened, and waited for only if there is time and no other endpoint.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { RateLimitError } = require('../..')
const { TRANSPORTS, setup, ask, rejection, textOf, attemptSummary, until, faults } = require('../helpers/client')

const left = (client, name = 'A') => (client.getEndpointStatus(name).cooldownUntil ?? 0) - Date.now()
const limited = (options) => faults.rateLimited(options)
const inBody = (error) => faults.status(429, { body: { error: { message: 'Slow down please', type: 'requests', code: 'rate_limit_exceeded', ...error } } })
const withHeaders = (headers) => faults.combine(limited(), faults.headers(headers))
const date = (ms) => new Date(Date.now() + ms).toUTCString()

const forms = [
  // name, fault, the wait in ms; undefined: no hint
  ['seconds', limited({ retryAfter: '7s' }), 7000],
  ['float seconds', limited({ retryAfter: '1898ms', as: 'float' }), 1898],
  ['milliseconds', limited({ retryAfter: '1898ms', as: 'ms' }), 1898],
  ['HTTP date', limited({ retryAfter: '20s', as: 'date' }), [19_000, 21_000]],
  ['HTTP date by a wrong clock', faults.combine(limited(), faults.retryAfter('20s', { as: 'date', clockSkew: '1h' })), [19_000, 21_000]],
  ['member of the body', limited({ retryAfter: '1898ms', as: 'body' }), 1898],
  ['Google’s RetryInfo', limited({ retryAfter: '1898ms', as: 'retryInfo' }), 1898],
  ['text', limited({ retryAfter: '1898ms', as: 'text' }), 1898],
  ['text in milliseconds', inBody({ message: 'Limit reached. Please try again in 450ms.' }), 450],
  ['milliseconds before seconds', withHeaders({ 'retry-after-ms': '1500', 'retry-after': '60' }), 1500],
  ['headers before the body', faults.combine(inBody({ retry_after: 60 }), faults.headers({ 'retry-after': '3' })), 3000],
  ['broken milliseconds, good seconds', withHeaders({ 'retry-after-ms': 'soon', 'retry-after': '3' }), 3000],
  ['not a number', withHeaders({ 'retry-after': 'NaN' }), undefined],
  ['negative', withHeaders({ 'retry-after': '-5' }), undefined],
  ['infinite', withHeaders({ 'retry-after': 'Infinity' }), undefined],
  ['overflowing', withHeaders({ 'retry-after': '1e400' }), undefined],
  ['text that is none', withHeaders({ 'retry-after': 'later' }), undefined],
  ['empty', withHeaders({ 'retry-after': '' }), undefined],
  ['a date that has passed', withHeaders({ date: date(0), 'retry-after': date(-60_000) }), undefined],
  ['time to full refill is no wait', withHeaders({ 'x-ratelimit-reset-requests': '6m0s', 'x-ratelimit-reset-tokens': '6m0s' }), undefined],
  ['none', limited(), undefined]
]

for (const transport of TRANSPORTS) {
  test(`${transport.transport}: forms`, { concurrency: 8 }, async (t) => {
    await Promise.all(forms.map(([name, fault, expected]) => t.test(name, async (t) => {
      const { client, a } = setup(t, { servers: 1, transport, onUnavailable: 'error' })
      a.script(fault)
      const error = await rejection(ask(client))
      assert.ok(error instanceof RateLimitError)
      const [low, high] = Array.isArray(expected) ? expected : [expected ?? 900, expected ?? 1000]
      const wait = left(client)
      assert.ok(wait > low - 300 && wait <= high * 1.1 + 5, `parked for ${wait} ms`)
      if (typeof expected === 'number') assert.equal(error.retryAfterMs, expected)
      else assert.ok(error.retryAfterMs >= low - 300 && error.retryAfterMs <= high * 1.1 + 5, `${error.retryAfterMs}`)
      assert.equal(a.totalHits, 1)
    })))
  })
}

test('a cooldown is not shortened by a shorter hint', async (t) => {
  const { client, a } = setup(t, { servers: 1, onUnavailable: 'error' })
  const slowly = (retryAfter) => faults.combine(limited({ retryAfter }), faults.slowHeaders(50))
  a.script(slowly('30s'), slowly('1s'))
  const both = [rejection(ask(client)), rejection(ask(client))]
  await Promise.all(both)
  assert.equal(a.totalHits, 2)
  assert.ok(left(client) > 29_000)
})

test('a parked endpoint gets no call before its time, and one after it', async (t) => {
  const { client, a, b } = setup(t)
  a.script(limited({ retryAfter: 300, as: 'ms' }))
  await ask(client)
  const until_ = client.getEndpointStatus('A').cooldownUntil
  let answer
  do {
    answer = await ask(client)
    if (answer.report.endpoint === 'B') assert.equal(attemptSummary(answer.report.attempts), 'A:skipped:cooldown B:ok')
  } while (answer.report.endpoint === 'B')
  const [, second] = a.hits()
  assert.ok(second.at >= until_ - 2, `asked ${until_ - second.at} ms early`)
  assert.equal(attemptSummary(answer.report.attempts), 'A:ok')
  assert.ok(b.totalHits > 2)
})

for (const stream of [false, true]) {
  test(`alone it waits when that fits the deadline${stream ? ', streamed' : ''}`, async (t) => {
    const { client, a } = setup(t, { servers: 1 })
    a.script(limited({ retryAfter: 150, as: 'ms' }))
    const answer = await ask(client, { stream, timeout: '5s' })
    assert.equal(textOf(answer), 'Hello from A')
    assert.equal(attemptSummary(answer.report.attempts), 'A:retry:rateLimited A:ok')
    const [first, second] = a.hits()
    assert.ok(second.at - first.at >= 148, `${second.at - first.at} ms`)
  })

  test(`alone it fails at once when that does not fit${stream ? ', streamed' : ''}`, async (t) => {
    const { client, a } = setup(t, { servers: 1 })
    a.script(limited({ retryAfter: '20s' }))
    const began = Date.now()
    const error = await rejection(ask(client, { stream, timeout: '10s' }))
    assert.ok(Date.now() - began < 2000)
    assert.ok(error instanceof RateLimitError)
    assert.equal(error.retryAfterMs, 20_000)
    assert.equal(error.retryable, true)
    const next = await rejection(ask(client, { stream, timeout: '5s' }))
    assert.equal(a.totalHits, 1, 'nobody is asked while it is parked')
    assert.ok(next.retryAfterMs > 15_000)
    assert.equal(next.reason, 'rateLimited')
  })
}

test('a hint of a 503 is waited for as well', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.script(faults.unavailable({ retryAfter: 120, as: 'ms' }))
  const answer = await ask(client)
  assert.equal(attemptSummary(answer.report.attempts), 'A:retry:overloaded A:ok')
  const [first, second] = a.hits()
  assert.ok(second.at - first.at >= 118)
})

test('x-should-retry: false forbids the same endpoint, not the next', async (t) => {
  const { client, a, b } = setup(t)
  a.script(limited({ retryAfter: 10, as: 'ms', headers: { 'x-should-retry': 'false' } }))
  b.script(limited({ retryAfter: 10, as: 'ms', headers: { 'x-should-retry': 'false' } }))
  const error = await rejection(ask(client))
  assert.deepEqual([a.totalHits, b.totalHits], [1, 1])
  assert.equal(error.name, 'AllEndpointsFailedError')
  assert.equal(error.errors.length, 2)
})

for (const [first, second, name] of [[30_000, 150, 'B'], [150, 30_000, 'A']]) {
  test(`all in cooldown: the first to be ready is waited for, ${name}`, async (t) => {
    const { client, a, b } = setup(t)
    a.script(limited({ retryAfter: first, as: 'ms' }))
    b.script(limited({ retryAfter: second, as: 'ms' }))
    const answer = await ask(client, { timeout: '40s', signal: AbortSignal.timeout(5000) })
    assert.equal(textOf(answer), `Hello from ${name}`)
    assert.equal(a.totalHits + b.totalHits, 3)
    await until('it is healthy', () => client.getEndpointStatus(name).status === 'healthy')
  })
}

test('all in a long cooldown: the earliest retry is named', async (t) => {
  const { client, a, b } = setup(t)
  a.script(limited({ retryAfter: '30s' }))
  b.script(limited({ retryAfter: '60s' }))
  const error = await rejection(ask(client, { timeout: '5s' }))
  assert.equal(error.name, 'AllEndpointsFailedError')
  assert.equal(error.reason, 'rateLimited')
  assert.equal(error.status, 429)
  const wait = error.earliestRetryAt - Date.now()
  assert.ok(wait > 28_000 && wait <= 33_100, `${wait}`)
  assert.ok(error.retryAfterMs > 28_000 && error.retryAfterMs <= 33_100)
  await rejection(ask(client, { timeout: '5s' }))
  assert.deepEqual([a.totalHits, b.totalHits], [1, 1])
})
