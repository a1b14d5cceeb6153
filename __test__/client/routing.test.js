'use strict'

// Which endpoints a call asks, and in which order: rules by name, weights, keys that stay, models by task.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { KEY, QUICK, serve, openClient, ask, rejection, configProblems, attemptSummary, until, faults } = require('../helpers/client')

const PRICES = { cheap: { input: 1, output: 1 }, middle: { input: 2, output: 2 }, dear: { input: 9, output: 9 } }

/** Endpoints A, B, … that serve one model each, and a client with these rules. */
function town (t, models, rules, { endpoint = () => ({}), ...options } = {}) {
  const servers = models.map((_, i) => serve(t, { name: 'ABCD'[i] }))
  const client = openClient(t, {
    retry: QUICK,
    maxRetries: 0,
    rules,
    endpoints: servers.map(({ url }, i) => ({ name: 'ABCD'[i], baseURL: url, ...(models[i] && { models: [models[i]] }), ...endpoint(i) })),
    ...options
  })
  return { client, servers, route: async (route, more) => attemptSummary((await ask(client, { route, model: models[0] ?? 'm', ...more })).report.attempts) }
}

test('routeTo: models before all other endpoints, endpoints alone, chains in order', async (t) => {
  const rules = {
    model: { routeTo: 'two' },
    alias: { routeTo: 'cheapest' },
    strict: { routeTo: 'two', fallback: false },
    endpoint: { routeTo: 'B' },
    chain: { routeTo: ['C', 'B'] },
    mixed: { routeTo: ['C', 'one'], fallback: true },
    loose: { routeTo: 'B', fallback: true },
    nothing: {}
  }
  const { route, servers: [a, b, c] } = town(t, ['one', 'two', 'one'], rules, { models: { cheapest: ['two'] } })
  assert.equal(await route('nothing'), 'A:ok')
  assert.equal(await route('model'), 'B:ok')
  assert.equal(await route('alias'), 'B:ok')
  assert.equal(await route('chain'), 'C:ok', 'B does not serve what was asked')
  b.always(faults.serverError())
  assert.equal(await route('model'), 'B:next:serverError A:ok')
  assert.equal((await rejection(route('strict'))).reason, 'serverError')
  c.always(faults.serverError())
  assert.equal(await route('mixed'), 'C:next:serverError A:ok')
  a.always(faults.serverError())
  const error = await rejection(route('model'))
  assert.deepEqual(error.errors.map(({ endpoint }) => endpoint), ['B', 'A', 'C'])
})

test('an endpoint that is named is asked for what the call asks, or for its own', async (t) => {
  const { client, servers: [a, b] } = town(t, [undefined, undefined], { pinned: { routeTo: ['B', 'A'] } }, { endpoint: (i) => [{}, { model: 'mine' }][i] })
  await ask(client, { route: 'pinned', model: 'asked' })
  assert.equal(b.hits()[0].model, 'mine')
  b.always(faults.serverError())
  await ask(client, { route: 'pinned', model: 'asked' })
  assert.equal(a.hits()[0].model, 'asked')
  // Without a model in the request, the route's is one.
  b.always(faults.healthy({ content: 'x' }))
  const { report } = await client.chatCompletion({ messages: [{ role: 'user', content: 'hi' }] }, { route: 'pinned' })
  assert.equal(report.model, 'mine')
})

test('a model is only where it is: pinned endpoints have no other', async (t) => {
  const { client, servers: [a, b] } = town(t, [undefined, undefined, undefined], { batch: { routeTo: 'small', fallback: false } }, { endpoint: (i) => [{ model: 'big' }, { model: 'small' }, { models: { small: 'small-2' } }][i] })
  b.always(faults.serverError())
  const { report } = await ask(client, { route: 'batch', model: 'whatever' })
  assert.deepEqual(report.attempts.map(({ endpoint, model }) => `${endpoint} ${model}`), ['B small', 'C small-2'])
  assert.equal(a.totalHits, 0)
})

test('cost_optimization: the cheapest first, the unknown last, whatever the priorities', async (t) => {
  const rules = { cost: { priority: 'cost_optimization' }, chain: { routeTo: ['dear', 'middle'], priority: 'cost_optimization' } }
  const { route, servers } = town(t, ['unknown', 'dear', 'cheap', 'middle'], rules, { prices: PRICES, models: { all: ['unknown', 'dear', 'cheap', 'middle'] } })
  servers.forEach((server) => server.always(faults.serverError()))
  const order = async (name) => (await rejection(route(name, { model: 'all' }))).errors.map(({ model }) => model)
  assert.deepEqual(await order('cost'), ['cheap', 'middle', 'dear', 'unknown'])
  assert.deepEqual(await order('chain'), ['middle', 'dear', 'cheap', 'unknown'], 'a rule\'s own come before the others')
})

test('cost_optimization counts this call\'s tokens', async (t) => {
  // Dear to ask and cheap to be answered by, or the other way round.
  const prices = { reader: { input: 1, output: 100 }, writer: { input: 100, output: 1 } }
  const { client } = town(t, ['reader', 'writer'], { cost: { priority: 'cost_optimization' } }, { prices, models: { either: ['writer', 'reader'] } })
  const asked = async (prompt, maxTokens) => (await client.chatCompletion('either', prompt, { maxTokens, route: 'cost' })).report.model
  assert.equal(await asked('x'.repeat(40_000), 10), 'reader')
  assert.equal(await asked('x', 10_000), 'writer')
})

test('preserveContext: false', async (t) => {
  const messages = [
    { role: 'system', content: 'be brief' }, { role: 'user', content: 'one' }, { role: 'assistant', content: 'two' }, { role: 'developer', content: 'be kind' },
    { role: 'user', content: 'three' }, { role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] }, { role: 'tool', tool_call_id: 'c', content: 'four' }
  ]
  const rules = { forget: { preserveContext: false }, keep: { preserveContext: true } }
  const { client, servers: [a, b] } = town(t, [undefined, undefined], rules)
  for (const [route, kept] of [['forget', [0, 3, 4, 5, 6]], ['keep', [0, 1, 2, 3, 4, 5, 6]], [undefined, [0, 1, 2, 3, 4, 5, 6]]]) {
    a.script(faults.serverError())
    await client.chatCompletion({ model: 'm', messages, zz: 1 }, { route })
    assert.deepEqual(a.hits().at(-1).body.messages, messages, 'who is asked first hears all')
    const { body } = b.hits().at(-1)
    assert.deepEqual(body.messages, kept.map((i) => messages[i]), route)
    assert.equal(body.zz, 1)
  }
})

test('maxRetries: the call\'s, the rule\'s, the client\'s', async (t) => {
  for (const [options, expected] of [[{ maxRetries: 1, route: 'stubborn' }, 2], [{ route: 'stubborn' }, 4], [{}, 1]]) {
    const { client, servers: [a] } = town(t, [undefined], { stubborn: { maxRetries: 3 } }, { breaker: false })
    a.always(faults.combine(faults.rateLimited(), faults.retryAfter('1ms', { as: 'ms' })))
    await rejection(ask(client, { model: 'm', ...options }))
    assert.equal(a.totalHits, expected)
  }
})

test('latencySla: a stream\'s first content is waited for no longer while another is left', async (t) => {
  const { client, servers: [a, b] } = town(t, [undefined, undefined], { chat: { latencySla: 100 } })
  a.always(faults.slowFirstContent('20s'))
  const { report } = await ask(client, { stream: true, route: 'chat', model: 'm' })
  assert.equal(attemptSummary(report.attempts), 'A:next:latencyLimit B:ok')
  b.always(faults.slowFirstContent(300))
  const patient = await ask(client, { stream: true, route: 'chat', model: 'm', endpoints: ['B'] })
  assert.equal(patient.report.endpoint, 'B', 'the last one left is waited for')
})

test('weights share a tier\'s first requests', async (t) => {
  const weights = [6, 3, 1, 0]
  const { client, servers } = town(t, [undefined, undefined, undefined, undefined], {}, { endpoint: (i) => ({ priority: 1, weight: weights[i] }) })
  const CALLS = 1_000
  for (let i = 0; i < CALLS; i += 50) await Promise.all(Array.from({ length: 50 }, () => ask(client, { model: 'm' })))
  const shares = servers.map(({ totalHits }) => totalHits / CALLS)
  // Six standard deviations of a share of 0.6 in 1,000 draws.
  shares.forEach((share, i) => assert.ok(Math.abs(share - weights[i] / 10) < 0.093, `${shares}`))
  assert.equal(servers[3].totalHits, 0)
  servers.slice(0, 3).forEach((server) => server.always(faults.serverError()))
  assert.equal((await ask(client, { model: 'm' })).report.endpoint, 'D', 'without weight is for the last')
})

test('a sticky key stays where it was; keys are spread by weight', async (t) => {
  const { client, servers: [a, b, c] } = town(t, [undefined, undefined, undefined], {}, { endpoint: (i) => ({ priority: 1, weight: [2, 1, 1][i] }) })
  const home = async (stickyKey) => (await ask(client, { model: 'm', stickyKey })).report.endpoint
  const homes = new Map()
  for (let i = 0; i < 200; i++) homes.set(`key ${i}`, await home(`key ${i}`))
  for (const [key, endpoint] of homes) assert.equal(await home(key), endpoint)
  const count = (name) => [...homes.values()].filter((endpoint) => endpoint === name).length
  assert.ok(count('A') > 60 && count('A') < 140 && count('B') > 20 && count('C') > 20, [...'ABC'].map(count).join())
  // While its home is down a key is elsewhere, the others stay.
  a.always(faults.serverError())
  const moved = [...homes].filter(([, endpoint]) => endpoint !== 'A').slice(0, 20)
  for (const [key, endpoint] of moved) assert.equal(await home(key), endpoint)
  // What vendors keep beginnings by is such a key.
  a.always(faults.healthy({ content: 'x' }))
  const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }], prompt_cache_key: 'tenant 7' }
  const first = (await client.chatCompletion(body)).report.endpoint
  for (let i = 0; i < 10; i++) assert.equal((await client.chatCompletion(body)).report.endpoint, first)
  assert.ok(b.totalHits + c.totalHits > 0)
})

test('models by task: the built-in table, the user\'s, and only models that an endpoint serves', async (t) => {
  const { client, servers: [server] } = town(t, [undefined], {}, { routing: { general: { fast: ['mine'] }, poems: { normal: ['verse'] } } })
  const asked = async (options) => {
    server.clearHits()
    server.always(faults.serverError())
    await client.complete('hi', options)
    return [...new Set(server.hits().map((hit) => hit.model))]
  }
  assert.deepEqual(await asked({ taskType: 'code_generation', priority: 'fast' }), ['gpt-4.1-mini', 'deepseek-chat'])
  assert.deepEqual(await asked({ priority: 'fast' }), ['mine'])
  assert.deepEqual(await asked({ taskType: 'poems' }), ['verse'])
  assert.deepEqual(await asked({ taskType: 'poems', priority: 'high' }), ['verse'])
  const few = town(t, [undefined], {}, { endpoint: () => ({ models: ['gpt-4.1', 'claude-3-5-sonnet-latest', 'gemini-2.5-flash-preview-05-20', 'gpt-4.1-mini-ish'] }) })
  few.servers[0].always(faults.serverError())
  await few.client.complete('hi', { taskType: 'simple_qa', priority: 'high' })
  assert.deepEqual(few.servers[0].hits().map((hit) => hit.model), ['claude-3-5-sonnet-latest', 'gpt-4.1'])
})

test('problems of rules are reported with their path', () => {
  const main = { name: 'main', baseURL: 'http://127.0.0.1:1', models: ['gpt-4o'] }
  const wrong = (options) => configProblems({ endpoints: [main], ...options })
  assert.deepEqual(wrong({ rules: { a: { routeTo: 'mian', latencySla: 'soon', priority: 'cheap', maxRetries: -1, preserveContext: 'no', routeFor: 1 } } }).map((problem) => problem.replace(/ must.*(?=, got)| is not an option;/, ':')), [
    "rules.a.routeTo:, got 'mian'; did you mean 'main'?", "rules.a.preserveContext:, got 'no'", 'rules.a.maxRetries:, got -1',
    "rules.a.priority:, got 'cheap'", "rules.a.latencySla:, got 'soon'", "rules.a.routeFor: did you mean 'routeTo'?"
  ])
  assert.match(wrong({ routing: { general: { urgent: ['x'] } } })[0], /^routing\.general\.urgent is not an option/)
  assert.match(configProblems({ endpoints: [{ name: 'a', baseURL: 'http://127.0.0.1:1', weight: -1 }] })[0], /^endpoints\[0\]\.weight must be a number from 0/)
  assert.deepEqual(wrong({ rules: { a: { routeTo: ['main', 'gpt-4o'] }, b: {} }, routing: {} }), [])
})

test('a route that is none', async (t) => {
  const { client } = town(t, [undefined], { chat: {} })
  assert.match((await rejection(ask(client, { route: 'chta' }))).message, /route must be one of the client's rules, chat, got 'chta'; did you mean 'chat'\?/)
  const { client: without } = town(t, [undefined], undefined)
  assert.match((await rejection(ask(without, { route: 'chat' }))).message, /route names a rule, but the client has no rules; add it to the option rules/)
})

test('a canary gets its share, by lot; all others ask it last', async (t) => {
  const { client, servers: [old, fresh] } = town(t, [undefined, undefined], {}, { endpoint: (i) => [{}, { canary: { share: 0.2 } }][i] })
  const CALLS = 600
  for (let i = 0; i < CALLS; i += 50) await Promise.all(Array.from({ length: 50 }, () => ask(client, { model: 'm' })))
  // Six standard deviations of 0.2 in 600 draws.
  assert.ok(Math.abs(fresh.totalHits / CALLS - 0.2) < 0.1, `${fresh.totalHits} of ${CALLS}`)
  assert.equal(old.totalHits + fresh.totalHits, CALLS)
  assert.deepEqual(client.getEndpointStatus('B').canary, { state: 'running', share: 0.2, reason: null })
  assert.equal(client.getEndpointStatus('A').canary, null)
  old.always(faults.serverError())
  assert.equal((await ask(client, { model: 'm' })).report.endpoint, 'B', 'it is somebody to fall back on')
  assert.equal((await ask(client, { model: 'm', endpoints: ['B'] })).report.endpoint, 'B', 'alone it is an endpoint like any other')
})

test('a canary that fails is rolled back, and no caller notices', async (t) => {
  const { client, servers: [old, fresh] } = town(t, [undefined, undefined], {}, { breaker: false, endpoint: (i) => [{}, { canary: { ramp: [0.3, 0.6], stepAfter: '1h' } }][i] })
  fresh.always(faults.serverError())
  const events = []
  client.on('config', (event) => events.push(event))
  for (let i = 0; i < 400 && events.length === 0; i++) {
    const { report } = await ask(client, { model: 'm' })
    assert.equal(report.endpoint, 'A')
  }
  await until('the event', () => events.length === 1)
  assert.deepEqual({ ...events[0], message: 0 }, { endpoint: 'B', canary: 'rolledBack', share: 0, reason: 'failures', message: 0 })
  assert.match(events[0].message, /the canary 'B' was rolled back: it fails more often than the others/)
  assert.deepEqual(client.getEndpointStatus('B').canary, { state: 'rolledBack', share: 0, reason: 'failures' })
  const before = fresh.totalHits
  for (let i = 0; i < 50; i++) await ask(client, { model: 'm' })
  assert.equal(fresh.totalHits, before)
  old.always(faults.serverError())
  fresh.always(faults.healthy({ content: 'x' }))
  assert.equal((await ask(client, { model: 'm' })).report.endpoint, 'B', 'for the last it still is')
})

test('a canary that was taken back stays so through a reload, until something else is tried', async (t) => {
  const servers = [serve(t), serve(t)]
  const options = (canary, more) => ({ apiKey: KEY, proxy: false, retry: QUICK, breaker: false, endpoints: servers.map(({ url }, i) => ({ name: 'AB'[i], baseURL: url, ...(i === 1 ? { canary } : {}) })), ...more })
  servers[1].always(faults.serverError())
  const client = openClient(t, options({ share: 0.5 }))
  const state = () => client.getEndpointStatus('B').canary?.state
  for (let i = 0; i < 400 && state() === 'running'; i++) await ask(client, { model: 'm' })
  assert.equal(state(), 'rolledBack')
  await client.reload(options({ share: 0.5 }, { maxRetries: 0 }))
  assert.equal(state(), 'rolledBack')
  await client.reload(options({ share: 0.4 }))
  assert.equal(state(), 'running')
  await client.reload(options(undefined))
  assert.equal(state(), undefined)
  await client.reload(options({ share: 0.4 }))
  assert.equal(state(), 'running')
})

test('what is no canary', () => {
  const wrong = (...canaries) => configProblems({ endpoints: canaries.map((canary, i) => ({ name: 'ab'[i], baseURL: `http://127.0.0.1:${i + 1}`, canary })) })
  assert.deepEqual(wrong({}, undefined), [])
  assert.match(wrong({ share: 2 })[0], /^endpoints\[0\]\.canary\.share must be a number from 0 to 1, got 2/)
  for (const ramp of [[], [0.5, 0.1], [0.1, 0.1], ['x'], 0.1]) assert.match(wrong({ ramp })[0], /^endpoints\[0\]\.canary\.ramp must be a non-empty array of shares/)
  assert.match(wrong({ ramp: [0.1], share: 0.1 })[0], /canary\.share cannot be combined with ramp/)
  assert.deepEqual(wrong({}, {}), ['endpoints has more than one canary; only one endpoint at a time may be one'])
})

test('names that are looked up for each call are so many, and no more', async (t) => {
  const many = (n) => Array.from({ length: n }, (_, i) => `m${i}`)
  const told = 'must have at most 256 members, got 257'
  for (const [options, path] of [[{ rules: { r: { routeTo: many(257) } } }, 'rules.r.routeTo'], [{ models: { a: many(257) } }, 'models.a'], [{ routing: { general: { fast: many(257) } } }, 'routing.general.fast']]) {
    assert.deepEqual(configProblems({ endpoints: [{ name: 'a', baseURL: 'http://127.0.0.1:1' }], ...options }), [`${path} ${told}`])
  }
  const { client } = town(t, [undefined], { all: { routeTo: many(256) } }, { models: { every: many(256) } })
  for (const options of [{ fallbackModels: many(256) }, { route: 'all' }, { model: 'every' }]) assert.equal((await ask(client, { model: 'm0', ...options })).report.model, 'm0')
  for (const [name, error] of [['fallbackModels', await rejection(ask(client, { fallbackModels: many(257) }))], ['endpoints', await rejection(ask(client, { endpoints: many(257) }))]]) {
    assert.deepEqual(error.problems, [{ path: `options.${name}`, message: told }])
  }
})

test('rules that name themselves, each other, or what no object has', async (t) => {
  const rules = JSON.parse('{"r":{"routeTo":"r"},"A":{"routeTo":"A"},"__proto__":{"routeTo":["B","B","A"]},"x":{"routeTo":"y"},"y":{"routeTo":"x"}}')
  const { client, route } = town(t, [undefined, undefined], rules, { models: { x: 'y', y: 'x', 'self': 'self' } })
  assert.equal(await route('A'), 'A:ok')
  assert.equal(await route('__proto__'), 'B:ok')
  const sent = async (options) => (await ask(client, { model: 'm', ...options })).report.model
  // An alias is resolved once.
  assert.deepEqual([await sent({ route: 'r' }), await sent({ route: 'x' }), await sent({ model: 'x' }), await sent({ model: 'self' })], ['r', 'x', 'y', 'self'])
  for (const name of ['toString', 'constructor', '', 'R']) assert.match((await rejection(ask(client, { route: name }))).message, /options\.route must be one of the client's rules/)
})

test('keys of any length and number, endpoints that weigh nothing, and canaries that are alone or have it all', async (t) => {
  const weighed = town(t, [undefined, undefined], {}, { endpoint: () => ({ weight: 0, priority: 1 }) })
  await ask(weighed.client, { stickyKey: 'x'.repeat(1 << 20) })
  const to = async (stickyKey) => (await ask(weighed.client, { stickyKey })).report.endpoint
  assert.equal(await to('\u0000💥'), await to('\u0000💥'))
  const alone = town(t, [undefined], {}, { endpoint: () => ({ canary: { share: 0 } }) })
  assert.equal((await ask(alone.client)).report.endpoint, 'A')
  const all = town(t, [undefined, undefined], {}, { endpoint: (i) => i === 0 ? { canary: { share: 1 } } : {} })
  all.servers[0].always(faults.serverError())
  for (let i = 0; i < 30; i++) assert.equal((await ask(all.client)).report.endpoint, 'B')
})
