'use strict'

// What is refused, and how: everything that is wrong at once, by its path, with what was given, what is
// accepted and the nearest name.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { FailoverClient, ConfigError, BadRequestError, FailoverError } = require('../..')
const { KEY, serve, openClient, setup, ask, rejection, textOf } = require('../helpers/client')
const { json } = require('../helpers/child')

const URL = 'http://127.0.0.1:1'
const good = { apiKey: KEY, baseURL: URL }
const made = (...args) => {
  try {
    return new FailoverClient(...args)
  } catch (error) {
    return error
  }
}

const circular = { ...good }
circular.retry = circular

test('construction', async (t) => {
  for (const [name, options, path, says] of [
    ['unknown option', { ...good, maxRetrys: 1 }, 'maxRetrys', /maxRetries/],
    ['unknown member', { ...good, retry: { prefers: 'same' } }, 'retry.prefers', /prefer/],
    ['unknown of an endpoint', { apiKey: KEY, endpoints: [{ name: 'A', baseUrl: URL }] }, 'endpoints[0].baseUrl', /baseURL/],
    ['nothing like any', { ...good, zzzzzzzzzz: 1 }, 'zzzzzzzzzz', /./],
    ['duration', { ...good, timeout: 'soon' }, 'timeout', /'soon'|500ms/],
    ['duration of a member', { ...good, timeout: { total: '5 weeks' } }, 'timeout.total', /'5 weeks'/],
    ['negative duration', { ...good, timeout: -5 }, 'timeout', /-5/],
    ['NaN', { ...good, timeout: NaN }, 'timeout', /NaN/],
    ['Infinity', { ...good, maxRetries: Infinity }, 'maxRetries', /Infinity/],
    ['fraction', { ...good, maxRetries: 1.5 }, 'maxRetries', /1\.5/],
    ['bigint', { ...good, maxRetries: 5n }, 'maxRetries', /5/],
    ['function', { ...good, maxRetries: () => 5 }, 'maxRetries', /./],
    ['word', { ...good, retry: { prefer: 'other' } }, 'retry.prefer', /'next'|next/],
    ['array for an object', { ...good, retry: [] }, 'retry', /object/],
    ['no endpoints', { apiKey: KEY, endpoints: [] }, 'endpoints', /non-empty/],
    ['two of one name', { apiKey: KEY, endpoints: [{ name: 'A', baseURL: URL }, { name: 'A', baseURL: URL }] }, 'endpoints', /'A'/],
    ['no name', { apiKey: KEY, endpoints: [{ baseURL: URL }] }, 'endpoints[0].name', /missing/],
    ['no address', { apiKey: KEY, endpoints: [{ name: 'A' }] }, 'endpoints[0].baseURL', /missing/],
    ['address', { apiKey: KEY, baseURL: 'not an address' }, 'baseURL', /http/],
    ['scheme', { apiKey: KEY, baseURL: 'ftp://127.0.0.1' }, 'baseURL', /http/],
    ['model and models', { apiKey: KEY, endpoints: [{ name: 'A', baseURL: URL, model: 'a', models: ['b'] }] }, 'endpoints[0].model', /models/],
    ['alias', { ...good, models: { smart: [] } }, 'models.smart', /non-empty/],
    ['header', { apiKey: KEY, endpoints: [{ name: 'A', baseURL: URL, headers: { 'x-y': 'a\nb' } }] }, 'endpoints[0].headers.x-y', /./],
    ['certificate', { ...good, tls: { ca: 'not PEM' } }, 'tls.ca', /PEM|certificate/i],
    ['proxy', { ...good, proxy: 'nonsense://x' }, 'proxy', /./],
    ['signal', { ...good, signal: {} }, 'signal', /AbortSignal/],
    ['empty key', { ...good, apiKey: '' }, 'apiKey', /empty/],
    ['blank key', { ...good, apiKey: '   ' }, 'apiKey', /empty|blank/],
    ['key of another type', { ...good, apiKey: 5 }, 'apiKey', /string/],
    ['empty pool', { ...good, apiKey: [] }, 'apiKey', /empty/],
    ['key of a pool', { ...good, apiKey: [KEY, ''] }, 'apiKey[1]', /empty/],
    ['short key for a vendor', { apiKey: 'sk-short', baseURL: 'https://api.openai.com' }, 'apiKey', /too short.*20/],
    ['prefix', { ...good, keyPrefix: 'zz-' }, 'apiKey', /'zz-'/],
    ['no key', { baseURL: URL }, 'apiKey', /missing/],
    ['breaker', { ...good, breaker: true }, 'breaker', /./],
    ['threshold', { ...good, breaker: { failureThreshold: 0 } }, 'breaker.failureThreshold', /0/],
    ['circular', circular, 'retry', /got a circular reference/],
    ['an array', [], 'options', /array/],
    ['null', null, 'options', /null/],
    ['a number', 5, 'options', /number/]
  ]) {
    await t.test(name, () => {
      const error = made(options)
      assert.ok(error instanceof ConfigError, String(error))
      assert.equal(error.code, 'ERR_BELLWETHER_CONFIG')
      const problem = error.problems.find((p) => p.path === path)
      assert.ok(problem, JSON.stringify(error.problems))
      assert.match(problem.message, says)
      assert.ok(error.message.includes(path))
    })
  }
})

test('all problems are reported at once', () => {
  const error = made({ apiKey: '', baseURL: 'x', timeout: 'soon', maxRetries: -1, retries: 5, endpoint: [] })
  assert.ok(error instanceof ConfigError)
  const paths = error.problems.map((p) => p.path)
  for (const path of ['timeout', 'maxRetries', 'retries', 'endpoint']) assert.ok(paths.includes(path), `${path} in ${paths}`)
  assert.ok(error.message.split('\n').length > error.problems.length)
})

test('keys that are fine', () => {
  for (const apiKey of ['k', KEY, ['k', KEY], () => KEY, async () => KEY, null]) {
    assert.ok(made({ apiKey, baseURL: URL, ...(apiKey === null ? { apiKey: undefined, endpoints: [{ name: 'A', apiKey }] } : {}) }) instanceof FailoverClient, String(apiKey))
  }
  assert.ok(made(KEY, { baseURL: URL }) instanceof FailoverClient)
})

test('base URLs', async (t) => {
  const server = serve(t)
  for (const [suffix, path] of [
    ['', '/v1/chat/completions'], ['/', '/v1/chat/completions'], ['/v1', '/v1/chat/completions'], ['/v1/', '/v1/chat/completions'],
    ['/v1/chat/completions', '/v1/chat/completions'], ['/v1/chat/completions/', '/v1/chat/completions'], ['/chat/completions', '/v1/chat/completions'],
    ['/gateway/openai', '/gateway/openai/chat/completions'], ['//', '/v1/chat/completions']
  ]) {
    await t.test(suffix || 'bare', async (t) => {
      await ask(openClient(t, { baseURL: server.origin + suffix })).catch(() => {})
      assert.equal(server.hits().at(-1).path, path)
    })
  }
})

test('the environment', { concurrency: 3 }, async (t) => {
  const server = serve(t)
  const seen = `
    let result
    try { result = new FailoverClient().getEndpointStatus().map((e) => [e.name, e.provider, e.url]) } catch (error) { result = error.message }
    console.log(JSON.stringify(result))`
  const long = 'k'.repeat(30)
  await Promise.all([
    ['nothing', {}, (r) => { assert.match(r, /HOLYSHEEP_API_KEY/); assert.match(r, /OPENAI_API_KEY/) }],
    ['one key', { OPENAI_API_KEY: long }, (r) => assert.deepEqual(r.map((e) => [e[1], e[2]]), [['openai', 'https://api.openai.com/v1']])],
    ['a base URL', { OPENAI_API_KEY: 'short', OPENAI_BASE_URL: server.url }, (r) => assert.ok(r[0][2].startsWith(server.origin))],
    ['in order', { DEEPSEEK_API_KEY: long, OPENAI_API_KEY: long, HOLYSHEEP_API_KEY: long }, (r) => assert.deepEqual([...new Set(r.map((e) => e[1]))], ['holysheep', 'openai', 'deepseek'])],
    ['a short key', { OPENAI_API_KEY: 'sk-short' }, (r) => { assert.match(r, /OPENAI_API_KEY/); assert.match(r, /too short/); assert.ok(!r.includes('sk-short')) }]
  ].map(([name, env, check]) => t.test(name, async (t) => check(await json(t, seen, { env })))))
  await t.test('chatCompletion needs no client', async (t) => {
    const program = "bellwether.chatCompletion('gpt-4o', 'hi').then((c) => console.log(JSON.stringify(c.choices[0].message.content)))"
    assert.equal(await json(t, program, { env: { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: server.url } }), 'Hello from fault-server')
  })
})

test('calls that are misuse reject before any network', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const loop = {}
  loop.loop = loop
  const hi = [{ role: 'user', content: 'hi' }]
  for (const [name, args, kind, says] of [
    ['no arguments', [], BadRequestError, /model/],
    ['null', [null], BadRequestError, /null/],
    ['a number', [5], BadRequestError, /number/],
    ['an array', [[]], BadRequestError, /array/],
    ['no messages', ['gpt-4o'], BadRequestError, /messages/],
    ['empty messages', ['gpt-4o', []], BadRequestError, /messages/],
    ['messages of another type', ['gpt-4o', 5], BadRequestError, /messages/],
    ['empty model', ['', hi], FailoverError, /model/],
    ['circular messages', ['gpt-4o', [loop]], BadRequestError, /circular/i],
    ['bigint', ['gpt-4o', hi, { seed: 5n }], ConfigError, /seed must be a whole number, got 5n/],
    ['bigint in a message', ['gpt-4o', [{ role: 'user', content: 5n }]], BadRequestError, /BigInt/i],
    ['unknown option', ['gpt-4o', hi, { max_tokens: 5 }], ConfigError, /maxTokens/],
    ['unknown call option', [{ model: 'gpt-4o', messages: hi }, { temperature: 1 }], ConfigError, /temperature/],
    ['options of another type', ['gpt-4o', hi, 'fast'], ConfigError, /object/],
    ['timeout', ['gpt-4o', hi, { timeout: 'soon' }], ConfigError, /soon/],
    ['NaN', ['gpt-4o', hi, { timeout: NaN }], ConfigError, /NaN/],
    ['retries', ['gpt-4o', hi, { maxRetries: -1 }], ConfigError, /-1/],
    ['signal', ['gpt-4o', hi, { signal: {} }], ConfigError, /AbortSignal/],
    ['endpoints', ['gpt-4o', hi, { endpoints: 5 }], ConfigError, /endpoints/],
    ['idempotency key', ['gpt-4o', hi, { idempotencyKey: 'a\nb' }], ConfigError, /ASCII/],
    ['tags', ['gpt-4o', hi, { tags: { a: 5 } }], ConfigError, /tags/]
  ]) {
    await t.test(name, async () => {
      const error = await rejection(client.chatCompletion(...args))
      assert.ok(error instanceof kind, `${error?.name}: ${error?.message}`)
      assert.match(error.message, says)
    })
  }
  assert.equal(a.totalHits, 0)
})

test('what is asked is sent, and nothing else', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const messages = [{ role: 'user', content: 'hi' }]
  await client.chatCompletion('m', messages)
  assert.deepEqual(a.hits().at(-1).body, { model: 'm', messages })
  await client.chatCompletion('m', 'hi', { temperature: 0, maxTokens: 5, topP: 0.5, stop: ['x'], seed: 7, responseFormat: { type: 'json_object' }, extraBody: { custom: { a: 1 } }, idempotencyKey: 'once' })
  assert.deepEqual(a.hits().at(-1).body, { model: 'm', messages, temperature: 0, max_tokens: 5, top_p: 0.5, stop: ['x'], seed: 7, response_format: { type: 'json_object' }, custom: { a: 1 } })
  assert.equal(a.hits().at(-1).headers['idempotency-key'], 'once')
  const request = { model: 'm', messages, max_tokens: 9, user: 'u', unheard_of: [1, { b: null }] }
  const answer = await client.chatCompletion(request)
  assert.deepEqual(a.hits().at(-1).body, request)
  assert.equal(textOf(answer), 'Hello from A')
  assert.deepEqual(Object.keys(answer).includes('report'), false)
  assert.equal(answer.report.endpoint, 'A')
})

test('an endpoint that is not there is a problem with its path', async (t) => {
  const { client } = setup(t)
  for (const [path, call] of [
    ['options.endpoints', () => ask(client, { endpoints: ['A', 'AA'] })], ['endpoint', () => client.validateApiKey('AA')],
    ['endpoint', () => client.monitor.checkEndpointHealth('AA')], ['endpoint', async () => client.isolate('AA')]
  ]) {
    const error = await rejection(call())
    assert.ok(error instanceof ConfigError, String(error))
    assert.deepEqual(error.problems.map((p) => p.path), [path])
    assert.match(error.problems[0].message, /^must be .*A, B, got 'AA'/)
  }
})
