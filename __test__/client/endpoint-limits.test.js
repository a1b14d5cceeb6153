'use strict'

// An endpoint's own limits: latency, cost, context. Skips are in the attempts; the last endpoint has no time limit.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const bellwether = require('../..')
const { setup, ask, rejection, textOf, attemptSummary, recordEvents, faults } = require('../helpers/client')

const first = (options, rest = {}) => ({ endpoint: (i) => (i === 0 ? options : rest) })

test('maxLatency: skipped once its p95 is above it, while another will do', async (t) => {
  const { client, a } = setup(t, first({ maxLatency: 20 }))
  a.always(faults.slowHeaders(40))
  for (let i = 0; i < 20; i++) assert.equal(textOf(await ask(client)), 'Hello from A')
  assert.equal(client.getEndpointStatus('A').status, 'degraded')
  const answer = await ask(client)
  assert.equal(attemptSummary(answer.report.attempts), 'A:skipped:latencyLimit B:ok')
  assert.equal(answer.report.failover, true)
  client.isolate('B')
  assert.equal(textOf(await ask(client)), 'Hello from A', 'slow is better than nobody')
})

test('maxLatency: a stream’s first content has that long while another is ready', { concurrency: true }, async (t) => {
  await t.test('another is ready', async (t) => {
    const { client, a } = setup(t, first({ maxLatency: 60 }))
    a.always(faults.slowFirstContent('10s'))
    const answer = await ask(client, { stream: true })
    assert.equal(attemptSummary(answer.report.attempts), 'A:next:latencyLimit B:ok')
    assert.equal(client.getEndpointStatus('A').breaker.consecutiveFailures, 0, 'our limit is no sickness')
  })
  await t.test('the only endpoint', async (t) => {
    const { client, a } = setup(t, { servers: 1, ...first({ maxLatency: 20 }) })
    a.always(faults.slowFirstContent(100))
    assert.equal(textOf(await ask(client, { stream: true })), 'Hello from A')
  })
  await t.test('the other fails: the slow one is asked again, and waited for', async (t) => {
    const { client, a, b } = setup(t, first({ maxLatency: 30 }))
    a.always(faults.slowFirstContent(120))
    b.always(faults.badGateway?.() ?? faults.status(502))
    const answer = await ask(client, { stream: true })
    assert.equal(textOf(answer), 'Hello from A')
    assert.match(attemptSummary(answer.report.attempts), /^A:retry:latencyLimit (B:\w+:serverError )+A:ok$/)
  })
  await t.test('whole answers have no such deadline', async (t) => {
    const { client, a } = setup(t, first({ maxLatency: 20 }))
    a.always(faults.slowHeaders(100))
    assert.equal(textOf(await ask(client)), 'Hello from A')
  })
})

test('costLimitPerRequest: a request that may cost more is not sent', { concurrency: true }, async (t) => {
  const dear = { price: { input: 10, output: 100 }, costLimitPerRequest: 0.01 }
  await t.test('by its output limit', async (t) => {
    const { client, a } = setup(t, first(dear))
    assert.equal(textOf(await ask(client, { maxTokens: 50 })), 'Hello from A')
    const answer = await ask(client, { maxTokens: 5_000 })
    assert.equal(attemptSummary(answer.report.attempts), 'A:skipped:costLimit B:ok')
    assert.equal(a.totalHits, 1)
  })
  await t.test('by its prompt', async (t) => {
    const { client } = setup(t, first(dear))
    const messages = [{ role: 'user', content: 'word '.repeat(4_000) }]
    const { report } = await client.chatCompletion({ model: 'gpt-4o', max_completion_tokens: 1, messages })
    assert.equal(attemptSummary(report.attempts), 'A:skipped:costLimit B:ok')
  })
  await t.test('no endpoint is cheap enough', async (t) => {
    const { client, a } = setup(t, { servers: 1, ...first(dear) })
    const error = await rejection(ask(client, { maxTokens: 5_000 }))
    assert.ok(error instanceof bellwether.BudgetExceededError, error.name)
    assert.deepEqual([error.reason, error.retryable, error.code], ['costLimit', false, 'ERR_BELLWETHER_BUDGET_EXCEEDED'])
    assert.equal(a.totalHits, 0)
  })
  await t.test('without a price it is not enforced, which is reported once', async (t) => {
    const { client } = setup(t, first({ costLimitPerRequest: 0.000_001 }))
    const told = recordEvents(client, 'config')
    for (let i = 0; i < 3; i++) assert.equal(textOf(await ask(client, { maxTokens: 9_999 })), 'Hello from A')
    assert.equal(told.length, 1)
    assert.equal(told[0].endpoint, 'A')
    assert.match(told[0].message, /price/)
  })
})

test('contextWindow: a request that is too long goes to a declared larger window only', { concurrency: true }, async (t) => {
  const windows = async (t, sizes) => {
    const { client, servers } = setup(t, { servers: 3, endpoint: (i) => (sizes[i] ? { contextWindow: sizes[i] } : {}) })
    servers[0].always(faults.contextLength())
    servers[1].always(faults.contextLength())
    const result = await ask(client).catch((error) => error)
    return [result.report ? textOf(result) : result.name, attemptSummary((result.report ?? result).attempts), ...servers.map((s) => s.totalHits)]
  }
  const cases = [
    ['nobody declares one', [], ['ContextLengthError', 'A:fail:contextLength', 1, 0, 0]],
    ['a larger one', [8_000, 8_000, 128_000], ['Hello from C', 'A:next:contextLength C:ok', 1, 0, 1]],
    ['none larger', [128_000, 8_000, 128_000], ['ContextLengthError', 'A:fail:contextLength', 1, 0, 0]],
    ['larger and still too small', [8_000, 16_000], ['ContextLengthError', 'A:next:contextLength B:fail:contextLength', 1, 1, 0]],
    ['larger than the text, where the first says nothing', [0, 0, 128_000], ['Hello from C', 'A:next:contextLength C:ok', 1, 0, 1]]
  ]
  for (const [name, sizes, expected] of cases) await t.test(name, async (t) => assert.deepEqual(await windows(t, sizes), expected))
})

test('contextWindow: before an endpoint has refused, it excludes none', { concurrency: true }, async (t) => {
  const content = 'word '.repeat(2_000)
  await t.test('a request that is longer by our estimate is sent all the same, and first where it is first', async (t) => {
    const { client, a, b } = setup(t, { endpoint: (i) => ({ contextWindow: [10, 1_000_000][i] }) })
    const { report } = await client.chatCompletion('gpt-4o', content)
    assert.equal(attemptSummary(report.attempts), 'A:ok')
    assert.deepEqual([a.totalHits, b.totalHits], [1, 0])
  })
  await t.test('after a failure of another kind neither', async (t) => {
    const { client, a } = setup(t, { endpoint: (i) => ({ contextWindow: [1_000_000, 10][i] }) })
    a.always(faults.serverError())
    const { report } = await client.chatCompletion('gpt-4o', content)
    assert.equal(attemptSummary(report.attempts), 'A:next:serverError B:ok')
  })
  await t.test('not to one that declares less than the text, where the refusing one declares nothing', async (t) => {
    const { client, a, b } = setup(t, { endpoint: (i) => (i === 0 ? {} : { contextWindow: 100 }) })
    a.always(faults.contextLength())
    const error = await rejection(client.chatCompletion('gpt-4o', content))
    assert.equal(error.name, 'ContextLengthError')
    assert.equal(b.totalHits, 0)
  })
})

test('too large for a limit: not to one that is known to allow as little', async (t) => {
  const { client, a, b, c } = setup(t, { servers: 3, endpoint: (i) => (i < 2 ? { limits: { tpm: 10_000 } } : {}) })
  a.always(faults.tooLargeForLimit())
  const answer = await ask(client)
  assert.equal(attemptSummary(answer.report.attempts), 'A:next:tooLargeForLimit C:ok')
  assert.deepEqual([a.totalHits, b.totalHits, c.totalHits], [1, 0, 1])
})

test('retry.failoverOn: the caller’s mistakes move on by leave only', { concurrency: true }, async (t) => {
  for (const [kind, fault] of [['contentFilter', faults.contentFilter()], ['badRequest', faults.unsupportedParameter()]]) {
    for (const failoverOn of [[], [kind], ['contentFilter', 'badRequest']]) {
      await t.test(`${kind}: ${failoverOn}`, async (t) => {
        const { client, a, b } = setup(t, failoverOn.length ? { retry: { failoverOn } } : {})
        a.always(fault)
        const result = await ask(client).catch((error) => error)
        if (failoverOn.includes(kind)) {
          assert.equal(attemptSummary(result.report.attempts), `A:next:${kind} B:ok`)
          b.always(fault)
          const both = await rejection(ask(client))
          assert.equal(both.reason, kind)
          assert.equal(both.retryable, false)
        } else {
          assert.equal(result.reason, kind)
          assert.equal(b.totalHits, 0)
        }
      })
    }
  }
})
