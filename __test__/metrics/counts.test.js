'use strict'

// Metrics match what happened: every request, call and failover once, across reloads, with bounded labels.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { TRANSPORTS, setup, ask, rejection, faults, KEY, until } = require('../helpers/client')

/** The series of a family as `a=b,c=d` → value; a histogram's value is its count. */
function read (client, name, ...labels) {
  const family = client.metrics.families().find((f) => f.name === name)
  assert.ok(family, name)
  const sums = {}
  for (const { labels: own, value } of family.series) {
    const key = own.filter(([label]) => labels.includes(label)).map(([, v]) => v).join(' ')
    sums[key] = (sums[key] ?? 0) + (typeof value === 'number' ? value : value.count)
  }
  return sums
}

for (const transport of TRANSPORTS) {
  test(`${transport.transport}: requests, calls, moves and retries are counted once each`, async (t) => {
    const { client, a, b } = setup(t, { transport, breaker: false, onUnavailable: 'error' })
    a.script(faults.serverError(), faults.badRequest(), faults.cut({ after: 0 }))
    await ask(client)
    await rejection(ask(client))
    await ask(client, { stream: true })
    await ask(client, { model: 'other' })
    assert.deepEqual(read(client, 'requests', 'model', 'outcome', 'reason'), {
      'gpt-4o ok ': 2, 'gpt-4o error badRequest': 1, 'other ok ': 1
    })
    const sent = read(client, 'attempts', 'endpoint')
    assert.deepEqual(sent, { A: a.totalHits, B: b.totalHits })
    const moves = read(client, 'failovers', 'from_endpoint', 'to_endpoint', 'reason')
    assert.equal(moves['A B serverError'], 1)
    assert.equal(Object.values(moves).reduce((x, y) => x + y), 2)
    assert.deepEqual(read(client, 'request_duration', 'outcome'), { ok: 3, error: 1 })
    assert.deepEqual(read(client, 'first_content', 'endpoint'), { A: 1, B: 2 })
  })
}

test('an abort, a deadline and a hedge’s loser are counted, and none twice', async (t) => {
  const { client, a, b } = setup(t, { hedge: { after: 30, maxExtraLoad: 1 } })
  a.script(faults.slowFirstContent(400))
  await ask(client, { stream: true })
  a.always(faults.hang())
  b.always(faults.hang())
  const abort = new AbortController()
  const aborted = rejection(ask(client, { signal: abort.signal, hedge: false }))
  await a.waitForHits(2)
  abort.abort()
  await aborted
  await rejection(ask(client, { timeout: 40, hedge: false }))
  await until('the abort', () => read(client, 'requests', 'outcome').aborted === 1)
  assert.deepEqual(read(client, 'requests', 'outcome', 'reason'), { 'ok ': 1, 'aborted ': 1, 'error timeoutTotal': 1 })
  assert.deepEqual(read(client, 'attempts', 'endpoint', 'outcome', 'reason'), {
    'A fail aborted': 1, 'A fail hedged': 1, 'A fail timeoutTotal': 1, 'B ok ': 1
  })
})

test('the fallback and the queue are outcomes of their own', async (t) => {
  const { client, a } = setup(t, { servers: 1, fallbackResponse: 'later', maxRetries: 0 })
  a.always(faults.serverError())
  await ask(client, { onUnavailable: 'fallback' })
  await rejection(ask(client, { onUnavailable: 'error' }))
  assert.deepEqual(read(client, 'requests', 'outcome', 'reason'), { 'fallback ': 1, 'error serverError': 1 })
})

test('tokens and cost are the report’s', async (t) => {
  const { client, a } = setup(t, { servers: 1, endpoint: () => ({ price: { input: 2, output: 10 } }) })
  a.always(faults.healthy({ usage: { prompt_tokens: 1_000, completion_tokens: 100, prompt_tokens_details: { cached_tokens: 400 }, completion_tokens_details: { reasoning_tokens: 50 } } }))
  let cost = 0
  for (let i = 0; i < 3; i++) cost += (await ask(client)).report.costUsd
  assert.deepEqual(read(client, 'tokens', 'type'), { input: 3_000, input_cached: 1_200, input_cache_write: 0, output: 300, output_reasoning: 150 })
  assert.ok(Math.abs(read(client, 'cost').undefined ?? Object.values(read(client, 'cost', 'endpoint'))[0] - cost) < 1e-12)
  assert.deepEqual(read(client, 'unpriced_answers', 'endpoint'), { A: 0 })
})

test('nothing that was counted is forgotten by a reload, even of an endpoint that is gone', async (t) => {
  const { client, a, b } = setup(t)
  await ask(client)
  a.stop()
  await ask(client)
  const before = read(client, 'attempts', 'endpoint', 'outcome')
  await client.reload({ endpoints: [{ name: 'C', baseURL: b.url, apiKey: KEY }] })
  await ask(client)
  assert.deepEqual(read(client, 'attempts', 'endpoint', 'outcome'), { ...before, 'C ok': 1 })
  assert.deepEqual(Object.keys(read(client, 'endpoint_state', 'endpoint')), ['C'])
})

test('labels are bounded, whatever callers ask for', async (t) => {
  const { client } = setup(t, { servers: 1 })
  for (let i = 0; i < 1_200; i += 40) {
    await Promise.all(Array.from({ length: 40 }, (_, n) => ask(client, { model: `model-${i + n}` })))
  }
  const calls = read(client, 'requests', 'model')
  assert.equal(Object.keys(calls).length, 1_001)
  assert.equal(calls['(other)'], 200)
  const attempts = read(client, 'attempts', 'model')
  assert.equal(Object.keys(attempts).length, 1_001)
  assert.equal(Object.values(attempts).reduce((x, y) => x + y), 1_200)
})

test('a model that no endpoint serves is counted without its name', async (t) => {
  const { client } = setup(t, { servers: 1, endpoint: () => ({ models: ['gpt-4o'] }) })
  for (const model of ['made-up-1', 'made-up-2']) await rejection(ask(client, { model }))
  assert.deepEqual(read(client, 'requests', 'model', 'reason'), { '(unknown) notFound': 2 })
})

test('secrets are in no metric, and odd names are escaped', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.script(faults.auth())
  await rejection(ask(client, { model: 'a"b\\c\nd' }))
  const text = client.metrics.text()
  assert.ok(text.includes('model="a\\"b\\\\c\\nd"'), text)
  assert.ok(!text.includes(KEY) && !client.metrics.text('openmetrics').includes(KEY))
})

test('another format is refused by name', (t) => {
  const { client } = setup(t, { servers: 1 })
  assert.throws(() => client.metrics.text('json'), { code: 'ERR_BELLWETHER_CONFIG', message: /format must be 'prometheus' or 'openmetrics', got 'json'/ })
  assert.throws(() => client.metrics.text(7), /got 7/)
  assert.equal(client.metrics.contentType, client.metrics.contentTypes.prometheus)
})
