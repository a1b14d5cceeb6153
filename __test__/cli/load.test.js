'use strict'

// bench and probe: the called endpoints, the printed results, and the costs.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { serve, faults } = require('../helpers/client')
const { cli, configOf } = require('./run')

test('bench: simulated vendors unless --live', async (t) => {
  const vendor = serve(t)
  const config = { ...configOf(vendor), prices: { 'gpt-4.1': { input: 8, output: 32 } } }
  const told = await cli(t, ['bench', '--requests', '40', '--concurrency', '10', '--model', 'gpt-4.1', '--model', 'gpt-4.1-mini', '--json'], { config })
  assert.deepEqual([told.code, vendor.totalHits], [0, 0])
  const report = told.json()
  assert.deepEqual([report.live, report.requests, report.answered, report.failed, report.availability, report.concurrency], [false, 40, 40, 0, 1, 10])
  assert.deepEqual(Object.entries(report.models).map(([name, { requests }]) => [name, requests]), [['gpt-4.1', 20], ['gpt-4.1-mini', 20]])
  assert.ok(report.meanMs >= 50 && report.p95Ms >= report.meanMs * 0.5)
  assert.equal(report.models['gpt-4.1'].costUsd.toFixed(6), (20 * (400 * 8 + 150 * 32) / 1e6).toFixed(6))
  const live = await cli(t, ['bench', '--requests', '7', '--model', 'gpt-4.1', '--live'], { config })
  assert.deepEqual([live.code, vendor.totalHits], [0, 7])
  assert.match(live.complained, /7 requests to A, and this costs money/)
  assert.match(live.said, /^7 requests to the configured vendors, 50 at a time/)
})

test('bench: lost requests cause exit code 1 and are counted by error', async (t) => {
  const vendor = serve(t)
  vendor.always(faults.status(400))
  const told = await cli(t, ['bench', '--requests', '3', '--model', 'gpt-4.1', '--live', '--json'], { config: configOf(vendor) })
  assert.equal(told.code, 1)
  assert.deepEqual([told.json().failed, told.json().availability, told.json().meanMs], [3, 0, null])
  assert.deepEqual(Object.values(told.json().models['gpt-4.1'].errors), [3])
  for (const [args, why] of [[['--requests', '0'], /--requests must be a whole number from 1/], [['--concurrency', 'many'], /--concurrency must be a whole number from 1 to 1000, got 'many'/]]) {
    const misused = await cli(t, ['bench', ...args], { config: configOf(vendor) })
    assert.deepEqual([misused.code, misused.said], [2, ''])
    assert.match(misused.complained, why)
  }
})

test('probe: every endpoint is called for every model, with few tokens, and its result is printed', async (t) => {
  const [well, ill] = [serve(t), serve(t)]
  ill.always(faults.status(401))
  const config = { ...configOf(well, ill), prices: { 'gpt-4.1': { input: 8, output: 32 }, 'gpt-4.1-mini': { input: 1, output: 4 } }, fallback_response: true }
  const told = await cli(t, ['probe', '--json'], { config })
  assert.equal(told.code, 1)
  const { passed, estimateUsd, results } = told.json()
  assert.equal(passed, false)
  assert.ok(estimateUsd > 0 && estimateUsd < 0.01)
  assert.deepEqual(results.map(({ endpoint, model, ok }) => [endpoint, model, ok]), [['A', 'gpt-4.1', true], ['A', 'gpt-4.1-mini', true], ['B', 'gpt-4.1', false], ['B', 'gpt-4.1-mini', false]])
  assert.deepEqual([results[0].status, results[0].answered, results[2].status, results[2].reason], [200, 'gpt-4.1', 401, 'auth'])
  assert.deepEqual(well.hits().map(({ model, body }) => [model, body.max_tokens ?? body.max_completion_tokens]).sort(), [['gpt-4.1', 5], ['gpt-4.1-mini', 5]])
  const one = await cli(t, ['probe', '--endpoint', 'A', '--model', 'gpt-4.1'], { config })
  assert.equal(one.code, 0)
  assert.match(one.complained, /^1 request of at most 5 output tokens each: about 0\.\d+ USD\n$/)
  assert.match(one.said, /\nA +gpt-4\.1 +ok +[\d.]+ ms +gpt-4\.1 +\d+ +/)
  const wrong = await cli(t, ['probe', '--endpoint', 'X'], { config })
  assert.deepEqual([wrong.code, wrong.said], [2, ''])
  assert.match(wrong.complained, /--endpoint must be one of A, B, got 'X'/)
})

test('probe: models of aliases and rules are sent to endpoints that serve any', async (t) => {
  const vendor = serve(t)
  const config = { endpoints: [{ name: 'A', base_url: vendor.url, api_key: 'sk-test-0123456789abcdef' }], models: { smart: ['gpt-4.1', 'o3'] } }
  const told = await cli(t, ['probe', '--json'], { config })
  assert.deepEqual(told.json().results.map(({ model, ok }) => [model, ok]), [['gpt-4.1', true], ['o3', true]])
  const none = await cli(t, ['probe'], { config: { ...config, models: {} } })
  assert.equal(none.code, 2)
  assert.match(none.complained, /use --model NAME/)
})
