'use strict'

// Rate budgets: requests, tokens and requests at once; configured, learned from headers, and waited for in a queue.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const bellwether = require('../..')
const { setup, ask, rejection, textOf, attemptSummary, until, faults } = require('../helpers/client')

const each = (limits) => ({ endpoint: (i) => (i === 0 ? { limits } : {}) })
const left = (limit, remaining, reset) => faults.headers({
  'x-ratelimit-limit-requests': String(limit), 'x-ratelimit-remaining-requests': String(remaining), 'x-ratelimit-reset-requests': reset
})

test('what exceeds the requests per minute goes to the next endpoint', async (t) => {
  const { client, a, b } = setup(t, each({ rpm: 3 }))
  for (let i = 0; i < 3; i++) assert.equal(textOf(await ask(client)), 'Hello from A')
  const fourth = await ask(client)
  assert.equal(textOf(fourth), 'Hello from B')
  assert.equal(attemptSummary(fourth.report.attempts), 'A:skipped:limiter B:ok')
  assert.equal(fourth.report.failover, true)
  assert.deepEqual([a.totalHits, b.totalHits], [3, 1])
})

test('without another endpoint a call waits for its turn', async (t) => {
  const { client, a } = setup(t, { servers: 1, ...each({ rpm: 120 }) })
  await Promise.all(Array.from({ length: 120 }, () => ask(client)))
  const answer = await ask(client)
  assert.equal(attemptSummary(answer.report.attempts), 'A:ok')
  assert.ok(answer.report.latency.queueMs > 0)
  assert.equal(a.totalHits, 121)
})

test('one that cannot make its deadline fails at once, with the time of the next try', async (t) => {
  const { client, a } = setup(t, { servers: 1, ...each({ rpm: 1 }) })
  await ask(client)
  for (const options of [{ timeout: '5s' }, { onUnavailable: 'error' }]) {
    const error = await rejection(ask(client, options))
    assert.ok(error instanceof bellwether.RateLimitError, error.name)
    assert.equal(error.reason, 'limiter')
    assert.equal(error.retryable, true)
    assert.ok(error.retryAfterMs > 50_000 && error.retryAfterMs <= 60_000, String(error.retryAfterMs))
    assert.equal(attemptSummary(error.attempts), 'A:skipped:limiter')
  }
  assert.equal(a.totalHits, 1)
})

test('a full wait queue is reported as such, and not as a rate limit', { concurrency: true }, async (t) => {
  await t.test('maxConcurrency', async (t) => {
    const { client, a } = setup(t, { servers: 1, ...each({ maxConcurrency: 2, rpm: 1_000 }) })
    a.always(faults.hang())
    const controller = new AbortController()
    t.after(() => controller.abort())
    for (let i = 0; i < 2; i++) ask(client, { signal: controller.signal }).catch(() => {})
    await until('both are under way', () => a.totalHits === 2)
    const error = await rejection(ask(client, { onUnavailable: 'error' }))
    assert.equal(error.message, 'A: skipped: its maxConcurrency of 2 is reached')
    assert.deepEqual([error.name, error.reason, error.retryable, error.retryAfterMs], ['RateLimitError', 'limiter', true, undefined])
  })
  await t.test('after a throttle', async (t) => {
    const { client, a } = setup(t, { servers: 1, breaker: false, maxRetries: 0 })
    // One at a time is not too many at once; two may be.
    const throttle = { ...faults.rateLimited({ retryAfter: 1, as: 'ms' }), delay: { headers: 50 } }
    a.script(throttle, throttle)
    a.always(faults.hang())
    await Promise.all([0, 1].map(() => rejection(ask(client, { onUnavailable: 'error' }))))
    const controller = new AbortController()
    t.after(() => controller.abort())
    const errors = []
    await until('every place is taken', () => {
      ask(client, { onUnavailable: 'error', signal: controller.signal }).catch((e) => errors.push(e))
      return errors.some((e) => e.reason === 'limiter')
    })
    const error = errors.find((e) => e.reason === 'limiter')
    assert.match(error.message, /^A: skipped: its concurrency was lowered to \d+ after throttling and is reached$/)
    assert.equal(error.reason, 'limiter')
  })
  await t.test('a rate is still called one', async (t) => {
    const { client } = setup(t, { servers: 1, ...each({ maxConcurrency: 5, rpm: 1 }) })
    await ask(client)
    const error = await rejection(ask(client, { onUnavailable: 'error' }))
    assert.equal(error.message, 'A: skipped: its rate budget is used up')
  })
})

test('higher priorities go first, then first come, first served', async (t) => {
  const { client, a } = setup(t, { servers: 1, ...each({ maxConcurrency: 1 }) })
  a.always(faults.slowHeaders(30))
  const order = []
  const send = (content, queuePriority) => client.chatCompletion('gpt-4o', content, { queuePriority }).then(() => order.push(content))
  const first = send('first', 0)
  await until('the first is under way', () => a.connections > 0)
  const rest = [send('low 1', -1), send('plain 1'), send('plain 2'), send('high 1', 5), send('high 2', 5), send('low 2', -1)]
  await Promise.all([first, ...rest])
  assert.deepEqual(order, ['first', 'high 1', 'high 2', 'plain 1', 'plain 2', 'low 1', 'low 2'])
})

test('an abort gives its place in the queue to the next', async (t) => {
  const { client, a } = setup(t, { servers: 1, ...each({ maxConcurrency: 1 }) })
  a.script(faults.slowHeaders(80))
  const first = ask(client)
  const controller = new AbortController()
  const second = rejection(ask(client, { signal: controller.signal }))
  const third = ask(client)
  controller.abort(new Error('enough'))
  assert.equal((await second).message, 'enough')
  await Promise.all([first, third])
  assert.equal(a.totalHits, 2)
  assert.equal(client.metrics.snapshot().waitingCalls, 0)
})

test('the number of waiting calls is limited, and further ones are rejected', async (t) => {
  const { client, a } = setup(t, { servers: 1, ...each({ maxConcurrency: 1 }) })
  a.always(faults.hang())
  const signal = AbortSignal.timeout(60_000)
  const controller = new AbortController()
  t.after(() => controller.abort())
  const calls = Array.from({ length: 4097 }, () => client.chatCompletion('gpt-4o', 'hi', { signal: controller.signal }).catch((error) => error))
  await until('all wait', () => client.metrics.snapshot().waitingCalls === 4096)
  const error = await rejection(ask(client, { signal }))
  assert.ok(error instanceof bellwether.QueueFullError, error.name)
  assert.equal(error.reason, 'queueFull')
  controller.abort()
  await Promise.all(calls)
  await until('nobody waits', () => client.metrics.snapshot().waitingCalls === 0)
})

test('tokens are reserved before and settled by usage', async (t) => {
  const { client, a } = setup(t, { servers: 1, ...each({ tpm: 10_000 }) })
  const tokens = () => client.getEndpointStatus('A').rateLimit.tokens
  a.always(faults.slowHeaders(200))
  const under = ask(client, { maxTokens: 6_000 })
  await until('it is under way', () => client.getEndpointStatus('A').inFlight === 1)
  assert.ok(tokens().remaining < 4_100, JSON.stringify(tokens()))
  // The second would need more than is left, and the minute is longer than it has.
  const error = await rejection(ask(client, { maxTokens: 6_000, timeout: '2s' }))
  assert.equal(error.reason, 'limiter')
  const { usage } = (await under).report
  assert.ok(tokens().remaining > 10_000 - usage.totalTokens - 1, JSON.stringify(tokens()))
  a.always()
  await ask(client, { maxTokens: 6_000 })
})

test('a failure that the vendor does not count is paid back', { concurrency: true }, async (t) => {
  const cases = { refused: [(a) => a.refuse('60s'), 5], 'a 500': [(a) => a.always(faults.serverError()), 4], 'a 429': [(a) => a.always(faults.status(429)), 4] }
  for (const [name, [break_, requests]] of Object.entries(cases)) {
    await t.test(name, async (t) => {
      const { client, a } = setup(t, { ...each({ rpm: 5, tpm: 10_000 }), maxRetries: 0 })
      if (name === 'refused') await a.stop()
      else break_(a)
      await ask(client, { maxTokens: 6_000 })
      const { rateLimit } = client.getEndpointStatus('A')
      assert.equal(rateLimit.requests.remaining, requests)
      assert.equal(rateLimit.tokens.remaining, 10_000)
    })
  }
})

test('limits in headers apply where none is configured', async (t) => {
  const { client, a } = setup(t, {})
  a.script(left(100, 0, '10m0s'))
  await ask(client)
  const second = await ask(client)
  assert.equal(attemptSummary(second.report.attempts), 'A:skipped:limiter B:ok')
  assert.deepEqual(client.getEndpointStatus('A').rateLimit.requests, { limit: 100, remaining: 0 })
})

test('headers lower what is configured and never raise it', async (t) => {
  const { client, a } = setup(t, each({ rpm: 10 }))
  a.script(left(1_000_000, 999_999, '1s'))
  await ask(client)
  assert.deepEqual(client.getEndpointStatus('A').rateLimit.requests, { limit: 10, remaining: 9 })
})

test('headers that make no sense teach nothing', async (t) => {
  const { client, a } = setup(t, {})
  a.script(left(-1, 0, '0s'), left('', '', 'soon'), left(0, 0, '1s'))
  for (let i = 0; i < 4; i++) assert.equal(textOf(await ask(client)), 'Hello from A')
  assert.equal(client.getEndpointStatus('A').rateLimit, null)
})

test('a throttle under load narrows concurrency, and no call is lost', async (t) => {
  const { client, a } = setup(t, { servers: 1, maxRetries: 10 })
  // All are in flight when the first is throttled. The breaker opens as well, and is probed when the cooldown is over.
  const throttle = { ...faults.rateLimited({ retryAfter: 50, as: 'ms' }), delay: { headers: 200 } }
  a.script(...Array(40).fill(throttle))
  const answers = await Promise.all(Array.from({ length: 40 }, () => ask(client, { timeout: '4s' })))
  assert.ok(answers.every((answer) => textOf(answer) === 'Hello from A'))
  assert.equal(a.totalHits, 80)
  assert.ok(client.getEndpointStatus('A').rateLimit.maxConcurrency < 80)
})

test('each key of a pool has its own budget', async (t) => {
  const keys = ['sk-one-0123456789abcdef', 'sk-two-0123456789abcdef']
  const { client, a } = setup(t, { servers: 1, endpoint: () => ({ apiKey: keys, limits: { rpm: 2 } }) })
  for (let i = 0; i < 4; i++) await ask(client)
  const error = await rejection(ask(client, { onUnavailable: 'error' }))
  assert.equal(error.reason, 'limiter')
  const used = a.hits().map((hit) => hit.headers.authorization).sort()
  assert.deepEqual(used, [keys[0], keys[0], keys[1], keys[1]].map((key) => `Bearer ${key}`))
})

test('an abort with a huge output limit does not lock the budget for the others', async (t) => {
  const { client, a } = setup(t, { servers: 1, ...each({ tpm: 600_000 }) })
  a.script(faults.slowHeaders('10s'))
  const controller = new AbortController()
  const huge = rejection(ask(client, { maxTokens: 1e15, signal: controller.signal }))
  await until('it is under way', () => a.totalHits === 1)
  controller.abort()
  await huge
  assert.equal(textOf(await ask(client, { timeout: '20s' })), 'Hello from A')
})

test('an unbelievable usage blocks nothing', async (t) => {
  const { client, a } = setup(t, { servers: 1, ...each({ tpm: 6_000_000 }) })
  const usage = { prompt_tokens: 1e15, completion_tokens: 9e15, total_tokens: 1e16 }
  const body = { id: 'x', object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }], usage }
  a.script(faults.status(200, { body }))
  await ask(client)
  const error = await rejection(ask(client, { timeout: 50 })).catch(() => undefined)
  assert.ok(error === undefined || error.retryAfterMs === undefined || error.retryAfterMs <= 121_000, String(error?.retryAfterMs))
})

test('the remaining amount in headers counts, also when it is higher than before', async (t) => {
  const { client, a } = setup(t, {})
  a.script(left(100, 0, '1s'), left(100, 100, '0s'))
  await ask(client)
  await until('it is asked again', async () => textOf(await ask(client)) === 'Hello from A')
  assert.equal(client.getEndpointStatus('A').rateLimit.requests.remaining >= 99, true)
  for (let i = 0; i < 20; i++) assert.equal(textOf(await ask(client)), 'Hello from A')
})
