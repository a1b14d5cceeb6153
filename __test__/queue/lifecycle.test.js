'use strict'

// The queue begins and ends with its client: no thread, lock, file or process outlives what is awaited.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { Worker } = require('node:worker_threads')
const { once } = require('node:events')
const { openClient, serve, rejection, textOf, until, faults } = require('../helpers/client')
const { run } = require('../helpers/child')
const { setupQueue, temporaryPath } = require('./helpers')

const ROOT = path.join(__dirname, '..', '..')

/** Threads of queues in this process; none where that cannot be known. */
function threads () {
  if (process.platform !== 'linux') return 0
  const names = fs.readdirSync('/proc/self/task').map((id) => {
    try {
      return fs.readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim()
    } catch {
      return '' // It has just ended.
    }
  })
  return names.filter((name) => name.startsWith('bellwether-que')).length
}

test('a process ends with a queue that waits, and what waits is there for the next', async (t) => {
  const file = temporaryPath(t)
  const { code, stdout } = await run(t, `
    const client = new FailoverClient({ apiKey: 'k', baseURL: 'http://127.0.0.1:1', proxy: false, maxRetries: 0, onUnavailable: 'queue', queue: { path: ${JSON.stringify(file)} } })
    client.chatCompletion('m', 'hi').then(({ id }) => console.log(id))
  `)
  assert.equal(code, 0)
  const server = serve(t)
  const client = openClient(t, { baseURL: server.url, queue: { path: file } })
  assert.match(textOf(await client.queue.result(stdout.trim())), /Hello/)
})

test('close waits for what is being delivered, and its answer is kept', async (t) => {
  const { client, a, file } = setupQueue(t)
  a.always(faults.unavailable())
  const { id } = await client.chatCompletion('gpt-4o', 'hi')
  const sent = a.hits().length
  a.always(faults.slowHeaders(100))
  await until('it is being delivered', () => a.hits().length > sent)
  if (process.platform === 'linux') assert.equal(threads(), 1)
  await client.close()
  assert.equal(a.hits().at(-1).outcome, 'answered')
  await until('its thread has ended', () => threads() === 0)
  assert.deepEqual(fs.readdirSync(path.dirname(file)).sort(), ['queue.db', 'queue.db-lock'], 'the log is written back')
  const next = openClient(t, { baseURL: a.url, queue: { path: file } })
  const completion = await next.queue.result(id)
  assert.equal(completion.report.maybeDuplicate, undefined)
  assert.equal(a.hits().length, sent + 1, 'nobody is asked again')
  assert.match((await rejection(client.queue.list())).message, /closed/)
})

test('a delivery that a close cuts off is repeated, and marked as a possible duplicate', async (t) => {
  const { client, a, file } = setupQueue(t)
  a.always(faults.unavailable())
  const { id } = await client.chatCompletion('gpt-4o', 'hi')
  const sent = a.hits().length
  a.always(faults.hang())
  await until('it is being delivered', () => a.hits().length > sent)
  await client.close({ drain: 0 })
  a.always()
  const next = openClient(t, { baseURL: a.url, queue: { path: file } })
  const { report } = await next.queue.result(id)
  assert.equal(report.maybeDuplicate, true)
  assert.equal((await next.queue.show(id)).deliveries, 0)
})

test('a live call that was cut off after it was sent is queued as one that may have been answered', async (t) => {
  const { client, a } = setupQueue(t)
  a.script(faults.reset())
  a.always(faults.unavailable())
  const { id } = await client.chatCompletion('gpt-4o', 'hi')
  a.always()
  const { report } = await client.queue.result(id)
  assert.equal(report.maybeDuplicate, true)
})

test('a worker that is terminated lets go of its file', async (t) => {
  const file = temporaryPath(t)
  const server = serve(t)
  const worker = new Worker(`
    const { FailoverClient } = require(${JSON.stringify(ROOT)})
    const { parentPort } = require('node:worker_threads')
    globalThis.client = new FailoverClient({ apiKey: 'k', baseURL: '${server.url}', queue: { path: ${JSON.stringify(file)} } })
    client.queue.ready().then(() => parentPort.postMessage('open'))
    setInterval(() => {}, 1000)
  `, { eval: true })
  await once(worker, 'message')
  await worker.terminate()
  const client = openClient(t, { baseURL: server.url, queue: { path: file } })
  await until('the file is free', () => client.queue.ready().then(() => true, () => false))
})
