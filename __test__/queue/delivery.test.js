'use strict'

// An outage from beginning to end: calls that no endpoint can answer are stored, and answered after the recovery.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { NotFoundError, UpstreamError, BadRequestError, ClientClosedError, TimeoutError } = require('../..')
const { serve, openClient, rejection, textOf, recordEvents, until, nextEvent, faults, KEY } = require('../helpers/client')
const { setupQueue, eventSummary, promptsOf, readFiles } = require('./helpers')

test('everything is down, calls are queued, the vendor heals, and they are answered in order of priority and age', async (t) => {
  // One at a time, so that the order is observable.
  const { client, a, events } = setupQueue(t, { endpoint: () => ({ limits: { maxConcurrency: 1 } }) })
  a.always(faults.unavailable())
  const ids = {}
  for (const [name, queuePriority] of [['first', 0], ['second', 0], ['late', -5], ['urgent', 9], ['third', 0]]) {
    const answer = await client.chatCompletion('gpt-4o', name, { queuePriority })
    assert.equal(answer.status, 'queued')
    assert.deepEqual(Object.keys(answer), ['status', 'id'])
    assert.equal(Object.getPrototypeOf(answer), Object.prototype)
    ids[name] = answer.id
  }
  assert.equal(client.queue.size, 5)
  assert.equal(a.hits().length, 1, 'an endpoint that is parked is not asked')
  a.always()
  const answer = await client.queue.result(ids.late)
  assert.match(textOf(answer), /Hello/)
  assert.equal(answer.report.endpoint, 'A')
  assert.equal(answer.report.maybeDuplicate, undefined)
  assert.deepEqual(promptsOf(a, a.hits().length - 5), ['urgent', 'first', 'second', 'third', 'late'])
  await until('all is told', () => events.at(-1).event === 'drained')
  assert.equal(client.queue.size, 0)
  assert.deepEqual(events.filter(({ event, again }) => event === 'queued' && !again).map(({ remaining }) => remaining), [1, 2, 3, 4, 5])
  const delivered = events.filter(({ event }) => event === 'delivered')
  assert.deepEqual(delivered.map(({ id }) => id), ['urgent', 'first', 'second', 'third', 'late'].map((name) => ids[name]))
  assert.deepEqual(delivered.map(({ remaining }) => remaining), [4, 3, 2, 1, 0])
})

test('what is delivered keeps the limits of its endpoint', async (t) => {
  const { client, a } = setupQueue(t, { endpoint: () => ({ limits: { maxConcurrency: 2 } }) })
  a.always(faults.unavailable())
  const ids = []
  for (let i = 0; i < 12; i++) ids.push((await client.chatCompletion('gpt-4o', `job ${i}`)).id)
  a.always(faults.slowHeaders(20))
  await Promise.all(ids.map((id) => client.queue.result(id)))
  const sent = a.hits().slice(-12)
  assert.equal(new Set(sent.map((hit) => hit.body.messages[0].content)).size, 12)
  const [first] = sent
  // The vendor counts requests that came while two were unanswered.
  const most = Math.max(...sent.map(({ at }) => sent.filter((other) => other.at < at && at < other.at + other.durationMs).length + 1))
  assert.ok(most <= 2, `${most} at once, from ${first.n} on`)
})

test('a call that an endpoint can answer is answered, and is not queued', async (t) => {
  const { client, events } = setupQueue(t)
  assert.match(textOf(await client.chatCompletion('gpt-4o', 'hi')), /Hello/)
  const stream = await client.chatCompletion('gpt-4o', 'hi', { stream: true })
  assert.match(textOf(await stream.finalCompletion), /Hello/)
  assert.deepEqual([client.queue.size, events.length], [0, 0])
})

test('a stream that no endpoint can begin is queued and answered whole', async (t) => {
  const { client, a } = setupQueue(t)
  a.always(faults.unavailable())
  const answer = await client.chatCompletion({ model: 'gpt-4o', stream: true, stream_options: { include_usage: true }, messages: [{ role: 'user', content: 'hi' }], seed: 7 })
  assert.equal(answer.status, 'queued')
  const { request } = await client.queue.show(answer.id)
  assert.deepEqual(request, { model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }], seed: 7 })
  a.always()
  const completion = await client.queue.result(answer.id)
  assert.equal(completion.object, 'chat.completion')
  assert.ok(!('stream' in a.hits().at(-1).body))
})

test('a caller\'s mistake is not queued, whether it is seen here or by the vendor', async (t) => {
  const { client, a } = setupQueue(t)
  a.always(faults.badRequest())
  assert.ok(BadRequestError.isInstance(await rejection(client.chatCompletion('gpt-4o', 'hi'))))
  assert.ok(BadRequestError.isInstance(await rejection(client.chatCompletion({ model: 'gpt-4o', messages: [] }))))
  a.always(faults.contextLength())
  assert.equal((await rejection(client.chatCompletion('gpt-4o', 'hi'))).reason, 'contextLength')
  assert.equal(client.queue.size, 0)
})

test('a queued request that turns out to be a mistake fails for good, and its error is kept', async (t) => {
  const { client, a, events } = setupQueue(t)
  a.always(faults.unavailable())
  const { id } = await client.chatCompletion('gpt-4o', 'hi')
  a.always(faults.badRequest())
  const error = await rejection(client.queue.result(id))
  assert.ok(BadRequestError.isInstance(error))
  assert.equal(error.status, 400)
  assert.equal(error.attempts.length, 1)
  await until('told', () => events.some(({ event }) => event === 'failed'))
  assert.equal((await client.queue.show(id)).state, 'failed')
})

test('after maxDeliveries that a vendor took it is a dead letter, which only a retry wakes', async (t) => {
  const { client, a, events } = setupQueue(t, { breaker: false, queue: { maxDeliveries: 2 } })
  a.always(faults.serverError())
  const { id } = await client.chatCompletion('gpt-4o', 'hi')
  await until('it was delivered', async () => (await client.queue.show(id)).deliveries === 1)
  const waits = await client.queue.show(id)
  assert.equal(waits.state, 'queued')
  assert.ok(Date.parse(waits.dueAt) - Date.now() > 5_000, 'it waits before it is delivered again')
  assert.deepEqual(await client.retryQueuedRequests(), { delivered: 0, failed: 1, remaining: 0 })
  const error = await rejection(client.queue.result(id))
  assert.ok(UpstreamError.isInstance(error))
  const dead = await client.queue.show(id)
  assert.deepEqual([dead.state, dead.deliveries], ['dead', 2])
  assert.deepEqual(dead.failures.map(({ reason, status, counted }) => [reason, status, counted]), Array(2).fill(['serverError', 500, true]))
  assert.equal(events.filter(({ event }) => event === 'dead').length, 1)
  a.always()
  assert.deepEqual(await client.retryQueuedRequests(), { delivered: 0, failed: 0, remaining: 0 })
  assert.equal((await client.queue.show(id)).state, 'dead')
  assert.equal(await client.queue.retry(id), true)
  assert.match(textOf(await client.queue.result(id)), /Hello/)
  assert.equal(await client.queue.retry(id), false)
})

test('an outage makes no dead letters, however often it is looked at', async (t) => {
  const { client, a } = setupQueue(t, { queue: { maxDeliveries: 1 }, breaker: false })
  const port = Number(new URL(a.url).port)
  await a.close()
  const { id } = await client.chatCompletion('gpt-4o', 'hi')
  for (let i = 0; i < 4; i++) assert.deepEqual(await client.retryQueuedRequests(), { delivered: 0, failed: 0, remaining: 1 })
  const back = serve(t, { port })
  back.always(faults.overloaded({ retryAfter: 1, as: 'ms' }))
  await until('it was turned away', async () => {
    await client.retryQueuedRequests()
    return (await client.queue.show(id)).failures.some(({ reason }) => reason === 'overloaded')
  })
  const job = await client.queue.show(id)
  assert.deepEqual([job.state, job.deliveries], ['queued', 0])
  assert.ok(job.failures.every(({ counted }) => !counted))
  back.always()
  assert.match(textOf(await client.queue.result(id)), /Hello/)
})

test('a key is queued once', async (t) => {
  const { client, a, file } = setupQueue(t)
  a.always(faults.unavailable())
  const [one, two, other] = await Promise.all(['order-4711', 'order-4711', 'order-4712'].map((idempotencyKey) => client.chatCompletion('gpt-4o', 'hi', { idempotencyKey })))
  assert.equal(one.id, two.id)
  assert.notEqual(one.id, other.id)
  assert.equal(client.queue.size, 2)
  a.always()
  await client.queue.result(one.id)
  assert.equal(a.hits().at(-1).headers['idempotency-key'].slice(0, 9), 'order-471')
  assert.ok(readFiles(file).length > 0)
})

test('a job that waits longer than ttl expires with an event, and its result rejects', async (t) => {
  const { client, a, events } = setupQueue(t, { queue: { ttl: 200 } })
  a.always(faults.unavailable({ retryAfter: 60 }))
  const { id } = await client.chatCompletion('gpt-4o', 'hi')
  const error = await rejection(client.queue.result(id))
  assert.ok(TimeoutError.isInstance(error), error.message)
  assert.match(error.message, /ttl/)
  await until('told', () => events.some(({ event }) => event === 'expired'))
  assert.equal(client.queue.size, 0)
})

test('answers are there after a restart, and what was not answered is', async (t) => {
  const { client, a, file } = setupQueue(t)
  a.always(faults.unavailable())
  const { id: first } = await client.chatCompletion('gpt-4o', 'first')
  a.always()
  await client.queue.result(first)
  a.always(faults.unavailable())
  await client.chatCompletion('gpt-4o', 'live').catch(() => {})
  const { id: second } = await client.chatCompletion('gpt-4o', 'second')
  const waiting = rejection(client.queue.result(second))
  await client.close({ drain: 0 })
  assert.ok(ClientClosedError.isInstance(await waiting))
  a.always()
  const next = openClient(t, { baseURL: a.url, queue: { path: file } })
  const told = []
  for await (const done of next.queue) {
    told.push(done)
    if (told.length === 3) break
  }
  assert.ok(told.every(({ status }) => status === 'delivered'))
  assert.equal(told[0].id, first)
  assert.match(textOf(told[0].completion), /Hello/)
  assert.equal(told[0].completion.report.endpoint, 'A')
  assert.match(textOf(await next.queue.result(second)), /Hello/)
})

test('results come in the order of ends, and the loop ends with the client', async (t) => {
  const { client, a } = setupQueue(t)
  a.always(faults.unavailable())
  for (const name of ['one', 'two', 'three']) await client.chatCompletion('gpt-4o', name)
  const seen = []
  const loop = (async () => { for await (const { id, status } of client.queue) seen.push([id, status]) })()
  a.always()
  await until('three', () => seen.length === 3)
  await client.close()
  await loop
  assert.equal(new Set(seen.map(([id]) => id)).size, 3)
})

test('jobs can be listed, shown and thrown away', async (t) => {
  const { client, a } = setupQueue(t)
  a.always(faults.unavailable({ retryAfter: 60 }))
  const ids = []
  for (let i = 0; i < 5; i++) ids.push((await client.chatCompletion('gpt-4o', `job ${i}`, { queuePriority: i, tags: { n: String(i) } })).id)
  const { queue } = client
  assert.deepEqual((await queue.list()).map(({ id }) => id), ids)
  assert.deepEqual((await queue.list({ limit: 2 })).map(({ id }) => id), ids.slice(0, 2))
  assert.deepEqual((await queue.list({ state: 'queued', after: ids[2] })).map(({ id }) => id), ids.slice(3))
  assert.deepEqual(await queue.list({ state: 'dead' }), [])
  const { request, options, priority } = await queue.show(ids[3])
  assert.deepEqual([request.messages[0].content, options.tags, priority], ['job 3', { n: '3' }, 3])
  const waiting = rejection(queue.result(ids[0]))
  assert.equal(await queue.purge(), 0, 'only what is over')
  assert.equal(await queue.purge({ state: 'queued', olderThan: '1h' }), 0)
  assert.equal(await queue.purge({ state: 'queued' }), 5)
  assert.ok(NotFoundError.isInstance(await waiting))
  assert.equal(queue.size, 0)
  for (const act of ['show', 'result', 'retry']) {
    for (const id of [ids[0], 'nonsense']) assert.ok(NotFoundError.isInstance(await rejection(queue[act](id))), `${act} ${id}`)
  }
})

test('complete, processLongContext and fetch wait for an answer where the client queues', async (t) => {
  const { client, a } = setupQueue(t, { maxRetries: 2, endpoint: () => ({ model: 'gpt-4o' }) })
  a.script(faults.overloaded({ retryAfter: 1, as: 'ms' }))
  const { success, content } = await client.complete('hi')
  assert.equal(success, true)
  assert.match(content, /Hello/)
  a.script(faults.overloaded({ retryAfter: 1, as: 'ms' }))
  const response = await client.fetch('https://api.openai.com/v1/chat/completions', { method: 'POST', body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] }) })
  assert.match((await response.json()).choices[0].message.content, /Hello/)
  assert.equal(client.queue.size, 0)
  assert.match((await rejection(client.complete('hi', { onUnavailable: 'queue' }))).message, /options\.onUnavailable/)
  assert.match((await rejection(client.processLongContext('hi', { onUnavailable: 'queue' }))).message, /options\.onUnavailable/)
})

test('an endpoint that heals is noticed by live traffic at once', async (t) => {
  const { client, a } = setupQueue(t, { breaker: { failureThreshold: 1, recoveryTimeout: '1h', maxRecoveryTimeout: '1h' } })
  a.always(faults.serverError())
  const { id } = await client.chatCompletion('gpt-4o', 'hi')
  a.always()
  const recovered = nextEvent(client, 'queue', ({ event }) => event === 'delivered')
  const release = client.isolate('A')
  release[Symbol.dispose]()
  await until('a live call is answered', async () => (await client.chatCompletion('gpt-4o', 'live', { onUnavailable: 'error' }).catch(() => undefined)) !== undefined)
  assert.equal((await recovered).id, id)
})

test('nothing secret is on the disk, in events, lists or errors', async (t) => {
  const canary = 'sk-CANARYcanary0123456789'
  const { client, a, file, events } = setupQueue(t, {
    apiKey: canary, endpoint: () => ({ headers: { 'x-tenant': 'HEADERcanary' } })
  })
  const attempts = recordEvents(client, 'attempt')
  a.always(faults.auth({ message: `Incorrect API key provided: ${canary}` }))
  const { id } = await client.chatCompletion('gpt-4o', 'hi')
  const job = JSON.stringify([await client.queue.show(id), events, attempts])
  for (const text of [readFiles(file).toString('latin1'), job]) {
    for (const secret of ['CANARYcanary', 'HEADERcanary', KEY]) assert.ok(!text.includes(secret))
  }
  assert.ok(readFiles(file).includes('gpt-4o'), 'it is looked for in the right place')
})

test('with a key, neither question nor answer can be read in the file', async (t) => {
  const encryptionKey = Buffer.alloc(32, 7)
  const { client, a, file } = setupQueue(t, { queue: { encryptionKey } })
  a.always(faults.unavailable())
  const { id } = await client.chatCompletion('gpt-4o', 'a confidential question')
  assert.ok(!readFiles(file).includes('confidential'))
  a.always()
  assert.match(textOf(await client.queue.result(id)), /Hello/)
  assert.ok(!readFiles(file).includes('Hello'))
  await client.close()
  const wrong = openClient(t, { baseURL: a.url, queue: { path: file, encryptionKey: '08'.repeat(32) } })
  assert.match((await rejection(wrong.queue.ready())).message, /queue\.encryptionKey is not the key it was created with/)
  const same = openClient(t, { baseURL: a.url, queue: { path: file, encryptionKey: '07'.repeat(32) } })
  await until('the file is free', () => same.queue.ready().then(() => true, () => false))
  assert.match(textOf(await same.queue.result(id)), /Hello/)
})

test('the events of one job in order', async (t) => {
  const { client, a, events } = setupQueue(t)
  a.always(faults.unavailable())
  const { id } = await client.chatCompletion('gpt-4o', 'hi')
  a.always()
  await client.queue.result(id)
  await until('all is told', () => events.at(-1).event === 'drained')
  assert.match(eventSummary(events), /^queued:1 (delivering:1 queued:1 )*delivering:1 delivered:0 drained:0$/)
  assert.ok(events.every((e) => e.id === id && !Number.isNaN(Date.parse(e.at))))
})
