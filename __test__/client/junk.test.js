'use strict'

// Values that can be no option, wherever one is accepted: they are refused with their path and a description, and
// neither the error of a getter nor the content of a text is reported.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { inspect } = require('node:util')
const vm = require('node:vm')
const { FailoverClient, HealthMonitor, ConfigError, BadRequestError } = require('../..')
const { KEY, setup, ask, rejection, textOf } = require('../helpers/client')
const { json } = require('../helpers/child')

const CANARY = 'CANARY-0123456789'
class Options { constructor () { this.timeout = 5 } }
const circle = {}
circle.circle = circle
const revoked = Proxy.revocable({}, {})
revoked.revoke()

/** What is nowhere accepted, and how it is named. */
const JUNK = [
  ['NaN', NaN, 'NaN'], ['Infinity', Infinity, 'Infinity'], ['minus Infinity', -Infinity, '-Infinity'],
  ['a Map', new Map([['total', 5]]), 'an instance of Map'], ['a Set', new Set(['a']), 'an instance of Set'],
  ['a Date', new Date(0), 'an instance of Date'], ['a RegExp', /x/, 'an instance of RegExp'],
  ['a class instance', new Options(), 'an instance of Options'], ['a boxed string', Object('5s'), 'an instance of String'],
  ['an Error', new Error(CANARY), 'an instance of Error'], ['a URL', new URL(`http://${CANARY}@h/`), 'an instance of URL'],
  ['bytes', new Uint8Array(2), 'an instance of Uint8Array'], ['a Promise', Promise.resolve(CANARY), 'a Promise'],
  ['a bigint', 5n, '5n'], ['a symbol', Symbol(CANARY), 'a symbol'],
  ['an object with a prototype of its own', Object.create({ timeout: 5 }), 'an object that is not plain'],
  ['a prototype without one', Object.create(Object.create(null, { total: { value: 5, enumerable: true } })), 'an object that is not plain'],
  ['a revoked proxy', revoked.proxy, 'an object that cannot be read'],
  ['a proxy that throws', new Proxy({}, { ownKeys () { throw new Error(CANARY) } }), 'an object that cannot be read']
]
const FUNCTION = ['a function', () => CANARY, 'a function']
const BUFFER = ['a Buffer', Buffer.from('5s'), 'an instance of Buffer']

const endpoint = (members) => ({ endpoints: [{ name: 'A', baseURL: 'http://127.0.0.1:9', ...members }] })
/** Every place of the constructor's options. */
const CLIENT = {
  baseURL: (value) => ({ baseURL: value }),
  endpoints: (value) => ({ endpoints: value }),
  'endpoints[0]': (value) => ({ endpoints: [value] }),
  models: (value) => ({ models: value }),
  'models.smart': (value) => ({ models: { smart: value } }),
  'models.smart[1]': (value) => ({ models: { smart: ['a', value] } }),
  proxy: (value) => ({ proxy: value }),
  tls: (value) => ({ tls: value }),
  'tls.systemCa': (value) => ({ tls: { systemCa: value } }),
  keyPrefix: (value) => ({ keyPrefix: value }),
  timeout: (value) => ({ timeout: value }),
  maxRetries: (value) => ({ maxRetries: value }),
  retry: (value) => ({ retry: value }),
  breaker: (value) => ({ breaker: value }),
  onUnavailable: (value) => ({ onUnavailable: value }),
  streams: (value) => ({ streams: value }),
  hedge: (value) => ({ hedge: value }),
  'hedge.after': (value) => ({ hedge: { after: value } }),
  prices: (value) => ({ prices: value }),
  'prices.m': (value) => ({ prices: { m: value } }),
  'prices.m.input': (value) => ({ prices: { m: { input: value, output: 1 } } }),
  health: (value) => ({ health: value }),
  ...Object.fromEntries(['total', 'connect', 'headers', 'firstContent', 'content'].map((name) => [`timeout.${name}`, (value) => ({ timeout: { [name]: value } })])),
  ...Object.fromEntries(['prefer', 'maxRetryAfter', 'backoff', 'budget', 'failoverOn'].map((name) => [`retry.${name}`, (value) => ({ retry: { [name]: value } })])),
  'retry.backoff[0]': (value) => ({ retry: { backoff: [value] } }),
  'retry.backoff.max': (value) => ({ retry: { backoff: { max: value } } }),
  'retry.budget.ratio': (value) => ({ retry: { budget: { ratio: value } } }),
  'retry.failoverOn[0]': (value) => ({ retry: { failoverOn: [value] } }),
  ...Object.fromEntries(['failureThreshold', 'recoveryTimeout', 'maxRecoveryTimeout', 'minimumRequests', 'failureRatio', 'window'].map((name) => [`breaker.${name}`, (value) => ({ breaker: { [name]: value } })])),
  ...Object.fromEntries(['onCut', 'commit'].map((name) => [`streams.${name}`, (value) => ({ streams: { [name]: value } })])),
  ...Object.fromEntries(['failureThreshold', 'checkInterval', 'timeout', 'model', 'probes', 'historySize', 'service'].map((name) => [`health.${name}`, (value) => ({ health: { [name]: value } })])),
  ...Object.fromEntries(['name', 'provider', 'dialect', 'baseURL', 'model', 'models', 'priority', 'headers', 'healthCheck', 'price', 'limits', 'maxLatency', 'costLimitPerRequest', 'contextWindow', 'canContinue'].map((name) => [`endpoints[0].${name}`, (value) => endpoint({ [name]: value })])),
  'endpoints[0].models[0]': (value) => endpoint({ models: [value] }),
  'endpoints[0].models.a': (value) => endpoint({ models: { a: value } }),
  'endpoints[0].headers.x-a': (value) => endpoint({ headers: { 'x-a': value } }),
  'endpoints[0].limits.rpm': (value) => endpoint({ limits: { rpm: value } }),
  'endpoints[0].healthCheck.interval': (value) => endpoint({ healthCheck: { interval: value } })
}
const KEYS = { apiKey: (value) => ({ apiKey: value }), 'apiKey[1]': (value) => ({ apiKey: [KEY, value] }), 'endpoints[0].apiKey': (value) => endpoint({ apiKey: value }) }

function refused (error, path, given, name) {
  assert.ok(error instanceof ConfigError, `${path} ${name}: ${inspect(error)}`)
  const problem = error.problems.find((p) => p.path === path)
  assert.ok(problem, `${path} ${name}: ${JSON.stringify(error.problems)}`)
  assert.ok(problem.message.startsWith('must be '), `${path}: ${problem.message}`)
  if (given !== undefined) assert.ok(problem.message.endsWith(`, got ${given}`), `${path} ${name}: ${problem.message}`)
  assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes('CANARY'), inspect(error))
}

function thrown (make) {
  try {
    return make()
  } catch (error) {
    return error
  }
}

const base = { apiKey: KEY, baseURL: 'http://127.0.0.1:9', proxy: false }

test('the constructor’s options', async (t) => {
  for (const [path, options] of Object.entries(CLIENT)) {
    await t.test(path, () => {
      for (const [name, value, given] of [...JUNK, FUNCTION, BUFFER]) {
        refused(thrown(() => new FailoverClient({ ...base, ...options(value) })), path, given, name)
      }
      const getter = thrown(() => new FailoverClient({ ...base, ...options({ get a () { throw new Error(CANARY) } }) }))
      assert.ok(getter instanceof ConfigError && !inspect(getter).includes('CANARY'), inspect(getter))
    })
  }
})

test('keys, of which nothing is reported', () => {
  for (const [path, options] of Object.entries(KEYS)) {
    for (const [name, value, given] of [...JUNK.filter(([name]) => !/bigint/.test(name)), BUFFER]) {
      refused(thrown(() => new FailoverClient({ ...base, ...options(value) })), path, given, name)
    }
    for (const value of [12345678901234567890n, 1234567890123, true, {}]) {
      const error = thrown(() => new FailoverClient({ ...base, ...options(value) }))
      refused(error, path, undefined, String(value))
      assert.doesNotMatch(error.message, /12345/)
    }
  }
})

test('an option with a getter that throws, a circle, an abyss', () => {
  for (const name of ['timeout', 'retry', 'maxRetries', 'endpoints', 'apiKey', 'signal', 'fallbackResponse']) {
    const options = Object.defineProperty({ ...base }, name, { enumerable: true, get () { throw new Error(CANARY) } })
    refused(thrown(() => new FailoverClient(options)), name, 'a getter that throws', name)
  }
  const budget = {}
  budget.ratio = budget
  refused(thrown(() => new FailoverClient({ ...base, retry: { budget } })), 'retry.budget.ratio', 'a circular reference', '')
  let deep = {}
  for (let i = 0; i < 1e5; i++) deep = { ratio: deep }
  assert.ok(thrown(() => new FailoverClient({ ...base, retry: { budget: deep } })) instanceof ConfigError)
  refused(thrown(() => new FailoverClient({ ...base, endpoints: new Array(2 ** 32 - 1) })), 'endpoints', 'an array of 4294967295', '')
})

test('the options themselves', () => {
  for (const [name, value] of [...JUNK.filter(([, value]) => typeof value !== 'symbol'), FUNCTION, BUFFER, ['null', null], ['a boolean', true], ['an array', [base]]]) {
    for (const make of [() => new FailoverClient(value), () => new FailoverClient(KEY, value), () => new HealthMonitor(value)]) {
      const error = thrown(make)
      assert.ok(error instanceof ConfigError && error.problems[0].path === 'options', `${name}: ${inspect(error)}`)
      assert.ok(!inspect(error).includes('CANARY'))
    }
  }
})

test('texts where objects belong are not quoted', () => {
  for (const [path, options] of [['endpoints[0].headers', endpoint({ headers: `Bearer ${CANARY}` })], ['endpoints', { endpoints: `http://u:${CANARY}@h` }], ['tls', { tls: CANARY }], ['retry', { retry: CANARY }]]) {
    refused(thrown(() => new FailoverClient({ ...base, ...options })), path, 'a string', path)
  }
})

test('members of a prototype’s name, and markers of ours, are members like others', () => {
  const own = (text) => JSON.parse(text)
  for (const [path, options] of [
    ['__proto__', own('{"__proto__":{"timeout":5}}')], ['constructor', { constructor: 5 }], ['toString', { toString: 5 }],
    ['retry.__proto__', { retry: own('{"__proto__":{"prefer":"same"}}') }], ['toJSON', { toJSON: () => ({}) }]
  ]) {
    const error = thrown(() => new FailoverClient({ ...base, ...options }))
    assert.ok(error instanceof ConfigError && error.problems.some((p) => p.path === path && /is not an option/.test(p.message)), inspect(error))
  }
  for (const mark of ['$given', '$function']) {
    for (const [path, options] of [['options', { [mark]: 0 }], ['retry', { retry: { [mark]: 0 } }], ['apiKey', { apiKey: { [mark]: 0 } }], ['fallbackResponse', { fallbackResponse: { [mark]: 0 } }], ['models.a', { models: { a: { [mark]: 'x' } } }]]) {
      refused(thrown(() => new FailoverClient({ ...base, ...options })), path, `an object with a member named ${mark}`, mark)
    }
  }
})

test('what is plain is taken: without a prototype, of another realm, Buffers for certificates only', () => {
  const bare = Object.assign(Object.create(null), base, { retry: Object.assign(Object.create(null), { prefer: 'same' }) })
  assert.ok(new FailoverClient(bare) instanceof FailoverClient)
  assert.ok(new FailoverClient(vm.runInNewContext(`({ apiKey: '${KEY}', baseURL: 'http://h', retry: { backoff: [1, '2s'] } })`)) instanceof FailoverClient)
  const shared = { input: 1, output: 2 }
  assert.ok(new FailoverClient({ ...base, prices: { a: shared, b: shared } }) instanceof FailoverClient, 'twice is no circle')
  const error = thrown(() => new FailoverClient({ ...base, tls: { ca: [Buffer.from('no PEM')] } }))
  assert.match(error.message, /tls\.ca must be PEM/)
})

test('a call’s options', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const places = {
    ...Object.fromEntries(['timeout', 'maxRetries', 'endpoints', 'fallbackModels', 'onUnavailable', 'streams', 'hedge', 'queuePriority', 'tags', 'idempotencyKey',
      'stream', 'temperature', 'maxTokens', 'topP', 'stop', 'seed', 'tools', 'toolChoice', 'responseFormat', 'extraBody', 'signal'].map((name) => [name, (value) => ({ [name]: value })])),
    'tags.a': (value) => ({ tags: { a: value } }),
    'timeout.total': (value) => ({ timeout: { total: value } }),
    'hedge.after': (value) => ({ hedge: { after: value } }),
    'endpoints[1]': (value) => ({ endpoints: ['A', value] })
  }
  for (const [path, options] of Object.entries(places)) {
    await t.test(path, async () => {
      for (const [name, value, given] of [...JUNK, FUNCTION, BUFFER]) {
        const error = await rejection(client.chatCompletion('m', 'hi', options(value)))
        if (name !== 'a proxy that throws') refused(error, `options.${path}`, given, name)
        // Members that become part of the request are known when they are read.
        else assert.ok(error instanceof ConfigError || error instanceof BadRequestError, `${path}: ${inspect(error)}`)
      }
      if (path.includes('.') || path.includes('[')) return
      const getter = Object.defineProperty({}, path, { enumerable: true, get () { throw new Error(CANARY) } })
      refused(await rejection(client.chatCompletion('m', 'hi', getter)), `options.${path}`, 'a getter that throws', path)
    })
  }
  for (const [name, value] of [...JUNK, FUNCTION, BUFFER, ['an array', []]]) {
    for (const error of [await rejection(client.chatCompletion('m', 'hi', value)), await rejection(client.chatCompletion({ model: 'm', messages: [] }, value))]) {
      refused(error, 'options', undefined, name)
    }
  }
  for (const [path, options] of [
    ['temperature', { temperature: 'NaN' }], ['maxTokens', { maxTokens: '5' }], ['maxTokens', { maxTokens: 1.5 }], ['seed', { seed: '7' }], ['stop', { stop: ['a', 5] }],
    ['tools', { tools: {} }], ['stream', { stream: 'yes' }], ['extraBody', { extraBody: [] }], ['extraBody.a', { extraBody: { get a () { throw new Error(CANARY) } } }],
    ['timeout', { timeout: 'NaN' }], ['maxRetries', { maxRetries: 'NaN' }], ['tags.a', { tags: { a: NaN } }]
  ]) refused(await rejection(client.chatCompletion('m', 'hi', options)), `options.${path}`, undefined, path)
  const proto = await rejection(client.chatCompletion('m', 'hi', JSON.parse('{"__proto__":{"timeout":5}}')))
  assert.match(proto.message, /options\.__proto__ is not an option/)
  assert.equal(a.totalHits, 0)
  await client.chatCompletion('m', 'hi', { extraBody: JSON.parse('{"__proto__":1,"x":2}'), temperature: null, signal: null, stop: null })
  assert.deepEqual(Object.entries(a.hits()[0].body).slice(2), [['temperature', null], ['stop', null], ['__proto__', 1], ['x', 2]])
  assert.equal(client.metrics.snapshot().activeCalls, 0)
})

test('the other methods', async (t) => {
  const { client } = setup(t, { servers: 1 })
  for (const [name, value] of [...JUNK, FUNCTION, ['null', null]]) {
    for (const call of [
      () => client.getEndpointStatus(value), () => client.isolate(value), () => client.isolate(), () => client.close(value), () => client.close({ drain: value }),
      () => client.monitor.getHealthHistory(value), () => client.monitor.getHealthHistory({ limit: value }), () => client.monitor.getAvailabilityPercentage({ endpoint: value }),
      () => client.validateApiKey(value), () => client.monitor.checkEndpointHealth(value)
    ]) {
      const error = await rejection((async () => call())())
      assert.ok(error instanceof ConfigError, `${name} ${call}: ${inspect(error)}`)
      assert.ok(!inspect(error).includes('CANARY'))
    }
    if (name !== 'a Date') assert.throws(() => client.monitor.getHealthHistory({ since: value }), ConfigError, name)
  }
  assert.throws(() => client.close({ drain: '400d' }), /at most 366 days, got '400d'/)
  assert.deepEqual(client.monitor.getHealthHistory({ limit: 2 ** 40, since: new Date(0) }), [])
  assert.equal(textOf(await ask(client)), 'Hello from A')
})

test('a request that cannot be read rejects, with what was thrown as its cause, and leaves nothing', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const hi = [{ role: 'user', content: 'hi' }]
  const mine = new Error('mine')
  const throwing = (name, rest) => Object.defineProperty({ ...rest }, name, { enumerable: true, get () { throw mine } })
  const toJSON = () => { throw mine }
  for (const stream of [false, true]) {
    for (const request of [
      throwing('model', { messages: hi, stream }), throwing('messages', { model: 'm', stream }), throwing('stream', { model: 'm', messages: hi }),
      { model: 'm', messages: [throwing('content', { role: 'user' })], stream }, { model: 'm', messages: hi, toJSON, stream },
      { model: 'm', messages: [{ role: 'user', content: 'hi', toJSON }], stream }, { model: 'm', messages: hi, stream, user: { toJSON } },
      { model: 'm', messages: Object.assign([...hi], { toJSON }), stream }
    ]) {
      const error = await rejection(client.chatCompletion(request))
      assert.ok(error instanceof BadRequestError, inspect(error))
      assert.equal(error.cause, mine)
    }
    for (const request of [{ model: 'm', messages: hi, stream, circle }, { model: 'm', messages: [circle], stream }]) {
      assert.match((await rejection(client.chatCompletion(request))).message, /circular/i)
    }
  }
  assert.equal(client.metrics.snapshot().activeCalls, 0)
  assert.equal(a.totalHits, 0)
  let reads = 0
  const twice = { model: 'm', messages: hi, get stream () { return ++reads > 1 } }
  assert.equal(textOf(await client.chatCompletion(twice)), 'Hello from A')
  assert.equal(reads, 1, 'what is sent is what was looked at')
  const stream = await client.chatCompletion({ toJSON: () => ({ model: 'm', messages: hi, stream: true }) })
  assert.equal(textOf(await stream.finalCompletion), 'Hello from A')
})

test('a process with calls that could not be read ends by itself', async (t) => {
  const left = await json(t, `
    const client = new FailoverClient({ apiKey: 'k', baseURL: 'http://127.0.0.1:9', proxy: false })
    const bad = [{ get model () { throw new Error('x') } }, { toJSON () { throw new Error('x') } }, { messages: [{ get content () { throw 1 } }] }]
    const signal = new AbortController().signal
    Promise.allSettled(Array.from({ length: 300 }, (_, i) => client.chatCompletion(bad[i % 3], i % 2 ? { signal } : undefined))).then((all) => {
      const { getEventListeners } = require('node:events')
      console.log(JSON.stringify([all.every((r) => r.reason?.name === 'BadRequestError'), client.metrics.snapshot().activeCalls, getEventListeners(signal, 'abort').length]))
    })`, { limit: 8000 })
  assert.deepEqual(left, [true, 0, 0])
})

