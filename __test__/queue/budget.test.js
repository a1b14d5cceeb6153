'use strict'

// What a budget refuses is no fault of a job's. That it goes out when the period turns is shown on a clock of its own, in
// src/queue/queue/tests.rs.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { textOf, faults, until } = require('../helpers/client')
const { setupQueue } = require('./helpers')

test('a job that meets a budget which is used up waits, uncounted, and goes out when the limit is raised', async (t) => {
  const budget = (limit) => ({ budgets: [{ name: 'month', limit, per: 'month', onExceeded: 'reject' }] })
  const prices = { 'gpt-4o': { input: 1_000_000, output: 1_000_000 } }
  const { client, a, file, events } = setupQueue(t, { prices, ...budget(1), queue: { maxDeliveries: 1 } })
  a.always(faults.unavailable())
  const first = await client.chatCompletion('gpt-4o', 'first')
  const second = await client.chatCompletion('gpt-4o', 'second')
  a.always()
  assert.match(textOf(await client.queue.result(first.id)), /Hello/)
  await until('it is used up', () => client.costs.budgets()[0].exceeded)
  const hits = a.hits().length
  for (let i = 0; i < 3; i++) assert.deepEqual(await client.retryQueuedRequests(), { delivered: 0, failed: 0, remaining: 1 })
  const job = await client.queue.show(second.id)
  assert.deepEqual([job.state, job.deliveries, job.failures.filter(({ reason }) => reason === 'budget')], ['queued', 0, []])
  assert.equal(a.hits().length, hits)
  await client.reload({ endpoints: [{ name: 'A', baseURL: a.url, apiKey: 'another' }], proxy: false, maxRetries: 0, onUnavailable: 'queue', prices, ...budget(1_000_000), queue: { path: file, maxDeliveries: 1 } })
  assert.match(textOf(await client.queue.result(second.id)), /Hello/)
  assert.equal(events.filter(({ event }) => event === 'dead' || event === 'failed').length, 0)
})
