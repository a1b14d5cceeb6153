'use strict'

// What a reload does not forget: money that was spent, and calls that wait in a file.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { KEY, QUICK, serve, openClient, ask, rejection, until, faults } = require('../helpers/client')

const ANSWER = { id: 'x', object: 'chat.completion', model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 0, total_tokens: 1 } }

/** A folder that ends with the test. */
function folder (t) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-reload-'))
  t.after(() => fs.rmSync(made, { recursive: true, force: true }))
  return made
}

test('budgets go on, one that is new begins with what was spent, and the ledger is one', async (t) => {
  const server = serve(t)
  server.always(faults.status(200, { body: JSON.stringify(ANSWER), headers: { 'content-type': 'application/json' } }))
  const file = path.join(folder(t), 'costs.json')
  const options = (budgets) => ({
    apiKey: KEY, proxy: false, endpoints: [{ name: 'A', baseURL: server.url, price: { input: 1_000_000, output: 0 } }], costs: { path: file }, budgets
  })
  const hourly = { name: 'hourly', limit: 10, per: 'hour' }
  const client = openClient(t, options([hourly]))
  await ask(client, { model: 'm' })
  await ask(client, { model: 'm' })
  await client.reload(options([hourly, { name: 'monthly', limit: 3, per: 'month' }]))
  assert.deepEqual(client.costs.budgets().map(({ budget, spentUsd }) => [budget, spentUsd]), [['hourly', 2], ['monthly', 2]])
  await ask(client, { model: 'm' })
  assert.equal((await rejection(ask(client, { model: 'm' }))).name, 'BudgetExceededError')
  await client.reload(options([hourly]))
  await ask(client, { model: 'm' })
  assert.equal(client.costs.report().total.costUsd, 4)
  await client.close()
  assert.equal(JSON.parse(fs.readFileSync(file, 'utf8'))[Math.floor(Date.now() / 86_400_000)].models[0][2].calls, 4)
})

test('a budget that gets another limit, name or action still knows what was spent, by the hour too', async (t) => {
  const server = serve(t)
  server.always(faults.status(200, { body: JSON.stringify(ANSWER), headers: { 'content-type': 'application/json' } }))
  const options = (...budgets) => ({ apiKey: KEY, proxy: false, endpoints: [{ name: 'A', baseURL: server.url, price: { input: 1_000_000, output: 0 } }], budgets })
  const client = openClient(t, options({ limit: 2, per: 'hour' }))
  await ask(client, { model: 'm' })
  await ask(client, { model: 'm' })
  assert.equal((await rejection(ask(client, { model: 'm' }))).name, 'BudgetExceededError')
  await client.reload(options({ limit: 3, per: 'hour' }))
  assert.deepEqual(client.costs.budgets().map(({ spentUsd }) => spentUsd), [2])
  await ask(client, { model: 'm' })
  await client.reload(options({ name: 'other', limit: 3, per: 'hour', onExceeded: 'warn' }, { name: 'search', limit: 1, per: 'hour', tag: { team: 'search' } }))
  assert.deepEqual(client.costs.budgets().map(({ budget, spentUsd }) => [budget, spentUsd]), [['other', 3], ['search', 0]])
})

test('queued calls are delivered under the new configuration; files stay where they are', async (t) => {
  const [old, fresh] = [serve(t, { name: 'old' }), serve(t, { name: 'fresh' })]
  old.always(faults.unavailable())
  const file = path.join(folder(t), 'queue.db')
  const options = (server, more) => ({
    apiKey: KEY, proxy: false, retry: QUICK, endpoints: [{ name: server === old ? 'A' : 'B', baseURL: server.url }], queue: { path: file }, onUnavailable: 'queue', ...more
  })
  const client = openClient(t, options(old))
  const { status, id } = await client.chatCompletion('gpt-4o', 'hi', { maxRetries: 0 })
  assert.equal(status, 'queued')
  for (const more of [{ queue: { path: `${file}2` } }, { queue: { path: file, maxBytes: 5000 } }, { queue: { path: file, maxJobs: 5 } }, { costs: { path: `${file}3` } }]) {
    const error = await rejection(client.reload(options(fresh, more)))
    assert.match(error.problems[0].message, /cannot be changed by a reload: make another client/)
  }
  await client.reload(options(fresh))
  const answer = await client.queue.result(id)
  assert.equal(answer.choices[0].message.content, 'Hello from fresh')
  await until('it is over', () => client.queue.size === 0)
})
