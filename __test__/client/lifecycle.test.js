'use strict'

// A client in the life of a process: it never keeps one alive, never takes one down, and leaves nothing behind.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { join } = require('node:path')
const { ClientClosedError } = require('../..')
const { setup, ask, rejection, serve, until, faults } = require('../helpers/client')
const { run, json, remoteServer } = require('../helpers/child')

const MANY = process.env.BELLWETHER_LONG_TESTS ? 10_000 : 2000
const BRIDGE = join(__dirname, '..', '..', 'lib', 'native', 'bridge')
const TESTING = join(__dirname, '..', '..', 'testing')
const at = (server, more = '') => `{ apiKey: 'k', proxy: false, retry: { backoff: { initial: 1, max: 2, factor: 2 } }, endpoints: [{ name: 'A', baseURL: '${server.url}' }], ${more} }`

test('a process ends by itself', { concurrency: 3 }, async (t) => {
  const server = serve(t)
  server.always(faults.when({ stream: true }, faults.combine(faults.healthy({ content: 'word '.repeat(5000), chunks: 5000 }), faults.pace(5))))
  const slow = serve(t)
  slow.always(faults.slowHeaders(300))
  await Promise.all(Object.entries({
    'that only made a client': [server, 'const c = new FailoverClient(OPTIONS)', ''],
    'that made a call and kept the client': [server, "globalThis.c = new FailoverClient(OPTIONS); c.chatCompletion('m', 'hi').then(() => console.log('answered'))", 'answered'],
    'that warmed up': [server, "globalThis.c = new FailoverClient(OPTIONS); c.warmup().then(() => console.log('warm'))", 'warm'],
    'once a call that is awaited has its answer': [slow, "globalThis.c = new FailoverClient(OPTIONS); c.chatCompletion('m', 'hi').then(() => console.log('answered'))", 'answered'],
    'with an open stream that nobody reads': [server, "globalThis.c = new FailoverClient(OPTIONS); c.chatCompletion({ model: 'm', messages: [{ role: 'user', content: 'hi' }], stream: true }).then((s) => { globalThis.s = s; console.log('open') })", 'open'],
    'after leaving a stream': [server, "globalThis.c = new FailoverClient(OPTIONS); (async () => { for await (const _ of await c.chatCompletion('m', 'hi', { stream: true })) break; console.log('left') })()", 'left'],
    'with listeners': [server, "globalThis.c = new FailoverClient(OPTIONS); c.on('attempt', () => console.log('told')); c.chatCompletion('m', 'hi')", 'told'],
    'after close': [server, "const c = new FailoverClient(OPTIONS); c.chatCompletion('m', 'hi').then(() => c.close()).then(() => console.log('closed'))", 'closed'],
    'with process.exit in the middle of a call': [slow, "const c = new FailoverClient(OPTIONS); c.chatCompletion('m', 'hi'); setTimeout(() => { console.log('bye'); process.exit(0) }, 50)", 'bye'],
    'whose monitor is unreferenced': [server, "globalThis.c = new FailoverClient(OPTIONS); c.monitor.unref(); c.monitor.startMonitoring().then(() => console.log('first round'))", 'first round'],
    'whose monitor is stopped': [server, "globalThis.c = new FailoverClient(OPTIONS); c.monitor.startMonitoring().then(() => { c.monitor.stopMonitoring(); console.log('stopped') })", 'stopped']
  }).map(([name, [to, program, says]]) => t.test(name, async (t) => {
    const result = await run(t, program.replace('OPTIONS', at(to)), { limit: 8000 })
    assert.equal(result.code, 0, `${result.signal} ${result.stderr}`)
    assert.equal(result.stdout.trim(), says)
    assert.equal(result.stderr, '')
  })))
})

test('a running monitor keeps its process alive until it is stopped', async (t) => {
  const server = serve(t)
  const monitor = `const m = new HealthMonitor({ apiKey: 'k', baseURL: '${server.url}', proxy: false, probes: ['endpoint'], checkInterval: 30 }); m.startMonitoring()`
  const result = await run(t, `${monitor}\nlet n = 0; m.on('healthCheck', () => { if (++n === 4) m.stopMonitoring() })`, { limit: 8000 })
  assert.equal(result.code, 0)
  assert.ok(server.totalHits >= 4)
})

test('worker threads die in the middle of calls and streams', async (t) => {
  const server = await remoteServer(t)
  await server.call('always', faults.combine(faults.healthy({ content: 'word '.repeat(2000), chunks: 2000 }), faults.pace(2)))
  const result = await json(t, `
    const { Worker } = require('node:worker_threads')
    const worker = \`
      const { FailoverClient } = require(\${JSON.stringify(${JSON.stringify(join(__dirname, '..', '..'))})})
      const { parentPort } = require('node:worker_threads')
      const client = new FailoverClient(${at(server)})
      client.on('attempt', () => {})
      client.monitor.startMonitoring()
      for (let i = 0; i < 5; i++) client.chatCompletion('m', 'hi').catch(() => {})
      ;(async () => {
        for await (const _ of await client.chatCompletion('m', 'hi', { stream: true })) parentPort.postMessage('chunk')
      })()\`
    async function main () {
      await Promise.all(Array.from({ length: 20 }, async (_, i) => {
        const w = new Worker(worker, { eval: true })
        if (i % 3 > 0) await new Promise((resolve) => w.once('message', resolve))
        await w.terminate()
      }))
      const client = new FailoverClient(${at(server)})
      let text = ''
      for await (const piece of (await client.chatCompletion('m', 'hi', { stream: true })).textStream) { text += piece; if (text.length > 50) break }
      console.log(JSON.stringify({ sound: text.length > 50 }))
    }
    main()`)
  assert.deepEqual(result, { sound: true })
})

test(`${MANY} abandoned streams leave no sockets and no memory behind`, async (t) => {
  const server = await remoteServer(t, { historySize: 10 })
  await server.call('always', faults.combine(faults.healthy({ content: 'word '.repeat(200), chunks: 200 }), faults.pace(1)))
  const { before, after } = await json(t, `
    const fs = require('node:fs')
    const client = new FailoverClient(${at(server)})
    const measure = () => { global.gc(); return { fds: fs.readdirSync('/proc/self/fd').length, rss: process.memoryUsage().rss } }
    async function abandon (n) {
      await Promise.all(Array.from({ length: 20 }, async () => {
        for (let i = 0; i < n / 20; i++) {
          const stream = await client.chatCompletion('m', 'hi', { stream: true })
          if (i % 2) for await (const _ of stream) break
          else stream.abort()
        }
      }))
      while (client.getEndpointStatus('A').inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 10))
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    async function main () {
      await abandon(400)
      const before = measure()
      await abandon(${MANY})
      console.log(JSON.stringify({ before, after: measure() }))
    }
    main()`, { args: ['--expose-gc'], limit: 120_000 })
  assert.ok(after.fds <= before.fds + 10, `${before.fds} → ${after.fds} file descriptors`)
  assert.ok(after.rss < before.rss + (20 << 20), `${before.rss >> 20} → ${after.rss >> 20} MiB`)
})

test('a client without references is collected, and its connections with it', async (t) => {
  const result = await json(t, `
    const server = require(${JSON.stringify(TESTING)}).createFaultServer()
    let client = new FailoverClient({ apiKey: 'k', proxy: false, baseURL: server.url })
    const ref = new WeakRef(client)
    const look = async (so) => {
      for (let i = 0; i < 500 && !so(); i++) { await new Promise((resolve) => setTimeout(resolve, 10)); global.gc() }
      return so()
    }
    async function main () {
      client.on('attempt', () => {})
      await client.chatCompletion('m', 'hi')
      const open = server.connections
      client = undefined
      const collected = await look(() => ref.deref() === undefined)
      console.log(JSON.stringify({ open, collected, closed: await look(() => server.connections === 0) }))
      await server.close()
    }
    main()`, { args: ['--expose-gc'] })
  assert.deepEqual(result, { open: 1, collected: true, closed: true })
})

test('a client that is awaited is not collected', async (t) => {
  const server = serve(t)
  server.always(faults.slowHeaders(150))
  const result = await json(t, `
    const call = new FailoverClient(${at(server)}).chatCompletion('m', 'hi')
    const timer = setInterval(global.gc, 10)
    call.then((answer) => { clearInterval(timer); console.log(JSON.stringify(answer.choices[0].message.content)) })`, { args: ['--expose-gc'] })
  assert.equal(result, 'Hello from fault-server')
})

test('a panic in Rust is an error, and the process goes on', async (t) => {
  const server = serve(t)
  const result = await json(t, `
    const bridge = require(${JSON.stringify(BRIDGE)})
    async function main () {
      let seen
      await bridge.startOperation((slot) => bridge.getHub().panicForTest(slot), () => undefined, () => new Error('dropped')).catch((error) => { seen = error })
      const client = new FailoverClient(${at(server)})
      const answer = await client.chatCompletion('m', 'hi')
      console.log(JSON.stringify({ name: seen.name, code: seen.code, text: answer.choices[0].message.content }))
    }
    main()`)
  assert.equal(result.name, 'FailoverError')
  assert.equal(result.code, 'ERR_BELLWETHER_INTERNAL')
  assert.equal(result.text, 'Hello from fault-server')
})

test('close waits for what is under way', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.script(faults.slowHeaders(60))
  const call = ask(client)
  await a.waitForHits(1)
  const closing = client.close({ drain: '5s' })
  await assert.rejects(ask(client), ClientClosedError)
  assert.equal((await call).choices[0].message.content, 'Hello from A')
  await closing
  assert.equal(client.close(), closing)
})

test('close gives up after its drain', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.script(faults.hang(), faults.combine(faults.healthy({ content: 'word '.repeat(500) }), faults.stall({ after: 2 })))
  const call = rejection(ask(client))
  await a.waitForHits(1)
  const stream = await client.chatCompletion('m', 'hi', { stream: true })
  const reading = rejection((async () => { for await (const _ of stream); })())
  const began = Date.now()
  await client.close({ drain: 50 })
  assert.ok(Date.now() - began < 2000)
  assert.ok((await call) instanceof ClientClosedError)
  assert.ok((await reading) instanceof ClientClosedError)
  await a.waitForHits(2, { outcome: 'clientAborted' })
})

test('after close', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  await ask(client)
  await client.close()
  for (const call of [() => ask(client), () => ask(client, { stream: true }), () => client.warmup(), () => client.validateApiKey()]) {
    const error = await rejection(call())
    assert.ok(error instanceof ClientClosedError, `${call} ${error}`)
    assert.equal(error.code, 'ERR_BELLWETHER_CLIENT_CLOSED')
    assert.equal(error.reason, 'closed')
  }
  assert.equal(client.getEndpointStatus('A').totalRequests, 1, 'what was is still readable')
  assert.equal(a.totalHits, 1)
  await until('its connections are closed', () => a.connections === 0, 3000)
})

test('the signal of a client closes it', async (t) => {
  const controller = new AbortController()
  const { client } = setup(t, { servers: 1, signal: controller.signal })
  await ask(client)
  controller.abort()
  await assert.rejects(ask(client), ClientClosedError)
})
