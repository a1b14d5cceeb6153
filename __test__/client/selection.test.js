'use strict'

// Which endpoint is called, for which model.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { TRANSPORTS, QUICK, serve, openClient, setup, ask, rejection, textOf, attemptSummary, faults } = require('../helpers/client')

const servers = (t, n, options = () => ({})) => Array.from({ length: n }, (_, i) => serve(t, { name: 'ABCD'[i], ...options(i) }))
const listed = (list, more) => list.map((server, i) => ({ name: 'ABCD'[i], baseURL: server.url, ...more(i) }))
const totals = (list) => list.map((server) => server.totalHits)

test('order: by the list, or by priority', { concurrency: true }, async (t) => {
  await Promise.all([
    ['the list', [{}, {}, {}], 'A:next:serverError B:next:serverError C:ok'],
    ['priorities', [{ priority: 3 }, { priority: 1 }, { priority: 2 }], 'B:next:serverError C:next:serverError A:ok']
  ].map(([name, more, expected]) => t.test(name, async (t) => {
    const list = servers(t, 3)
    const client = openClient(t, { retry: QUICK, endpoints: listed(list, (i) => more[i]) })
    const last = 'ABC'.indexOf(expected.at(-4))
    list.forEach((server, i) => { if (i !== last) server.always(faults.serverError()) })
    assert.equal(attemptSummary((await ask(client)).report.attempts), expected)
  })))
})

for (const transport of TRANSPORTS) {
  test(`${transport.transport}: endpoints of one priority share the load, the slow one gets less`, async (t) => {
    const { client, servers: [a, b, c] } = setup(t, { servers: 3, transport, endpoint: (i) => ({ priority: i < 2 ? 1 : 2 }) })
    await Promise.all(Array.from({ length: 40 }, () => ask(client)))
    assert.ok(a.totalHits > 0 && b.totalHits > 0, `${a.totalHits} ${b.totalHits}`)
    // Slow enough to stand out against whatever else this machine does.
    a.always(faults.slowHeaders(500))
    await Promise.all(Array.from({ length: 40 }, () => ask(client)))
    for (const server of [a, b]) server.clearHits()
    await Promise.all(Array.from({ length: 60 }, () => ask(client)))
    assert.ok(a.totalHits < b.totalHits, `${a.totalHits} ${b.totalHits}`)
    assert.equal(c.totalHits, 0, 'the second tier waits')
  })
}

test('an endpoint that fails at once attracts nothing', async (t) => {
  const { client, a, b } = setup(t, { breaker: false, endpoint: () => ({ priority: 1 }) })
  a.always(faults.serverError())
  b.always(faults.slowHeaders(5))
  for (let i = 0; i < 30; i++) assert.equal(textOf(await ask(client)), 'Hello from B')
  assert.ok(a.totalHits <= 5, `${a.totalHits}`)
})

test('models: what an endpoint pins, lists, maps and accepts', async (t) => {
  const list = servers(t, 4)
  const kinds = [{ model: 'pinned-id' }, { models: ['listed'] }, { models: { asked: 'sent-id' } }, {}]
  const client = openClient(t, { endpoints: listed(list, (i) => kinds[i]) })
  const sent = async (model, endpoints) => {
    const { report } = await ask(client, { model, endpoints })
    return `${report.endpoint} ${list['ABCD'.indexOf(report.endpoint)].hits().at(-1).model}`
  }
  assert.equal(await sent('anything'), 'A pinned-id')
  assert.equal(await sent('listed', ['B', 'C', 'D']), 'B listed')
  assert.equal(await sent('asked', ['B', 'C', 'D']), 'C sent-id')
  assert.equal(await sent('anything', ['B', 'C', 'D']), 'D anything')
  assert.equal(await sent('C/asked'), 'C sent-id')
  assert.equal(await sent('D/anything'), 'D anything')
})

test('a pinned model needs none in the request', async (t) => {
  const { client, a } = setup(t, { servers: 1, endpoint: () => ({ model: 'pinned' }) })
  await client.chatCompletion({ messages: [{ role: 'user', content: 'hi' }] })
  assert.equal(a.hits()[0].model, 'pinned')
  const { client: free } = setup(t, { servers: 1 })
  const error = await rejection(free.chatCompletion({ messages: [{ role: 'user', content: 'hi' }] }))
  assert.equal(error.name, 'BadRequestError')
})

test('aliases: candidates in order, never for a pinned id', async (t) => {
  const list = servers(t, 2)
  const client = openClient(t, {
    retry: QUICK, models: { smart: ['A/big', 'B/large', 'small'], one: 'B/large' },
    endpoints: listed(list, () => ({}))
  })
  assert.deepEqual([(await ask(client, { model: 'smart' })).report.endpoint, list[0].hits()[0].model], ['A', 'big'])
  list[0].always(faults.when({ model: 'big' }, faults.serverError()))
  list[1].always(faults.when({ model: 'large' }, faults.serverError()))
  const { report } = await ask(client, { model: 'smart' })
  assert.deepEqual(report.attempts.map((a) => `${a.endpoint} ${a.model} ${a.outcome}`), ['A big next', 'B large next', 'A small ok'])
  assert.equal(report.model, 'small')
  assert.equal(report.failover, true)
})

test('one relay and one key: its models stand in for each other', async (t) => {
  const server = serve(t)
  const client = openClient(t, { baseURL: server.url, retry: QUICK, models: { chat: ['gpt-4o', 'claude-sonnet-4', 'deepseek-chat'] } })
  server.always(faults.when({ model: 'gpt-4o' }, faults.rateLimited({ retryAfter: '20s' })))
  const first = await ask(client, { model: 'chat' })
  assert.equal(first.report.model, 'claude-sonnet-4')
  await ask(client, { model: 'chat' })
  assert.deepEqual(server.hits().map((h) => h.model), ['gpt-4o', 'claude-sonnet-4', 'claude-sonnet-4'])
  const [status] = client.getEndpointStatus()
  assert.equal(status.status, 'rate_limited')
  assert.deepEqual(status.models.filter((m) => m.totalRequests > 0).map((m) => [m.model, m.status]).sort(), [['claude-sonnet-4', 'healthy'], ['gpt-4o', 'rate_limited']])
})

test('fallbackModels', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.always(faults.when({ model: 'gpt-4o' }, faults.serverError()))
  const { report } = await ask(client, { fallbackModels: ['gpt-4o-mini', 'other'] })
  assert.equal(report.model, 'gpt-4o-mini')
  assert.equal(report.failover, true)
  assert.deepEqual(a.hits().map((h) => h.model), ['gpt-4o', 'gpt-4o-mini'])
})

test('a model that the vendor does not have', async (t) => {
  const list = servers(t, 2, (i) => ({ models: [['one'], ['two']][i] }))
  const client = openClient(t, { retry: QUICK, endpoints: listed(list, () => ({})) })
  assert.equal(attemptSummary((await ask(client, { model: 'two' })).report.attempts), 'A:next:notFound B:ok')
  assert.equal(attemptSummary((await ask(client, { model: 'two' })).report.attempts), 'A:skipped:cooldown B:ok')
  assert.equal(attemptSummary((await ask(client, { model: 'one' })).report.attempts), 'A:ok', 'only that model is parked')
})

test('an unknown model fails before any network, naming the nearest', async (t) => {
  const { client, a } = setup(t, { servers: 1, models: { smart: ['gpt-4o'] }, endpoint: () => ({ models: ['gpt-4o', 'claude-sonnet-4'] }) })
  for (const stream of [false, true]) {
    const error = await rejection(ask(client, { model: 'gpt-4p', stream }))
    assert.equal(error.name, 'NotFoundError')
    assert.equal(error.retryable, false)
    assert.match(error.message, /'?gpt-4p'?/)
    assert.match(error.message, /gpt-4o/)
    assert.match(error.message, /claude-sonnet-4/)
  }
  assert.equal(a.totalHits, 0)
})

test('a vendor with models of its own is not called for the models of others', async (t) => {
  const down = []
  const transport = async (/** @type {string} */ url) => down.includes(new URL(url).hostname) ? new Response('', { status: 500 }) : Response.json({ choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }] })
  const own = (/** @type {string} */ name) => ({ name, provider: name, dialect: /** @type {const} */ ('openai') })
  const endpoints = [own('openai'), own('anthropic'), { name: 'relay', baseURL: 'http://relay.test/v1' }]
  const client = openClient(t, { retry: QUICK, maxRetries: 0, transport, endpoints })
  assert.equal((await ask(client, { model: 'claude-x' })).report.endpoint, 'anthropic')
  assert.equal((await ask(client, { model: 'mine' })).report.attempts[0].endpoint, 'openai', 'a name that says nothing is for all')
  down.push('api.openai.com')
  assert.equal(attemptSummary((await ask(client, { model: 'gpt-4o' })).report.attempts), 'openai:next:serverError relay:ok')
  const alone = openClient(t, { transport, endpoints: [own('anthropic')] })
  assert.match((await rejection(ask(alone, { model: 'gpt-4o' }))).message, /no endpoint serves 'gpt-4o'/)
})

test('a gateway that is spoken to as a vendor is asked for whatever it may have', async (t) => {
  const [a] = servers(t, 1)
  const client = openClient(t, { endpoints: listed([a], () => ({ provider: 'openai' })) })
  for (const model of ['claude-x', 'gemma-x', 'gpt-4o']) {
    assert.equal(textOf(await ask(client, { model })), 'Hello from A')
    assert.equal(a.hits().at(-1).model, model)
  }
})

test('options.endpoints', async (t) => {
  const { client, a, b } = setup(t)
  assert.equal((await ask(client, { endpoints: ['B'] })).report.endpoint, 'B')
  b.always(faults.serverError())
  const error = await rejection(ask(client, { endpoints: ['B'] }))
  assert.equal(error.endpoint, 'B')
  assert.equal(a.totalHits, 0)
  assert.deepEqual(totals([a, b]), [0, 3])
  const odd = await rejection(ask(client, { endpoints: ['C'] }))
  assert.equal(odd.name, 'ConfigError')
  assert.match(odd.message, /C/)
})

test('endpoints that are called as vendors stand in for each other under the built-in aliases', async (t) => {
  for (const [asked, first, second] of [['gpt-4.1', 'openai', 'deepseek'], ['gpt-4.1', 'openai', 'backup'], ['claude-sonnet-4', 'anthropic', 'openai'], ['deepseek-v3', 'deepseek', 'google']]) {
    const [a, b] = [serve(t, { name: first }), serve(t, { name: second })]
    const client = openClient(t, { endpoints: [{ name: first, baseURL: a.url, model: 'one' }, { name: second, baseURL: b.url, model: 'two' }] })
    a.script(faults.overloaded())
    const { report } = await ask(client, { model: asked })
    assert.equal(attemptSummary(report.attempts), `${first}:next:overloaded ${second}:ok`, asked)
    // In the user's own words it is the endpoint that is named.
    assert.equal((await rejection(ask(client, { model: `${first}/x`, onUnavailable: 'error' }))).endpoint, first)
  }
})
