'use strict'

// Promises of the reference that no other file comes across.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const net = require('node:net')
const path = require('node:path')
const { once } = require('node:events')
const { setTimeout: sleep } = require('node:timers/promises')
const { FailoverClient, HealthMonitor, FailoverError, BadRequestError, ConfigError, RateLimitError, StreamInterruptedError, TimeoutError } = require('../..')
const { QUICK, KEY, serve, openClient, setup, ask, rejection, textOf, attemptSummary, until, faults } = require('../helpers/client')

test('a key is validated at the vendor, wherever the health page is', async (t) => {
  const vendor = serve(t, { keys: [KEY] })
  const page = serve(t)
  const healthCheck = { url: `${page.url}/status` }
  const good = openClient(t, { endpoints: [{ name: 'A', baseURL: vendor.url, healthCheck }] })
  assert.equal((await good.validateApiKey('A')).valid, true)
  const bad = openClient(t, { apiKey: 'sk-test-wrong-0123456789', endpoints: [{ name: 'A', baseURL: vendor.url, healthCheck }] })
  const refused = await bad.validateApiKey()
  assert.deepEqual([refused.valid, refused.statusCode], [false, 401])
  assert.equal(page.totalHits, 0)
  assert.ok(vendor.hits().every((hit) => hit.path.endsWith('/models')))
})

test('a hint of more than a day is no hint', async (t) => {
  const { client, a } = setup(t, { servers: 1, maxRetries: 0 })
  a.script(faults.rateLimited({ retryAfter: '3d' }))
  const error = await rejection(ask(client))
  assert.ok(error instanceof RateLimitError, error.message)
  assert.ok(error.retryAfterMs === undefined || error.retryAfterMs < 120_000, `parked for ${error.retryAfterMs} ms`)
})

test('the deadline passes while the reader pauses', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.always(faults.healthy({ content: 'word '.repeat(4000), chunks: 4000 }))
  const stream = await client.chatCompletion('gpt-4o', 'hi', { stream: true, timeout: '400ms' })
  await sleep(700)
  const error = await rejection((async () => { for await (const chunk of stream) assert.ok(chunk) })())
  assert.ok(error instanceof StreamInterruptedError || error instanceof TimeoutError, error.message)
  assert.ok(error.message.includes('400'), error.message)
  await until('the end', () => a.hits()[0].outcome !== 'pending')
})

test('a text stream that is returned before it is read ends its call', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.always(faults.stall({ after: 2 }))
  const stream = await client.chatCompletion('gpt-4o', 'hi', { stream: true })
  const reader = stream.textStream[Symbol.asyncIterator]()
  assert.deepEqual(await reader.return(), { value: undefined, done: true })
  await until('the end', () => a.hits()[0].outcome === 'clientAborted')
  assert.deepEqual(await reader.next(), { value: undefined, done: true })
})

test('a signal that has fired already closes what it is given to', async () => {
  const signal = AbortSignal.abort(new Error('too late'))
  const client = new FailoverClient({ apiKey: KEY, baseURL: 'http://127.0.0.1:9', signal })
  assert.equal((await rejection(client.chatCompletion('m', 'hi'))).code, 'ERR_BELLWETHER_CLIENT_CLOSED')
})

test('an error is known by its class’s isInstance, also through a subclass and another copy', () => {
  class Ours extends RateLimitError {}
  const error = Object.create(Ours.prototype)
  assert.ok(Ours.isInstance(error) && RateLimitError.isInstance(error) && FailoverError.isInstance(error))
  assert.ok(!Ours.isInstance(Object.create(RateLimitError.prototype)))
  assert.ok(!TimeoutError.isInstance(error) && !FailoverError.isInstance(new Error('no')) && !FailoverError.isInstance(null))
})

test('prefer: same asks the same endpoint again before the next', async (t) => {
  const { client, a, b } = setup(t, { retry: { ...QUICK, prefer: 'same' }, maxRetries: 2 })
  a.script(faults.serverError(), faults.serverError())
  const answer = await ask(client)
  assert.equal(attemptSummary(answer.report.attempts), 'A:retry:serverError A:retry:serverError A:ok')
  assert.equal(b.totalHits, 0)
})

test('an outage of the only endpoint is not amplified beyond the budget', async (t) => {
  const { client, a } = setup(t, { servers: 1, breaker: false, maxRetries: 2, retry: { ...QUICK, budget: { ratio: 0.2, perSecond: 0 } } })
  const calls = 200
  for (let i = 0; i < calls; i++) await ask(client)
  a.clearHits()
  const before = a.totalHits
  a.always(faults.serverError())
  await Promise.all(Array.from({ length: calls }, () => rejection(ask(client))))
  const extra = a.totalHits - before - calls
  assert.ok(extra > 0 && extra <= calls * 0.2 + 100, `${extra} retries for ${calls} failed calls`)
  const again = a.totalHits
  await Promise.all(Array.from({ length: calls }, () => rejection(ask(client))))
  assert.ok(a.totalHits - again <= calls * 1.2 + 1, `${a.totalHits - again} requests for ${calls} calls with the budget spent`)
})

test('a monitor on its own names its options and stops with its signal', async (t) => {
  const vendor = serve(t)
  const controller = new AbortController()
  const monitor = new HealthMonitor(KEY, { baseURL: vendor.url, checkInterval: '50ms', signal: controller.signal })
  await monitor.startMonitoring()
  const seen = vendor.totalHits
  assert.ok(seen > 0)
  controller.abort()
  await sleep(200)
  const after = vendor.totalHits
  await sleep(200)
  assert.equal(vendor.totalHits, after)
})

test('an IPv6 address, plain', async (t) => {
  const vendor = serve(t)
  const client = openClient(t, { baseURL: `http://[::1]:${vendor.port}/v1` })
  assert.equal(textOf(await ask(client)), 'Hello from fault-server')
  assert.equal(vendor.hits()[0].headers.host, `[::1]:${vendor.port}`)
})

/** A server that does as it likes with each connection. */
async function raw (t, onConnection) {
  const server = net.createServer(onConnection).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${server.address().port}/v1`
}

test('a server that closes every connection at once is a failure, and is not connected to for ever', async (t) => {
  let connections = 0
  const baseURL = await raw(t, (socket) => {
    connections++
    socket.on('error', () => {})
    socket.destroy()
  })
  const error = await rejection(ask(openClient(t, { baseURL, maxRetries: 0, timeout: '20s' })))
  assert.equal(error.reason, 'reset', error.message)
  assert.ok(connections <= 10, `${connections} connections`)
})

test('an answer that begins before the request is read', async (t) => {
  const body = JSON.stringify({ choices: [{ message: { role: 'assistant', content: 'early' }, finish_reason: 'stop' }] })
  const content = 'x'.repeat(8 << 20)
  const baseURL = await raw(t, (socket) => {
    let received = 0
    socket.on('error', () => {})
    socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`))
    socket.on('data', (bytes) => {
      received += bytes.length
      if (received > content.length) socket.end(body)
    })
  })
  const client = openClient(t, { baseURL, maxRetries: 0, timeout: '20s' })
  assert.equal(textOf(await client.chatCompletion('m', content)), 'early')
})

test('an abort reaches calls that the runtime has not begun', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.always(faults.hang())
  const controller = new AbortController()
  const content = '"\n'.repeat(500_000)
  const calls = Array.from({ length: 50 }, () => rejection(client.chatCompletion('m', content, { signal: controller.signal })))
  controller.abort(new Error('enough'))
  assert.ok((await Promise.all(calls)).every((error) => error.message === 'enough'))
  const began = Date.now()
  await client.close({ drain: '20s' })
  assert.ok(Date.now() - began < 5_000, 'a call went on after its abort')
})

test('a module registry that is emptied, as Jest’s resetModules does, takes nothing from clients of before', async (t) => {
  const lib = path.join(__dirname, '../../lib') + path.sep
  const forget = () => { for (const file of Object.keys(require.cache)) if (file.startsWith(lib)) delete require.cache[file] }
  const kept = { ...require.cache }
  t.after(() => Object.assign(require.cache, kept))
  forget()
  const { client } = setup(t, { servers: 1 })
  forget()
  assert.equal(textOf(await ask(client)), 'Hello from A')
  assert.equal(textOf(await ask(client, { stream: true })), 'Hello from A')
  const asked = { method: 'POST', body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] }) }
  for (const answer of [client.fetch, (/** @type {string} */ url, /** @type {any} */ init) => client.handler(new Request(url, init))]) {
    const response = await answer('http://localhost/v1/chat/completions', asked)
    assert.equal(textOf(await response.json()), 'Hello from A')
  }
})

test('errors keep their classes when the module registry is emptied', async (t) => {
  const lib = path.join(__dirname, '../../lib') + path.sep
  const { client, a } = setup(t, { servers: 1 })
  for (const file of Object.keys(require.cache)) if (file.startsWith(lib)) delete require.cache[file]
  a.always(faults.status(400))
  assert.ok(await rejection(ask(client)) instanceof BadRequestError)
  await assert.rejects(client.queue.ready(), ConfigError)
  assert.equal(require('../../lib/util/errors').classes.BadRequestError, BadRequestError)
})
