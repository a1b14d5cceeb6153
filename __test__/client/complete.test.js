'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { ConfigError, ClientClosedError } = require('../..')
const { serve, openClient, setup, rejection, faults } = require('../helpers/client')

test('a text, and what it took', async (t) => {
  const { client, a } = setup(t, { servers: 1, prices: { 'gpt-4o': { input: 1, output: 2 } } })
  const answer = await client.complete('hi', { models: ['gpt-4o'], temperature: 0.5 })
  assert.deepEqual({ ...answer, latencyMs: 0, report: 0 }, {
    content: 'Hello from A', model: 'gpt-4o', latencyMs: 0, tokensUsed: 4, costUsd: 7e-6, success: true, report: 0
  })
  assert.ok(answer.latencyMs > 0)
  assert.equal(answer.report.attempts.length, 1)
  assert.deepEqual([a.hits()[0].body.temperature, a.hits()[0].body.messages], [0.5, [{ role: 'user', content: 'hi' }]])
})

test('models by task and priority, in one call with one report', async (t) => {
  for (const [taskType, priority, expected] of [
    ['simple_qa', 'fast', ['deepseek-chat', 'gemini-2.5-flash', 'gpt-4.1-mini']],
    ['code_generation', 'high', ['gpt-4.1', 'claude-sonnet-4']],
    ['complex_reasoning', undefined, ['gpt-4.1', 'claude-sonnet-4']],
    ['general', 'normal', ['gpt-4.1-mini', 'claude-3-5-sonnet', 'gpt-4.1']],
    ['poetry', 'high', ['gpt-4.1', 'claude-sonnet-4']],
    ['simple_qa', 'whenever', ['gpt-4.1-mini', 'claude-3-5-sonnet', 'gpt-4.1']],
    [undefined, undefined, ['gpt-4.1-mini', 'claude-3-5-sonnet', 'gpt-4.1']]
  ]) {
    const a = serve(t)
    // An address that takes any name is asked for what stands behind no alias.
    const client = openClient(t, { endpoints: [{ name: 'A', baseURL: a.url, models: Object.fromEntries(expected.map((name) => [name, name])) }], maxRetries: 0 })
    a.always(faults.serverError())
    const answer = await client.complete('hi', { taskType, priority })
    assert.deepEqual([answer.success, answer.model, answer.content, answer.tokensUsed, answer.costUsd], [false, 'all_failed', '', 0, null])
    assert.deepEqual(a.hits().map(({ body }) => body.model), expected, `${taskType} ${priority}`)
    assert.deepEqual(answer.report.attempts.map(({ model }) => model), expected)
    assert.match(answer.errorMessage, /500/)
  }
})

test('failures of vendors are returned, mistakes of the caller are thrown', async (t) => {
  const { client, a } = setup(t, { servers: 1, maxRetries: 0 })
  a.script(faults.badRequest())
  const refused = await client.complete('hi', { models: ['gpt-4o'] })
  assert.deepEqual([refused.success, refused.report.attempts[0].status], [false, 400])
  a.script(faults.hang())
  const late = await client.complete('hi', { models: ['gpt-4o'], timeout: 50 })
  assert.match(late.errorMessage, /50 ms/)
  for (const [args, paths] of [
    [[''], ['prompt']],
    [[7, { models: [], taskType: 7, priority: 7, stream: true }], ['prompt', 'options.taskType', 'options.priority', 'options.models', 'options.stream']],
    [['hi', 7], ['options']],
    [['hi', { temprature: 1 }], undefined]
  ]) {
    const error = await rejection(client.complete(...args))
    assert.ok(error instanceof ConfigError, String(args))
    if (paths) assert.deepEqual(error.problems.map(({ path }) => path), paths)
  }
  const reason = new Error('enough')
  assert.equal(await rejection(client.complete('hi', { models: ['gpt-4o'], signal: AbortSignal.abort(reason) })), reason)
  await client.close()
  assert.ok(await rejection(client.complete('hi', { models: ['gpt-4o'] })) instanceof ClientClosedError)
})
