'use strict'

// Every response of the corpus, through a socket: what it is called, and what a call does about it alone and
// with a healthy endpoint beside. tests/corpus.rs reads the same files without one.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const path = require('node:path')
const { execFile } = require('node:child_process')
const { promisify } = require('node:util')
const bellwether = require('../..')
const { corpus, consequences } = require('../../tools/generate/vendor-errors')
const { setup, ask, rejection, textOf, attemptSummary, faults } = require('../helpers/client')

const cases = corpus()
const failures = cases.filter((one) => one.expect.reason !== null)
/** How long each is parked for at the most when the vendor gives no hint. */
const FIRST = { rateLimited: 1000, overloaded: 2000, quota: 300_000, auth: 60_000, permission: 60_000, notFound: 600_000 }
const CONTENT = 'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"Once"},"finish_reason":null}]}\n\n'
/** A pause that is not over before the second call. */
const LONG = 5000

each('alone', failures, async (t, one, stream) => {
  const { client, a } = alone(t, one)
  const error = await rejection(ask(client, { stream, maxRetries: 0 }))
  check(error, one)
  assert.equal(attemptSummary(error.attempts), `A:fail:${one.expect.reason}`)
  assert.equal(a.totalHits, 1)
})

each('with a healthy endpoint beside', failures, async (t, one, stream) => {
  const { next, parks } = consequences(one)
  const { client, a, b } = setup(t, { breaker: false })
  a.always(fault(one))
  // Not without a word from the user: a larger window, or leave to go on.
  if (next === 'optIn' || next === 'largerWindow') {
    check(await rejection(ask(client, { stream })), one)
    assert.equal(b.totalHits, 0)
    return
  }
  const again = () => ask(client, { stream })
  const answer = await again()
  assert.equal(textOf(answer), 'Hello from B')
  assert.equal(attemptSummary(answer.report.attempts), `A:next:${one.expect.reason} B:ok`)
  assert.equal(answer.report.attempts[0].status, one.status)
  if ((one.expect.hintMs ?? LONG) < LONG && parks === 'model') return
  assert.equal(textOf(await again()), 'Hello from B')
  assert.equal(a.totalHits, parks ? 1 : 2, 'asked while it was parked, or parked for nothing')
})

each('asked again, or not', failures.filter((one) => consequences(one).same !== 'afterCooldown'), async (t, one, stream) => {
  const { client, a } = alone(t, one, {})
  await rejection(ask(client, { stream, maxRetries: 1 }))
  assert.equal(a.totalHits, consequences(one).same === 'once' ? 2 : 1)
})

// Where an event is what it is only at the start of a stream, there is no later.
each('after content', failures.filter((one) => one.stream && !/^[[{<\ufeff]/.test(one.body)), async (t, one) => {
  const { client, a, b } = setup(t, { breaker: false })
  a.always(fault({ ...one, body: CONTENT + one.body }))
  const error = await rejection(ask(client, { stream: true }))
  assert.ok(error instanceof bellwether.StreamInterruptedError, `${error.name}: ${error.message}`)
  assert.equal(error.reason, one.expect.reason)
  assert.equal(error.partial, 'Once')
  assert.equal(a.totalHits, 1)
  assert.equal(b.totalHits, 0)
})

each('answers', cases.filter((one) => one.expect.reason === null), async (t, one, stream) => {
  const { client } = alone(t, one)
  const answer = await ask(client, { stream })
  assert.equal(attemptSummary(answer.report.attempts), 'A:ok')
  const sent = typeof one.body === 'string' ? one.body : JSON.stringify(one.body)
  assert.ok(sent.includes(`"finish_reason":"${answer.choices[0].finish_reason}"`), answer.choices[0].finish_reason)
})

test('docs/reference/vendor-errors.md is current', async () => {
  await promisify(execFile)(process.execPath, [path.join(__dirname, '../../tools/generate/vendor-errors.js'), '--check'])
})

/** Runs a test for each case: errors are the same whether a stream was asked for or not. */
function each (title, list, run) {
  test(title, { concurrency: 16 }, async (t) => {
    await Promise.all(list.map((one) => t.test(`${one.vendor}: ${one.name}`, async (t) => {
      const success = one.status >= 200 && one.status < 300
      const forms = success ? [one.stream === true] : [false, true]
      await Promise.all(forms.map((stream) => run(t, one, stream)))
    })))
  })
}

/** One endpoint that gives this response, and a call that waits for nothing. */
function alone (t, one, options = { onUnavailable: 'error' }) {
  const made = setup(t, { servers: 1, breaker: false, ...options })
  made.a.always(fault(one))
  return made
}

function fault ({ status, headers, body }) {
  return faults.status(status, { headers, body })
}

function check (error, one) {
  const { class: type, retryable, parks } = consequences(one)
  assert.ok(error instanceof bellwether[`${type}Error`], `${error.name}: ${error.message}`)
  assert.equal(error.reason, one.expect.reason)
  assert.equal(error.status, one.status)
  assert.equal(error.retryable, retryable)
  const { hintMs } = one.expect
  if (hintMs !== undefined || !parks) assert.equal(error.retryAfterMs, hintMs)
  else assert.ok(error.retryAfterMs > 0 && error.retryAfterMs <= FIRST[one.expect.reason], `${error.retryAfterMs}`)
}
