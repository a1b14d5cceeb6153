'use strict'

// Every row of the table of failures that an OpenAI-compatible endpoint can produce: what a call does about
// it with another endpoint beside, and alone.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const bellwether = require('../..')
const { TRANSPORTS, setup, ask, rejection, textOf, attemptSummary, until, faults } = require('../helpers/client')

const hint = (ms) => ({ retryAfter: ms, as: 'ms' })
/** Long enough for a sound answer on an open connection. */
const short = (what) => ({ timeout: { total: '20s', [what]: 400 } })
const either = [false, true]
const streams = [true]
const wholes = [false]
/** Rows that no header, body or stream carries are the same however the request goes. */
const rows = [
  // name, fault, reason, class, hits alone, and what else is so
  ['408', faults.requestTimeout(), 'serverError', 'Upstream', 2, { status: 408 }],
  ['409', faults.conflict(), 'conflict', 'Upstream', 2, { status: 409 }],
  ['425', faults.status(425), 'serverError', 'Upstream', 2, { status: 425 }],
  ['500', faults.serverError(), 'serverError', 'Upstream', 2, { status: 500 }],
  ['502, a page', faults.htmlPage(502), 'serverError', 'Upstream', 2, { status: 502 }],
  ['504', faults.gatewayTimeout(), 'serverError', 'Upstream', 2, { status: 504 }],
  ['520', faults.status(520), 'serverError', 'Upstream', 2, { status: 520 }],
  ['527', faults.status(527), 'serverError', 'Upstream', 2, { status: 527 }],
  ['a redirect', faults.redirect(307, 'http://127.0.0.1:1/'), 'serverError', 'Upstream', 2, { status: 307 }],
  ['500, not to be retried', faults.serverError({ headers: { 'x-should-retry': 'false' } }), 'serverError', 'Upstream', 1, { status: 500 }],
  ['503', faults.unavailable(hint(20)), 'overloaded', 'Upstream', 3, { status: 503, retryAfterMs: 20 }],
  ['503, overloaded', faults.overloaded(hint(20)), 'overloaded', 'Upstream', 3, { status: 503, retryAfterMs: 20 }],
  ['529', faults.combine(faults.status(529), faults.retryAfter(20, { as: 'ms' })), 'overloaded', 'Upstream', 3, { status: 529, retryAfterMs: 20 }],
  ['slow down', faults.slowDown(hint(20)), 'overloaded', 'Upstream', 3, { status: 429, retryAfterMs: 20 }],
  ['429, requests', faults.rateLimited(hint(20)), 'rateLimited', 'RateLimit', 3, { status: 429, retryAfterMs: 20 }],
  ['429, tokens', faults.rateLimited({ limit: 'tokens', ...hint(20) }), 'rateLimited', 'RateLimit', 3, { status: 429, retryAfterMs: 20 }],
  ['429, too large', faults.tooLargeForLimit(), 'tooLargeForLimit', 'RateLimit', 1, { status: 429, retryable: false }],
  ['429, quota', faults.quota(), 'quota', 'QuotaExceeded', 1, { status: 429, retryable: false }],
  ['429, credit', faults.quota({ code: 'credit_balance_exhausted' }), 'quota', 'QuotaExceeded', 1, { status: 429, retryable: false }],
  ['429, spend limit', faults.quota({ code: 'project_spend_limit_exceeded', type: 'rate_limit_error' }), 'quota', 'QuotaExceeded', 1, { status: 429, retryable: false }],
  ['429, usage limit', faults.quota({ code: 'organization_usage_limit_exceeded' }), 'quota', 'QuotaExceeded', 1, { status: 429, retryable: false }],
  ['429, quota that says to retry', faults.quota({ headers: { 'x-should-retry': 'true' } }), 'quota', 'QuotaExceeded', 1, { status: 429, retryable: false }],
  ['429, a hint over 5 min', faults.rateLimited({ retryAfter: '301s' }), 'quota', 'QuotaExceeded', 1, { status: 429, retryable: false, retryAfterMs: 301_000 }],
  ['402', faults.insufficientBalance(), 'quota', 'QuotaExceeded', 1, { status: 402, retryable: false }],
  ['401', faults.auth(), 'auth', 'Authentication', 1, { status: 401, retryable: false }],
  ['403', faults.permission(), 'permission', 'PermissionDenied', 1, { status: 403, retryable: false }],
  ['404, model', faults.notFound(), 'notFound', 'NotFound', 1, { status: 404, retryable: false }],
  ['400', faults.badRequest(), 'badRequest', 'BadRequest', 1, { status: 400, final: true }],
  ['400, parameter', faults.unsupportedParameter(), 'badRequest', 'BadRequest', 1, { status: 400, final: true }],
  ['405', faults.status(405), 'badRequest', 'BadRequest', 1, { status: 405, final: true }],
  ['415', faults.status(415), 'badRequest', 'BadRequest', 1, { status: 415, final: true }],
  ['418', faults.status(418), 'badRequest', 'BadRequest', 1, { status: 418, final: true }],
  ['422', faults.unprocessable(), 'badRequest', 'BadRequest', 1, { status: 422, final: true }],
  ['400, context length', faults.contextLength(), 'contextLength', 'ContextLength', 1, { status: 400, final: true }],
  ['413', faults.tooLarge(), 'contextLength', 'ContextLength', 1, { status: 413, final: true }],
  ['400, content filter', faults.contentFilter(), 'contentFilter', 'ContentFilter', 1, { status: 400, final: true }],
  ['403, moderation', faults.permission({ message: 'Your input was flagged by moderation', code: 'moderation' }), 'contentFilter', 'ContentFilter', 1, { status: 403, final: true }],

  ['reset after the request', faults.reset(), 'reset', 'Connection', 2, { billed: true }],
  ['connection closed without an answer', faults.close(), 'reset', 'Connection', 2, { billed: true }],
  ['headers timeout', faults.hang(), 'timeoutHeaders', 'Timeout', 1, { call: short('headers'), phase: 'headers', billed: true }],
  ['first content timeout', faults.slowFirstContent('10s'), 'timeoutFirstContent', 'Timeout', 1, { call: short('firstContent'), phase: 'firstContent', stream: streams, billed: true, status: 200 }],
  ['keep-alives are no content', faults.keepAlive(10), 'timeoutFirstContent', 'Timeout', 1, { call: short('firstContent'), phase: 'firstContent', billed: true, status: 200 }],

  ['an error event first', faults.errorEvent('serverError', { after: 'headers' }), 'serverError', 'Upstream', 2, { status: 200 }],
  ['an error event after the role', faults.errorEvent('serverError', { after: 0, form: 'event' }), 'serverError', 'Upstream', 2, { stream: streams, status: 200 }],
  ['a quota as an event', faults.errorEvent('quota', { after: 'headers' }), 'quota', 'QuotaExceeded', 1, { status: 200, retryable: false }],
  ['a caller’s mistake as an event', faults.errorEvent('contextLength', { after: 'headers' }), 'contextLength', 'ContextLength', 1, { status: 200, final: true }],
  ['a plain end before content', faults.cut({ after: 0, how: 'eof' }), 'truncated', 'Upstream', 2, { stream: streams, billed: true, status: 200 }],
  ['a break before content', faults.cut({ after: 0, how: 'close' }), 'truncated', 'Upstream', 2, { stream: streams, billed: true, status: 200 }],
  ['a break before any event', faults.combine(faults.stall({ after: 'headers', for: 20 }), faults.cut({ after: 'headers', how: 'close' })), 'truncated', 'Upstream', 2, { stream: streams, billed: true, status: 200 }],
  ['a body that breaks off', faults.cut({ how: 'close' }), 'truncated', 'Upstream', 2, { stream: wholes, billed: true, status: 200 }],
  ['a role and no more', faults.roleOnly(), 'truncated', 'Upstream', 2, { stream: streams, billed: true, status: 200 }],
  ['no JSON', faults.malformedJson(), 'malformed', 'Upstream', 2, { stream: wholes, billed: true, status: 200 }],
  ['half of a JSON', faults.truncatedJson(), 'malformed', 'Upstream', 2, { stream: wholes, billed: true, status: 200 }],
  ['three undecodable events', faults.malformedEvents(3, { after: 0 }), 'malformed', 'Upstream', 2, { stream: streams, billed: true, status: 200 }],
  ['a page instead of a stream', faults.combine(faults.htmlPage(200), faults.status(200, { body: '<html>Sorry</html>' })), 'malformed', 'Upstream', 2, { billed: true, status: 200 }],
  ['a corrupt body', faults.gzip({ corrupt: true }), 'malformed', 'Upstream', 2, { stream: wholes, billed: true, status: 200 }],
  ['the vendor’s resources ran out', faults.finish('insufficient_system_resource'), 'overloaded', 'Upstream', 3, { stream: wholes, status: 200, slow: true }]
].map(([name, fault, reason, kind, alone, more]) => ({ name, fault, reason, kind, alone, stream: either, retryable: !more.final, ...more }))

for (const transport of TRANSPORTS) {
  test(`${transport.transport}: with an alternative`, { concurrency: 8 }, async (t) => {
    await Promise.all(cases((row, stream) => t.test(title(row, stream), async (t) => {
      const { client, a, b } = setup(t, { transport, breaker: false })
      a.always(row.fault)
      if (row.call) await client.warmup()
      if (row.final) {
        check(await rejection(ask(client, { stream, ...row.call })), row, 1)
        assert.equal(b.totalHits, 0)
      } else {
        const answer = await ask(client, { stream, ...row.call })
        assert.equal(textOf(answer), 'Hello from B')
        assert.equal(attemptSummary(answer.report.attempts), `A:next:${row.reason} B:ok`)
        const [failed] = answer.report.attempts
        assert.equal(failed.status, row.status)
        assert.equal(failed.maybeBilled ?? false, row.billed ?? failed.maybeBilled ?? false)
        assert.equal(answer.report.failover, true)
        assert.equal(answer.report.endpoint, 'B')
        assert.equal(b.totalHits, 1)
      }
      // A server that is late learns of what timed out after the caller.
      if (row.call) await until('A was asked', () => a.totalHits > 0)
      assert.equal(a.totalHits, 1)
    })))
  })

  test(`${transport.transport}: alone`, { concurrency: 8 }, async (t) => {
    await Promise.all(cases((row, stream) => t.test(title(row, stream), async (t) => {
      const { client, a } = setup(t, { servers: 1, transport, breaker: false })
      a.always(row.fault)
      if (row.call) await client.warmup()
      check(await rejection(ask(client, { stream, ...row.call, ...(row.slow ? { maxRetries: 0 } : {}) })), row, row.slow ? 1 : row.alone)
      if (row.call) await until('A was asked', () => a.totalHits > 0)
      assert.equal(a.totalHits, row.slow ? 1 : row.alone)
    })))
  })
}

function cases (each) {
  return rows.flatMap((row) => row.stream.map((stream) => each(row, stream)))
}

function title (row, stream) {
  return `${row.name}${stream ? ', streamed' : ''}`
}

function check (error, row, attempts) {
  const code = row.kind.replace(/(?<=[a-z])[A-Z]/g, '_$&').toUpperCase()
  assert.ok(error instanceof bellwether[`${row.kind}Error`], `${error.name}: ${error.message}`)
  assert.equal(error.code, `ERR_BELLWETHER_${code}`)
  assert.equal(error.reason, row.reason)
  assert.equal(error.status, row.status)
  assert.equal(error.retryable, row.retryable)
  assert.equal(error.endpoint, 'A')
  assert.match(error.requestId, /./)
  if (row.retryAfterMs !== undefined) assert.equal(error.retryAfterMs, row.retryAfterMs)
  if (row.phase !== undefined) assert.equal(error.phase, row.phase)
  const expected = Array.from({ length: attempts }, (_, i) => `A:${i < attempts - 1 ? 'retry' : 'fail'}:${row.reason}`)
  assert.equal(attemptSummary(error.attempts), expected.join(' '))
}
