'use strict'

// Each vendor's errors: the class that the caller receives, and the cooldowns.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const bellwether = require('../..')
const { KEY, OTHERS, ask, rejection, faults, openClient, setupDialects, serve, textOf, attemptSummary } = require('./helpers')

const CLASSES = {
  rateLimited: 'RateLimitError', slowDown: 'RateLimitError', quota: 'QuotaExceededError', insufficientBalance: 'QuotaExceededError',
  overloaded: 'UpstreamError', serverError: 'UpstreamError', unavailable: 'UpstreamError', gatewayTimeout: 'UpstreamError',
  auth: 'AuthenticationError', permission: 'PermissionDeniedError', notFound: 'NotFoundError', badRequest: 'BadRequestError',
  unsupportedParameter: 'BadRequestError', unprocessable: 'BadRequestError', contextLength: 'ContextLengthError', contentFilter: 'ContentFilterError'
}

test('the class of each error, whole, streamed, and inside a stream', { concurrency: 3 }, async (t) => {
  await Promise.all(OTHERS.map((dialect) => t.test(dialect, async (t) => {
    for (const [kind, told] of Object.entries(CLASSES)) {
      // OpenAI's word for it, which a relay has, is one of overload.
      const name = dialect === 'relay' && kind === 'slowDown' ? 'UpstreamError' : told
      for (const [fault, stream] of [[faults[kind](), false], [faults[kind](), true], [faults.errorEvent(kind), true]]) {
        const { client, a } = setupDialects(t, [dialect], { retry: { backoff: [1] } })
        a.always(fault)
        const error = await rejection(ask(client, { stream, maxRetries: 0, onUnavailable: 'error' }))
        // Inside a 200, an OpenAI-compatible vendor gives no status, without which some errors are indistinguishable.
        assert.ok(error instanceof bellwether[name], `${dialect} ${fault.name} ${kind} ${stream}: ${error.name}: ${error.message}`)
        assert.equal(error.endpoint, 'A')
        assert.ok(!JSON.stringify(error).includes(KEY) && !error.message.includes(KEY))
      }
    }
  })))
})

test('the vendor’s own code and request id', async (t) => {
  for (const [dialect, fault, code, id] of [
    ['anthropic', faults.quota(), 'enforced_spend_limit_reached', 'req_A_1'], ['anthropic', faults.overloaded(), 'overloaded_error', 'req_A_1'],
    ['google', faults.quota({ code: 'QUOTA_EXHAUSTED' }), 'QUOTA_EXHAUSTED', undefined], ['google', faults.overloaded(), 'UNAVAILABLE', undefined]
  ]) {
    const { client, a } = setupDialects(t, [dialect])
    a.always(fault)
    const error = await rejection(ask(client, { maxRetries: 0 }))
    assert.deepEqual([error.vendorCode, error.attempts[0].vendorRequestId], [code, id])
  }
})

test('Google’s RetryInfo is obeyed, and a quota by the day is no throttle', async (t) => {
  const { client, a } = setupDialects(t, ['google'])
  a.always(faults.rateLimited({ retryAfter: '34.4s' }))
  const limited = await rejection(ask(client, { maxRetries: 0 }))
  assert.ok(limited instanceof bellwether.RateLimitError)
  assert.ok(limited.retryAfterMs > 30_000 && limited.retryAfterMs <= 34_400, String(limited.retryAfterMs))
  const soon = setupDialects(t, ['google'])
  soon.a.script(faults.rateLimited({ retryAfter: '80ms' }))
  const began = performance.now()
  assert.equal(textOf(await ask(soon.client)), 'Hello from A')
  assert.ok(performance.now() - began >= 79)
  const spent = setupDialects(t, ['google', 'openai'])
  spent.a.always(faults.quota())
  for (const _ of [1, 2]) assert.equal(textOf(await ask(spent.client)), 'Hello from B')
  assert.equal(spent.a.totalHits, 1, 'parked')
})

test('a bad key: Google answers 400, which is no fault of the request', async (t) => {
  for (const dialect of OTHERS) {
    const good = serve(t, { name: 'B' })
    const bad = serve(t, { dialect, name: 'A', keys: ['another'] })
    const endpoints = [{ name: 'A', baseURL: bad.url, dialect }, { name: 'B', baseURL: good.url }]
    const answer = await ask(openClient(t, { endpoints }))
    assert.equal(textOf(answer), 'Hello from B')
    assert.equal(attemptSummary(answer.report.attempts), 'A:next:auth B:ok')
    const error = await rejection(ask(openClient(t, { endpoints: endpoints.slice(0, 1) })))
    assert.ok(error instanceof bellwether.AuthenticationError)
    assert.equal(error.status, dialect === 'google' ? 400 : 401)
  }
})

test('overloaded, 529', async (t) => {
  const { client, a } = setupDialects(t, ['anthropic', 'openai'])
  a.script(faults.overloaded())
  const answer = await ask(client)
  assert.deepEqual([attemptSummary(answer.report.attempts), answer.report.attempts[0].status], ['A:next:overloaded B:ok', 529])
})
