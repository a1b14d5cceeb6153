'use strict'

// Many calls, clients and monitors on one signal: one listener, that ends with the last of them.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { getEventListeners } = require('node:events')
const { FailoverClient, HealthMonitor } = require('../..')
const { KEY, setup, ask, rejection, textOf, until, faults } = require('../helpers/client')
const { run } = require('../helpers/child')

const CALLS = 200
const listeners = (signal) => getEventListeners(signal, 'abort').length

/** Warnings while the test runs. */
function warnings (t) {
  const seen = []
  const listener = (warning) => seen.push(String(warning))
  process.on('warning', listener)
  t.after(() => process.off('warning', listener))
  return seen
}

for (const stream of [false, true]) {
  const how = stream ? 'streamed' : 'whole'

  test(`${CALLS} calls on one signal, ${how}: no warning, and no listener is left`, async (t) => {
    const { client } = setup(t)
    const seen = warnings(t)
    const { signal } = new AbortController()
    const calls = Array.from({ length: CALLS }, () => ask(client, { stream, signal }))
    assert.equal(listeners(signal), 1)
    for (const answer of await Promise.all(calls)) assert.equal(textOf(answer), 'Hello from A')
    assert.equal(listeners(signal), 0)
    // Node emits warnings in a later turn.
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(seen, [])
  })

  test(`an abort ends all ${CALLS}, ${how}, with its reason`, async (t) => {
    const { client, a } = setup(t, { servers: 1 })
    a.always(faults.hang())
    const seen = warnings(t)
    const controller = new AbortController()
    const reason = { mine: true }
    const calls = Array.from({ length: CALLS }, () => rejection(ask(client, { stream, signal: controller.signal })))
    await until('they are under way', () => client.metrics.snapshot().activeCalls === CALLS)
    controller.abort(reason)
    for (const error of await Promise.all(calls)) assert.equal(error, reason)
    assert.equal(listeners(controller.signal), 0)
    assert.equal(await rejection(ask(client, { signal: controller.signal })), reason, 'and who comes later')
    await until('nothing goes on', () => client.metrics.snapshot().activeCalls === 0)
    assert.deepEqual(seen, [])
  })
}

test('open streams of one signal end by its abort, read or not', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.always(faults.stall({ after: 1 }))
  const controller = new AbortController()
  const streams = await Promise.all(Array.from({ length: 20 }, () => client.chatCompletion('m', 'hi', { stream: true, signal: controller.signal })))
  const reading = streams.slice(10).map(async (stream) => { for await (const _ of stream); })
  controller.abort(new Error('enough'))
  for (const promise of reading) assert.equal((await rejection(promise)).message, 'enough')
  for (const stream of streams.slice(0, 10)) assert.equal((await rejection(stream.finalCompletion)).message, 'enough')
  assert.equal(listeners(controller.signal), 0)
})

test('an abort while what has arrived is being read gives up the rest', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const controller = new AbortController()
  const stream = await client.chatCompletion('m', 'hi', { stream: true, signal: controller.signal })
  await a.waitForHits(1, { outcome: 'answered' })
  await until('all of it is here', () => listeners(controller.signal) === 0)
  const read = async () => {
    for await (const _ of stream) controller.abort(new Error('enough'))
  }
  assert.equal((await rejection(read())).message, 'enough')
  assert.equal((await rejection(stream.finalCompletion)).message, 'enough')
  // One that was read to its end stays so.
  const late = new AbortController()
  const whole = await client.chatCompletion('m', 'hi', { stream: true, signal: late.signal })
  for await (const _ of whole);
  late.abort()
  assert.equal(textOf(await whole.finalCompletion), 'Hello from A')
  assert.equal((await whole.finalCompletion).report.endpoint, 'A')
})

test('the signal stays its owner’s: an own listener, and calls that come and go', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const controller = new AbortController()
  const { signal } = controller
  let told = 0
  signal.addEventListener('abort', () => { told++ })
  for (let i = 0; i < 3; i++) {
    await ask(client, { signal })
    assert.equal(listeners(signal), 1)
  }
  a.always(faults.hang())
  // A call that is made by an abort's listener, and one that ends while others wait.
  const first = rejection(ask(client, { signal }))
  const short = rejection(ask(client, { signal, timeout: 30 }))
  assert.equal((await short).code, 'ERR_BELLWETHER_TIMEOUT')
  assert.equal(listeners(signal), 2)
  let late
  signal.addEventListener('abort', () => { late = rejection(ask(client, { signal })) })
  controller.abort('done')
  assert.equal(await first, 'done')
  assert.equal(await late, 'done')
  assert.deepEqual([told, listeners(signal)], [1, 2])
})

test('clients and monitors share a signal’s listener too', async (t) => {
  const seen = warnings(t)
  const controller = new AbortController()
  const options = { apiKey: KEY, baseURL: 'http://127.0.0.1:9', proxy: false, signal: controller.signal }
  const clients = Array.from({ length: 20 }, () => new FailoverClient(options))
  const monitors = Array.from({ length: 20 }, () => new HealthMonitor(options))
  assert.equal(listeners(controller.signal), 1)
  await clients[0].close()
  controller.abort()
  for (const client of clients) assert.equal((await rejection(client.chatCompletion('m', 'hi'))).code, 'ERR_BELLWETHER_CLIENT_CLOSED')
  for (const monitor of monitors) await rejection(monitor.startMonitoring())
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([seen, listeners(controller.signal)], [[], 0])
})

test('a process with a signal for its whole life ends by itself, and prints nothing', async (t) => {
  const { a } = setup(t, { servers: 1 })
  const { code, stdout, stderr } = await run(t, `
    const client = new FailoverClient({ apiKey: 'k', baseURL: '${a.url}', proxy: false })
    globalThis.controller = new AbortController()
    const { signal } = controller
    Promise.all(Array.from({ length: 50 }, () => client.chatCompletion('m', 'hi', { signal }))).then((all) => console.log(all.length))`, { limit: 8000 })
  assert.deepEqual([code, stdout, stderr], [0, '50\n', ''])
})
