'use strict'

// A file that cannot be used: a clear error for calls that need it, and no effect on others.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { FailoverClient, FailoverError, QueueFullError, ConfigError } = require('../..')
const { KEY, openClient, serve, rejection, textOf, nextEvent, until, faults } = require('../helpers/client')
const { json } = require('../helpers/child')
const { temporaryPath, setupQueue } = require('./helpers')

const ROOT = path.join(__dirname, '..', '..')

/** The client answers, reports why it cannot queue, and rejects every call that it cannot queue. */
async function refuses (t, file, says, queue = {}) {
  const server = serve(t)
  const client = openClient(t, { baseURL: server.url, maxRetries: 0, onUnavailable: 'queue', queue: { path: file, ...queue } })
  const told = nextEvent(client, 'config')
  const error = await rejection(client.queue.ready())
  assert.ok(FailoverError.isInstance(error))
  assert.equal(error.code, 'ERR_BELLWETHER_QUEUE')
  assert.match(error.message, says)
  assert.match((await told).message, says)
  assert.match(textOf(await client.chatCompletion('gpt-4o', 'hi')), /Hello/)
  server.always(faults.unavailable())
  const call = await rejection(client.chatCompletion('gpt-4o', 'hi'))
  assert.equal(call.code, 'ERR_BELLWETHER_QUEUE')
  assert.match(call.message, says)
  assert.match(call.message, /503/, 'and why it was to be queued')
  assert.equal(call.attempts.length, 1)
  await client.close({ drain: 0 })
}

test('a second client, here or in another process, gets an error that names the owner, and has the file afterwards', async (t) => {
  const { client, a, file } = setupQueue(t)
  await client.queue.ready()
  await refuses(t, file, /another client of this process uses it/)
  const said = await json(t, `
    const client = new FailoverClient({ apiKey: 'k', baseURL: '${a.url}', queue: { path: ${JSON.stringify(file)} } })
    client.queue.ready().then(() => 'open', (error) => error.message).then((said) => console.log(JSON.stringify(said)))
  `)
  assert.match(said, new RegExp(`process ${process.pid} uses it`))
  const next = openClient(t, { baseURL: a.url, queue: { path: file } })
  await rejection(next.queue.ready())
  await client.close()
  await until('the file is taken over', () => next.queue.ready().then(() => true, () => false))
})

test('the file of a process that was killed is taken over', async (t) => {
  const file = temporaryPath(t)
  const child = spawn(process.execPath, ['-e', `
    const { FailoverClient } = require(${JSON.stringify(ROOT)})
    const client = new FailoverClient({ apiKey: 'k', baseURL: 'http://127.0.0.1:1', onUnavailable: 'queue', maxRetries: 0, queue: { path: ${JSON.stringify(file)} } })
    client.chatCompletion('m', 'hi').then(({ id }) => console.log(id))
    setInterval(() => {}, 1000)
  `], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [id] = await once(child.stdout.setEncoding('utf8'), 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const server = serve(t)
  const client = openClient(t, { baseURL: server.url, queue: { path: file } })
  assert.match(textOf(await client.queue.result(id.trim())), /Hello/)
})

test('a file that is no queue is left as it is', async (t) => {
  const file = temporaryPath(t)
  const text = 'somebody else\'s text, which is longer than a page of a database would be\n'.repeat(99)
  fs.writeFileSync(file, text)
  await refuses(t, file, /not a queue file, or it is damaged/)
  assert.equal(fs.readFileSync(file, 'utf8'), text)
})

test('a folder that is not there', async (t) => {
  await refuses(t, path.join(temporaryPath(t), 'missing', 'queue.db'), /cannot be opened or created/)
})

test('a damaged file', async (t) => {
  const { client, a, file } = setupQueue(t)
  a.always(faults.unavailable({ retryAfter: 60 }))
  for (let i = 0; i < 40; i++) await client.chatCompletion('gpt-4o', 'x'.repeat(2000))
  await client.close({ drain: 0 })
  const bytes = fs.readFileSync(file)
  bytes.fill(0xAA, bytes.length >> 1, (bytes.length >> 1) + 8192)
  fs.writeFileSync(file, bytes)
  await refuses(t, file, /it is damaged/)
  assert.deepEqual(fs.readFileSync(file), bytes)
})

test('a log that was cut short costs what was cut, and nothing else', async (t) => {
  const { client, a, file } = setupQueue(t)
  a.always(faults.unavailable({ retryAfter: 60 }))
  const ids = []
  for (let i = 0; i < 20; i++) ids.push((await client.chatCompletion('gpt-4o', `job ${i}`)).id)
  const copy = temporaryPath(t)
  fs.copyFileSync(file, copy)
  const log = fs.readFileSync(`${file}-wal`)
  fs.writeFileSync(`${copy}-wal`, log.subarray(0, log.length - 5000))
  const cut = openClient(t, { baseURL: a.url, maxRetries: 0, queue: { path: copy } })
  const left = (await cut.queue.list()).map(({ id }) => id)
  assert.ok(left.length > 10 && left.length < 20, `${left.length} of 20`)
  assert.deepEqual(left, ids.slice(0, left.length))
})

test('a file that may not be written to', { skip: process.platform === 'win32' && 'there are no such users there' }, async (t) => {
  const file = temporaryPath(t)
  const server = serve(t)
  const client = openClient(t, { baseURL: server.url, queue: { path: file } })
  await client.queue.ready()
  await client.close()
  for (const name of fs.readdirSync(path.dirname(file))) fs.chmodSync(path.join(path.dirname(file), name), 0o444)
  fs.chmodSync(path.dirname(file), 0o555)
  // Root may write to anything.
  const said = await json(t, `
    if (process.getuid() === 0) process.setuid(65534)
    const client = new FailoverClient({ apiKey: 'k', baseURL: '${server.url}', proxy: false, queue: { path: ${JSON.stringify(file)} } })
    client.queue.ready().then(() => 'open', (error) => error.message).then(async (queue) => {
      const { choices } = await client.chatCompletion('gpt-4o', 'hi')
      console.log(JSON.stringify({ queue, text: choices[0].message.content }))
    })
  `)
  fs.chmodSync(path.dirname(file), 0o755)
  assert.match(said.queue, /Permission denied|may not be written to|cannot be opened/)
  assert.match(said.text, /Hello/)
})

test('a disk that is full refuses what it cannot keep, and keeps what it had', { skip: process.platform === 'win32' && 'there is no ulimit there' }, async (t) => {
  const file = temporaryPath(t)
  const server = serve(t)
  server.always(faults.unavailable({ retryAfter: 60 }))
  const program = `
    const { FailoverClient } = require(${JSON.stringify(ROOT)})
    // The limit is said by a signal, too, which by default ends a process.
    process.on('SIGXFSZ', () => {})
    const client = new FailoverClient({ apiKey: 'k', baseURL: '${server.url}', proxy: false, maxRetries: 0, onUnavailable: 'queue', queue: { path: ${JSON.stringify(file)} } })
    async function run () {
      const ids = []
      let refused
      while (refused === undefined && ids.length < 500) {
        await client.chatCompletion('gpt-4o', 'x'.repeat(20000)).then(({ id }) => ids.push(id), (error) => { refused = error })
      }
      const listed = await client.queue.list({ limit: 1000 })
      console.log(JSON.stringify({ ids, code: refused?.code, message: refused?.message, listed: listed.map(({ id }) => id) }))
      process.exit(0)
    }
    run()
  `
  // In units of 512 bytes (dash) or 1 KiB (bash): 1 or 2 MiB.
  const child = spawn('sh', ['-c', 'ulimit -f 2048; exec "$0" -e "$1"', process.execPath, program], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text) => { out += text })
  await once(child, 'close')
  const { ids, code, message, listed } = JSON.parse(out)
  assert.ok(ids.length > 5 && ids.length < 500, `${ids.length}`)
  assert.equal(code, 'ERR_BELLWETHER_QUEUE', message)
  assert.match(message, /full/)
  assert.deepEqual(listed, ids)
  const client = openClient(t, { baseURL: server.url, maxRetries: 0, queue: { path: file } })
  assert.deepEqual((await client.queue.list({ limit: 1000 })).map(({ id }) => id), ids, 'also after it')
})

test('a full queue is reported', async (t) => {
  const { client, a } = setupQueue(t, { queue: { maxJobs: 2 } })
  a.always(faults.unavailable({ retryAfter: 60 }))
  await client.chatCompletion('gpt-4o', 'one')
  await client.chatCompletion('gpt-4o', 'two')
  const error = await rejection(client.chatCompletion('gpt-4o', 'three'))
  assert.ok(QueueFullError.isInstance(error))
  assert.equal(error.reason, 'queueFull')
  assert.match(error.message, /maxJobs/)
  assert.equal(client.queue.size, 2)
})

test('a queue that is full of bytes is reported, with figures, and kept answers give way to new jobs', async (t) => {
  const { client, a } = setupQueue(t, { queue: { maxBytes: 5000 } })
  a.always(faults.unavailable({ retryAfter: 60 }))
  const { id } = await client.chatCompletion('gpt-4o', 'x'.repeat(3000))
  const error = await rejection(client.chatCompletion('gpt-4o', 'y'.repeat(3000)))
  assert.ok(QueueFullError.isInstance(error))
  assert.equal(error.reason, 'queueFull')
  const [, held, size] = /holds (\d+) bytes, and (\d+) more would exceed queue\.maxBytes \(5000\); this call was not queued/.exec(error.message)
  assert.equal(held, size, 'they are as long as each other')
  assert.ok(held > 3000 && held < 3200, held)
  assert.match(error.message, /A: skipped: it is in cooldown/, 'and why it was to be queued')
  assert.equal(client.queue.size, 1)
  assert.equal(await client.queue.purge({ state: 'queued' }), 1)
  await assert.rejects(client.queue.show(id))
  assert.equal((await client.chatCompletion('gpt-4o', 'y'.repeat(3000))).status, 'queued')
})

test('while a commit hangs, 50 streams flow to their ends, and a queued call resolves only after the commit', async (t) => {
  const { client, a } = setupQueue(t, { servers: 1 })
  const other = serve(t, { name: 'other' })
  const streams = openClient(t, { baseURL: other.url })
  const native = require('../../lib/native/addon')
  // The hook belongs to the addon, not to the client, and is not accessible elsewhere.
  const held = native.NativeClient.prototype.holdQueueForTest
  assert.equal(typeof held, 'function')
  a.always(faults.unavailable({ retryAfter: 60 }))
  await client.chatCompletion('gpt-4o', 'the first')
  let hold
  const { NativeClient } = native
  const size = NativeClient.prototype.queueSize
  NativeClient.prototype.queueSize = function () {
    hold = (is) => held.call(this, is)
    return size.call(this)
  }
  assert.equal(client.queue.size, 1)
  NativeClient.prototype.queueSize = size
  hold(true)
  let told = false
  const call = client.chatCompletion('gpt-4o', 'the second').then((answer) => {
    told = true
    return answer
  })
  const texts = await Promise.all(Array.from({ length: 50 }, async () => {
    const stream = await streams.chatCompletion('gpt-4o', 'hi', { stream: true })
    let text = ''
    for await (const piece of stream.textStream) text += piece
    return text
  }))
  assert.ok(texts.every((text) => /Hello/.test(text)))
  assert.equal(told, false)
  hold(false)
  assert.equal((await call).status, 'queued')
})

test('the program of docs/how-to/queue.md is the executed example', async () => {
  const example = path.join(ROOT, 'examples', 'queue.mjs')
  const block = /```js run\n([\s\S]*?)```/.exec(fs.readFileSync(path.join(ROOT, 'docs', 'how-to', 'queue.md'), 'utf8'))[1]
  assert.equal(block, fs.readFileSync(example, 'utf8'))
  const child = spawn(process.execPath, [example], { stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text) => { out += text })
  const [code] = await once(child, 'close')
  assert.equal(code, 0, out)
  assert.match(out, /^queued, 1 left\nqueued\n/)
  assert.match(out, /delivered, 0 left\n/)
  assert.match(out, /Hello from vendor/)
})

test('options that cannot be', async (t) => {
  const made = (options) => {
    try {
      return new FailoverClient({ apiKey: KEY, baseURL: 'http://127.0.0.1:1', ...options })
    } catch (error) {
      return error
    }
  }
  for (const [options, says] of [
    [{ onUnavailable: 'queue' }, /onUnavailable must not be 'queue' without the client's option queue/],
    [{ queue: {} }, /queue\.path is missing/],
    [{ queue: 'queue.db' }, /queue must be an object/],
    [{ queue: { path: 7 } }, /queue\.path must be a non-empty string, got 7/],
    [{ queue: { path: 'q', maxJobs: 0 } }, /queue\.maxJobs must be a whole number from 1 to 10000000, got 0/],
    [{ queue: { path: 'q', maxBytes: 0.5 } }, /queue\.maxBytes must be a whole number from 1 to 1099511627776, got 0\.5/],
    [{ queue: { path: 'q', ttl: 'soon' } }, /queue\.ttl must be at least 1 ms/],
    [{ queue: { path: 'q', maxDeliveries: 0 } }, /queue\.maxDeliveries must be a whole number from 1 to 100, got 0/],
    [{ queue: { path: 'q', encryptionKey: 'CANARY' } }, /queue\.encryptionKey must be 32 bytes: a Buffer, or 64 hexadecimal digits, got a string of 6 characters/],
    [{ queue: { path: 'q', encryptionKey: Buffer.from('CANARY') } }, /queue\.encryptionKey must be 32 bytes/],
    [{ queue: { path: 'q', maxjobs: 5 } }, /queue\.maxjobs is not an option; did you mean 'maxJobs'/]
  ]) {
    const error = made(options)
    assert.ok(ConfigError.isInstance(error), String(says))
    assert.match(error.message, says)
    assert.ok(!error.message.includes('CANARY'))
  }
  const client = openClient(t, { baseURL: 'http://127.0.0.1:1' })
  assert.match((await rejection(client.chatCompletion('m', 'hi', { onUnavailable: 'queue' }))).message, /options\.onUnavailable must not be 'queue'/)
  for (const act of [() => client.queue.ready(), () => client.queue.list(), () => client.retryQueuedRequests()]) {
    const error = await rejection(act())
    assert.ok(ConfigError.isInstance(error))
    assert.match(error.message, /queue is missing in the client's options/)
  }
  assert.equal(client.queue.size, 0)
  const { client: with_ } = setupQueue(t)
  for (const [act, says] of [
    [() => with_.queue.result(7), /id must be a job's id, got 7|id must be a job's id/],
    [() => with_.queue.show(''), /id must be a job's id, got an empty string/],
    [() => with_.queue.list({ limit: 0 }), /options\.limit must be a whole number from 1 to 1000, got 0/],
    [() => with_.queue.list({ state: 'done' }), /options\.state must be one of 'queued'.*got 'done'/],
    [() => with_.queue.list({ stat: 'done' }), /options\.stat is not an option; did you mean 'state'/],
    [() => with_.queue.purge({ state: 'delivering' }), /options\.state must be one of/],
    [() => with_.queue.purge({ olderThan: 'old' }), /options\.olderThan must be milliseconds/]
  ]) {
    const error = await rejection(act())
    assert.ok(ConfigError.isInstance(error), String(says))
    assert.match(error.message, says)
  }
})
