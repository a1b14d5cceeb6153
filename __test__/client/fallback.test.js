'use strict'

// No endpoint answers: the call gets the marked fallback, or an error with the time of the next try.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const bellwether = require('../..')
const { setup, ask, rejection, textOf, attemptSummary, recordEvents, faults } = require('../helpers/client')

const SORRY = 'The service is temporarily unavailable. Please try again shortly.'

/** A client with endpoints that all fail. */
function down (t, options) {
  const all = setup(t, { maxRetries: 0, ...options })
  for (const server of all.servers) server.always(faults.serverError())
  return all
}

for (const stream of [false, true]) {
  test(`the fallback, ${stream ? 'streamed' : 'whole'}`, { concurrency: true }, async (t) => {
    for (const [given, expected] of [
      [true, SORRY], ['Come back later.', 'Come back later.'], [(request) => `You said ${request.messages[0].content}`, 'You said hi'],
      [async () => 'after a while', 'after a while']
    ]) {
      await t.test(typeof given === 'function' ? `function: ${expected}` : String(given), async (t) => {
        const { client } = down(t, { fallbackResponse: given })
        const answer = await ask(client, { stream })
        assert.equal(textOf(answer), expected)
        assert.equal(answer.object, 'chat.completion')
        assert.equal(answer.choices[0].finish_reason, 'stop')
        const { report } = answer
        assert.deepEqual([report.degraded, report.endpoint, report.failover, report.usage, report.costUsd], [true, 'fallback', true, null, null])
        assert.equal(attemptSummary(report.attempts), 'A:next:serverError B:fail:serverError')
        if (stream) {
          assert.equal(answer.chunks.map((chunk) => chunk.choices[0].delta.content ?? '').join(''), expected)
          assert.equal(answer.chunks[0].choices[0].delta.role, 'assistant')
          assert.equal(answer.chunks.at(-1).choices[0].finish_reason, 'stop')
        }
      })
    }
  })
}

test('onUnavailable: "fallback" needs no text, and does not wait', async (t) => {
  const { client, a } = setup(t, { servers: 1, onUnavailable: 'fallback' })
  a.always(faults.rateLimited({ retryAfter: '30s' }))
  assert.equal(textOf(await ask(client)), SORRY)
  const second = await ask(client)
  assert.equal(textOf(second), SORRY)
  assert.equal(attemptSummary(second.report.attempts), 'A:skipped:cooldown')
  assert.ok(second.report.latency.queueMs === 0)
  assert.equal(a.totalHits, 1)
})

test('the deadline is an outage too', async (t) => {
  const { client, a } = setup(t, { servers: 1, fallbackResponse: true, timeout: 60 })
  a.always(faults.hang())
  const answer = await ask(client)
  assert.equal(textOf(answer), SORRY)
  assert.equal(attemptSummary(answer.report.attempts), 'A:fail:timeoutTotal')
})

test('what is no outage stays an error', { concurrency: true }, async (t) => {
  const cases = {
    'a bad request': [faults.badRequest(), bellwether.BadRequestError],
    'too long': [faults.contextLength(), bellwether.ContextLengthError],
    filtered: [faults.contentFilter(), bellwether.ContentFilterError]
  }
  for (const [name, [fault, type]] of Object.entries(cases)) {
    await t.test(name, async (t) => {
      const { client, a } = setup(t, { fallbackResponse: true })
      a.always(fault)
      assert.ok(await rejection(ask(client)) instanceof type)
    })
  }
  await t.test('an abort', async (t) => {
    const { client, a } = setup(t, { fallbackResponse: true })
    a.always(faults.hang())
    const controller = new AbortController()
    const call = rejection(ask(client, { signal: controller.signal }))
    controller.abort(new Error('enough'))
    assert.equal((await call).message, 'enough')
  })
  await t.test('content that was delivered', async (t) => {
    const { client, a } = setup(t, { servers: 1, fallbackResponse: true, streams: { onCut: 'restart' } })
    a.always(faults.cut({ after: 2, how: 'close' }))
    assert.ok(await rejection(ask(client, { stream: true })) instanceof bellwether.StreamInterruptedError)
  })
  await t.test('onUnavailable: "error"', async (t) => {
    const { client } = down(t, { fallbackResponse: true })
    assert.ok(await rejection(ask(client, { onUnavailable: 'error' })) instanceof bellwether.AllEndpointsFailedError)
  })
})

test('a function that fails leaves the error as it was, and what it threw stays inside', { concurrency: true }, async (t) => {
  for (const [name, fallbackResponse] of Object.entries({
    throws: () => { throw new Error('SECRET') }, rejects: async () => { throw new Error('SECRET') }, 'gives no string': () => 7
  })) {
    await t.test(name, async (t) => {
      const { client } = down(t, { fallbackResponse })
      const error = await rejection(ask(client))
      assert.ok(error instanceof bellwether.AllEndpointsFailedError, error.name)
      assert.ok(!JSON.stringify(error).includes('SECRET') && !error.stack.includes('SECRET'))
    })
  }
})

test('a function has the rest of the deadline, and its failure is reported', async (t) => {
  const never = () => new Promise(() => {})
  const { client, a } = setup(t, { servers: 1, maxRetries: 0, timeout: 400, fallbackResponse: never })
  a.always(faults.serverError())
  const told = recordEvents(client, 'config')
  const began = performance.now()
  const error = await rejection(ask(client))
  assert.ok(performance.now() - began < 4_000, 'not the five seconds a function has at most')
  assert.equal(error.reason, 'serverError')
  assert.match(told[0].message, /fallbackResponse/)
})

test('a function is not to be forged', () => {
  const options = { apiKey: () => 'sk-test-0123456789abcdef', baseURL: 'http://127.0.0.1:9', fallbackResponse: { $function: 0 } }
  assert.throws(() => new bellwether.FailoverClient(options), (error) => error instanceof bellwether.ConfigError && /\$function/.test(error.message))
})

test('a model that is not there any more is an outage, an unknown one is a mistake', async (t) => {
  const { client, a } = setup(t, { servers: 1, fallbackResponse: true, endpoint: () => ({ models: ['gpt-4o'] }) })
  a.always(faults.notFound())
  assert.equal(textOf(await ask(client)), SORRY)
  assert.ok(await rejection(ask(client, { model: 'gpt-40' })) instanceof bellwether.NotFoundError)
})

test('AllEndpointsFailedError: why each failed, and when the first is ready again', async (t) => {
  const { client, a, b } = setup(t, { servers: 3, maxRetries: 0 })
  a.always(faults.rateLimited({ retryAfter: '40s' }))
  b.always(faults.unavailable({ retryAfter: '20s' }))
  client.isolate('C')
  const before = Date.now()
  const error = await rejection(ask(client))
  assert.ok(error instanceof bellwether.AllEndpointsFailedError)
  assert.deepEqual(error.errors.map((e) => [e.endpoint, e.model, e.reason, e.status]), [
    ['A', 'gpt-4o', 'rateLimited', 429], ['B', 'gpt-4o', 'overloaded', 503], ['C', 'gpt-4o', 'isolated', undefined]
  ])
  const ready = error.earliestRetryAt - before
  assert.ok(ready >= 19_900 && ready < 25_000, String(ready))
  assert.ok(error.retryAfterMs >= 19_000 && error.retryAfterMs <= 22_000)
  assert.equal(error.retryable, true)
})

test('fallbackResponse: false is refused by name', () => {
  for (const fallbackResponse of [false, '', 7, {}]) {
    assert.throws(() => new bellwether.FailoverClient({ apiKey: 'sk-test-0123456789abcdef', fallbackResponse }), (error) => error.problems[0].path === 'fallbackResponse')
  }
})
