'use strict'

// Faults of a credential: a key at an origin is parked, the same key elsewhere and other keys here are not.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { AuthenticationError } = require('../..')
const { QUICK, serve, openClient, setup, ask, rejection, textOf, attemptSummary, recordEvents, until, faults } = require('../helpers/client')

const FIRST = 'sk-first-0123456789-aaaa'
const SECOND = 'sk-second-0123456789-bbbb'
const keyOf = (hit) => hit.headers.authorization?.slice('Bearer '.length)
const rejects = (key, fault) => faults.forever(faults.when({ key }, fault))

const rows = [
  ['401', faults.auth(), 'auth', 'Authentication'],
  ['402', faults.insufficientBalance(), 'quota', 'QuotaExceeded'],
  ['403', faults.permission(), 'permission', 'PermissionDenied'],
  ['429, quota', faults.quota(), 'quota', 'QuotaExceeded'],
  ['429, spend limit', faults.quota({ code: 'organization_spend_limit_exceeded' }), 'quota', 'QuotaExceeded']
]

test('the key is parked at this origin only', { concurrency: true }, async (t) => {
  await Promise.all(rows.map(([name, fault, reason, kind]) => t.test(name, async (t) => {
    const [here, there] = [serve(t), serve(t, { name: 'there' })]
    here.script(rejects(FIRST, fault))
    const client = openClient(t, {
      apiKey: FIRST,
      retry: QUICK,
      endpoints: [{ name: 'A', baseURL: here.url }, { name: 'A2', baseURL: `${here.url}/v1` }, { name: 'B', baseURL: there.url }, { name: 'C', baseURL: here.url, apiKey: SECOND }]
    })
    const first = await ask(client)
    assert.equal(textOf(first), 'Hello from there')
    assert.equal(first.report.endpoint, 'B')
    assert.ok(attemptSummary(first.report.attempts).startsWith(`A:next:${reason}`), attemptSummary(first.report.attempts))
    await ask(client)
    assert.deepEqual(here.hits().map(keyOf), [FIRST], 'asked once with the refused key')
    assert.equal((await ask(client, { endpoints: ['A', 'C'] })).report.endpoint, 'C')
    const error = await rejection(ask(client, { endpoints: ['A'], timeout: 200 }))
    assert.equal(error.name, `${kind}Error`)
    assert.equal(error.reason, reason)
    assert.ok(error.retryAfterMs > 10_000)
    assert.equal(here.hits({ key: FIRST }).length, 1)
  })))
})

test('the three 429s', { concurrency: true }, async (t) => {
  await Promise.all([
    ['rate window', faults.rateLimited(), 'rateLimited', 'RateLimitError', true, true],
    ['quota', faults.quota(), 'quota', 'QuotaExceededError', false, true],
    ['too large', faults.tooLargeForLimit(), 'tooLargeForLimit', 'RateLimitError', false, false]
  ].map(([name, fault, reason, kind, retryable, parks]) => t.test(name, async (t) => {
    const { client, a } = setup(t, { servers: 1, onUnavailable: 'error' })
    a.script(fault)
    const error = await rejection(ask(client))
    assert.deepEqual([error.name, error.reason, error.status, error.retryable], [kind, reason, 429, retryable])
    assert.equal((client.getEndpointStatus('A').cooldownUntil ?? 0) > Date.now(), parks)
  })))
})

test('key pools: the next key is used when one is parked', { concurrency: true }, async (t) => {
  await Promise.all([...rows, ['429, rate window', faults.rateLimited({ retryAfter: '20s' }), 'rateLimited']].map(([name, fault, reason]) => t.test(name, async (t) => {
    const server = serve(t)
    server.script(rejects(FIRST, fault))
    const client = openClient(t, { apiKey: [FIRST, SECOND], baseURL: server.url })
    // Keys share the load, so either may come first.
    let report
    for (let i = 0; i < 100 && server.hits({ key: FIRST }).length === 0; i++) report = (await ask(client)).report
    assert.deepEqual(report.attempts.map((a) => [a.outcome, a.reason]), [['next', reason], ['ok', undefined]])
    for (let i = 0; i < 10; i++) await ask(client)
    assert.equal(server.hits({ key: FIRST }).length, 1)
  })))
})

test('key pools: a server’s failure is not tried again with each key', async (t) => {
  const server = serve(t)
  server.always(faults.serverError())
  const client = openClient(t, { apiKey: [FIRST, SECOND], baseURL: server.url, maxRetries: 0 })
  await rejection(ask(client))
  assert.equal(server.totalHits, 1)
})

test('key pools: all parked', async (t) => {
  const server = serve(t)
  server.always(faults.quota())
  const client = openClient(t, { apiKey: [FIRST, SECOND], baseURL: server.url })
  const error = await rejection(ask(client))
  assert.equal(error.reason, 'quota')
  assert.equal(error.retryable, error.retryAfterMs !== undefined)
  assert.deepEqual(server.hits().map(keyOf).sort(), [FIRST, SECOND])
  await rejection(ask(client))
  assert.equal(server.totalHits, 2)
})

test('async keys: asked for at each attempt', async (t) => {
  let n = 0
  const { client, a } = setup(t, { servers: 1, apiKey: async () => `key-${++n}` })
  a.script(faults.serverError())
  await ask(client)
  await ask(client)
  assert.deepEqual(a.hits().map(keyOf), ['key-1', 'key-2', 'key-3'])
})

test('async keys: a new key after a 401 is used once', async (t) => {
  const keys = ['old', 'new', 'newer']
  const { client, a, b } = setup(t, { apiKey: () => keys.shift() })
  a.script(rejects('old', faults.auth()))
  const answer = await ask(client)
  assert.equal(attemptSummary(answer.report.attempts), 'A:retry:auth A:ok')
  assert.deepEqual(a.hits().map(keyOf), ['old', 'new'])
  assert.equal(b.totalHits, 0)
  assert.equal(client.getEndpointStatus('A').status, 'healthy')
})

test('async keys: two refused in a row are enough', async (t) => {
  let n = 0
  const { client, a, b } = setup(t, { apiKey: () => `key-${++n}` })
  a.script(faults.forever(faults.auth()))
  assert.equal(textOf(await ask(client)), 'Hello from B')
  assert.equal(a.totalHits, 2)
  assert.equal(b.totalHits, 1)
  assert.notEqual(client.getEndpointStatus('A').status, 'healthy')
  await ask(client)
  assert.equal(a.totalHits, 2)
})

test('async keys: the same key again is not sent twice', async (t) => {
  const { client, a, b } = setup(t, { apiKey: () => 'the-same-key' })
  a.script(faults.forever(faults.auth()))
  const answer = await ask(client)
  assert.equal(textOf(answer), 'Hello from B')
  assert.deepEqual([a.totalHits, b.totalHits], [1, 1])
  assert.equal(client.getEndpointStatus('A').status, 'down')
})

test('async keys: one that throws, hangs or gives no string', { concurrency: true }, async (t) => {
  await Promise.all([
    ['throws', () => { throw new Error('vault is closed') }],
    ['rejects', async () => { throw new Error('vault is closed') }],
    ['gives a number', () => 5],
    ['gives nothing', () => undefined],
    ['gives an empty string', () => ''],
    ['gives what no header may hold', () => 'a\nb']
  ].map(([name, apiKey]) => t.test(name, async (t) => {
    const [a, b] = [serve(t), serve(t, { name: 'B' })]
    const client = openClient(t, { endpoints: [{ name: 'A', baseURL: a.url, apiKey }, { name: 'B', baseURL: b.url }] })
    const answer = await ask(client)
    assert.equal(textOf(answer), 'Hello from B')
    assert.equal(attemptSummary(answer.report.attempts), 'A:next:auth B:ok')
    assert.equal(a.totalHits, 0)
    assert.ok((await rejection(ask(client, { endpoints: ['A'], timeout: 500 }))) instanceof AuthenticationError)
  })))
  await t.test('hangs', async (t) => {
    const { client, a } = setup(t, { servers: 1, apiKey: () => new Promise(() => {}) })
    const error = await rejection(ask(client, { timeout: 60 }))
    assert.equal(error.name, 'TimeoutError')
    assert.equal(a.totalHits, 0)
  })
})

test('authError: once per refusal, with what to do and a hint of the key', async (t) => {
  const { client, a } = setup(t, { apiKey: FIRST })
  const seen = recordEvents(client, 'authError')
  a.script(faults.permission())
  await ask(client)
  await until('it is told', () => seen.length > 0)
  assert.equal(seen.length, 1)
  assert.deepEqual([seen[0].endpoint, seen[0].statusCode, seen[0].keyHint], ['A', 403, 'sk-…aaaa'])
  assert.match(seen[0].action, /key/i)
})

test('validateApiKey', { concurrency: true }, async (t) => {
  await Promise.all([
    ['good', undefined, true, 200],
    ['401', faults.auth(), false, 401],
    ['403', faults.permission(), false, 403]
  ].map(([name, fault, valid, statusCode]) => t.test(name, async (t) => {
    const { client, a } = setup(t)
    if (fault) a.script(faults.onPath('/models', faults.forever(fault)))
    const result = await client.validateApiKey('A')
    assert.deepEqual([result.endpoint, result.valid, result.statusCode], ['A', valid, statusCode])
    assert.match(result.message, valid ? /./ : name === '401' ? /invalid|expired/i : /permission/i)
    assert.deepEqual(a.hits().map((h) => h.route), ['/models'])
    await assert.rejects(client.validateApiKey('nobody'), { name: 'ConfigError' })
  })))
})

test('apiKey: null sends no credential', async (t) => {
  const { client, a } = setup(t, { servers: 1, endpoint: () => ({ apiKey: null }) })
  await ask(client)
  assert.equal(a.hits()[0].headers.authorization, undefined)
})
