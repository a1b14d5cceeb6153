'use strict'

// A drill is separate from its client: it emits no events there and leaves no state.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { once } = require('node:events')
const { CANARY, SHORT, OPENAI, ANTHROPIC, GOOGLE, RELAY, host, servers, serve } = require('./helpers')
const { until } = require('../helpers/client')
const { run } = require('../helpers/child')
const { mount, follow } = require('../http/helpers')

test('the client\'s own vendors get no request, and its state and figures do not move', async (t) => {
  const vendors = [serve(t), serve(t)]
  const client = host(t, vendors.map(({ url }, i) => ({ name: `V${i}`, baseURL: url, apiKey: `sk-${CANARY}` })))
  await client.chatCompletion('gpt-4o', 'hi')
  const seen = () => [vendors.map(({ totalHits }) => totalHits), client.getEndpointStatus(), client.getSummary(), client.metrics.text(), client.getIncidents(), client.costs.report().total]
  const before = seen()
  assert.equal((await client.drill({ scenario: 'vendor-down', ...SHORT })).passed, true)
  assert.deepEqual(seen(), before)
  assert.deepEqual(before[0], [1, 0])
})

test('no key and no value of a header leaves: simulated vendors see stand-ins', async (t) => {
  const made = servers(t)
  const client = host(t, [OPENAI, ANTHROPIC, GOOGLE, RELAY])
  await client.drill({ scenario: 'region-by-region', ...SHORT })
  const hits = made.flatMap((server) => server.hits())
  assert.ok(made.length >= 2 && hits.length >= SHORT.requests)
  for (const { headers, path, rawBody } of hits) assert.ok(!`${JSON.stringify(headers)} ${path} ${rawBody}`.includes(CANARY))
  assert.equal(hits.find(({ headers }) => headers['x-tenant'] !== undefined).headers['x-tenant'], 'bellwether-drill')
  assert.match(hits[0].headers.authorization, /^Bearer bellwether-drill-0-0$/)
})

test('two at once do not disturb each other', async (t) => {
  const client = host(t, [OPENAI, GOOGLE])
  const [one, other] = await Promise.all([client.drill({ scenario: 'quota', ...SHORT }), client.drill({ scenario: 'slow', ...SHORT })])
  assert.deepEqual([one.passed, other.passed, one.scenarios[0].scenario, other.scenarios[0].scenario], [true, true, 'quota', 'slow'])
  assert.ok(one.scenarios[0].rescued > 0)
  assert.equal(other.scenarios[0].rescued, 0)
})

test('an abort ends it with its reason, and nothing is left open', async (t) => {
  const made = servers(t)
  const client = host(t, [OPENAI, ANTHROPIC])
  const controller = new AbortController()
  const reason = new Error('enough')
  const onProgress = ({ phase }) => { if (phase?.startsWith('disturbed')) controller.abort(reason) }
  await assert.rejects(client.drill('vendor-down', { signal: controller.signal, onProgress }), (error) => error === reason)
  assert.ok(made.length > 0)
  await until('no connection is open', () => made.every(({ connections }) => connections === 0))
  await assert.rejects(client.drill('slow', { signal: AbortSignal.abort(reason) }), (error) => error === reason)
})

test('a process ends by itself after a drill that was aborted', async (t) => {
  const { code, stdout, ms } = await run(t, `
    const client = new FailoverClient({ endpoints: [{ name: 'A', baseURL: 'https://a.example/v1', apiKey: null }, { name: 'B', baseURL: 'https://b.example/v1', apiKey: null }] })
    const controller = new AbortController()
    client.drill(['vendor-down', 'all-down'], { signal: controller.signal, onProgress: ({ phase }) => { if (phase === 'disturbed: A') controller.abort() } })
      .catch((error) => console.log(error.name))`)
  assert.deepEqual([code, stdout], [0, 'AbortError\n'])
  assert.ok(ms < 30_000)
})

test('closing the client ends its drill', async (t) => {
  const client = host(t, [OPENAI, ANTHROPIC])
  const drill = client.drill('vendor-down')
  drill.catch(() => {})
  await once(client, 'drill')
  await client.close()
  await assert.rejects(drill, { code: 'ERR_BELLWETHER_CLIENT_CLOSED' })
  await assert.rejects(client.drill('slow'), { code: 'ERR_BELLWETHER_CLIENT_CLOSED' })
})

test('a listener of progress that throws ends it with what it threw', async (t) => {
  const made = servers(t)
  const broken = new Error('of the listener')
  await assert.rejects(host(t, [OPENAI, GOOGLE]).drill('slow', { onProgress: () => { throw broken } }), (error) => error === broken)
  await until('no connection is open', () => made.every(({ connections }) => connections === 0))
})

test('progress and events name each phase and result', async (t) => {
  const client = host(t, [OPENAI, GOOGLE])
  const events = []
  const progress = []
  client.on('drill', (event) => events.push(event))
  await client.drill({ scenario: 'slow', ...SHORT }, { onProgress: (one) => progress.push(one) })
  assert.deepEqual(events.map(({ phase }) => phase), ['healthy', 'disturbed: O', 'healed', 'done'])
  assert.equal(events.at(-1).passed, true)
  assert.deepEqual(progress.filter(({ phase }) => phase).map(({ phase }) => phase), ['healthy', 'disturbed: O', 'healed'])
  assert.ok(progress.every(({ done, number, of, scenario }) => done >= 0 && done <= 1 && number === 1 && of === 1 && scenario === 'slow'))
  assert.ok(progress.some(({ done }) => done === 1))
})

test('listeners of a client’s events receive its drills', async (t) => {
  const client = host(t, [OPENAI, GOOGLE])
  const { url } = await mount(t, client, { events: true, authorize: 'none' })
  const listener = await follow(t, `${url}/events`)
  await listener.next(({ event }) => event === 'snapshot')
  await client.drill({ scenario: 'slow', ...SHORT })
  const { data } = await listener.next(({ event, data }) => event === 'drill' && data.phase === 'done')
  assert.deepEqual(data, { scenario: 'slow', phase: 'done', passed: true })
})

test('bad input names its place', async (t) => {
  const client = host(t, [OPENAI, GOOGLE])
  for (const [given, path, message, options] of [
    ['vendor-dwn', 'scenario', /must be one of vendor-down, .*, got 'vendor-dwn'/],
    [[], 'scenario', /or several of them/],
    [['slow', 7], 'scenario[1]', /got/],
    [{ scenario: 'slow', endpoint: 'X' }, 'scenario.endpoint', /must be one of O, G, got 'X'/],
    [[{ scenario: 'slow', requests: 0 }], 'scenario[0].requests', /from 1 to 1000000, got 0/],
    [{ scenario: 'slow', concurrency: 1.5 }, 'scenario.concurrency', /from 1 to 1000/],
    [{ scenario: 'slow', duration: 'soon' }, 'scenario.duration', /got 'soon'/],
    [{ scenario: 'slow', streamShare: 2 }, 'scenario.streamShare', /from 0 to 1, got 2/],
    [{ scenario: 'slow', latencyMs: -1 }, 'scenario.latencyMs', /from 0 to 60000, got -1/],
    [{ scenario: 'slow', model: '' }, 'scenario.model', /the name of a model/],
    [{ scenario: 'slow', request: 1 }, 'scenario.request', /is not an option; accepted are/],
    [{ scenario: 'slow', objectives: { maxLost: -1 } }, 'scenario.objectives.maxLost', /of at least 0, or null, got -1/],
    [{ scenario: 'slow', objectives: { maxLoss: 1 } }, 'scenario.objectives.maxLoss', /is not an option/],
    [{ scenario: 'slow', objectives: 3 }, 'scenario.objectives', /plain object/],
    ['slow', 'options.signal', /AbortSignal/, { signal: 1 }],
    ['slow', 'options.onProgress', /a function/, { onProgress: 1 }],
    ['slow', 'options.sginal', /is not an option/, { sginal: 1 }],
    ['slow', 'options', /plain object/, 7]
  ]) {
    await assert.rejects(client.drill(given, options), (error) => {
      assert.equal(error.code, 'ERR_BELLWETHER_CONFIG')
      assert.deepEqual(error.problems.map((problem) => problem.path), [path])
      assert.match(error.problems[0].message, message)
      return true
    })
  }
})
