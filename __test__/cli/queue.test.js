'use strict'

// The queue's file on the command line: with its client gone, and beside it.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { openClient, textOf, faults } = require('../helpers/client')
const { temporaryPath, setupQueue } = require('../queue/helpers')

const BIN = path.join(__dirname, '..', '..', 'bin', 'bellwether.js')
const ID = /q[0-9a-f]{8}-[0-9a-f]+/

/** Not spawnSync: servers of this process answer meanwhile. */
async function cli (args, { env = {}, cwd } = {}) {
  const child = spawn(process.execPath, [BIN, 'queue', ...args], { env: { PATH: process.env.PATH, ...env }, cwd })
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (piece) => { text[name] += piece })
  const [status] = await once(child, 'close')
  return { status, ...text }
}

const json = async (...args) => JSON.parse((await cli([...args, '--json'])).stdout)

/** A client with a vendor that is down, and as many jobs as there are names. */
async function outage (t, names, options) {
  const made = setupQueue(t, options)
  made.a.always(faults.unavailable({ retryAfter: 60 }))
  const ids = []
  for (const name of names) ids.push((await made.client.chatCompletion('gpt-4o', name, { queuePriority: ids.length })).id)
  return { ...made, ids }
}

/** One dead letter. */
async function died (t, options = {}) {
  const made = setupQueue(t, { breaker: false, ...options, queue: { ...options.queue, maxDeliveries: 1 } })
  made.a.always(faults.unavailable({ retryAfter: 60 }))
  const { id } = await made.client.chatCompletion('gpt-4o', 'CANARY')
  await made.client.close()
  made.a.always(faults.serverError())
  const next = openClient(t, { baseURL: made.a.url, breaker: false, maxRetries: 0, queue: { path: made.file, ...options.queue, maxDeliveries: 1 } })
  await next.queue.result(id).catch(() => {})
  await next.close()
  return { ...made, id }
}

test('list shows what is there, the oldest first, by state and by page', async (t) => {
  const { client, file, ids } = await outage(t, ['one', 'two', 'three'])
  await client.close()
  const told = await cli(['list', '--path', file])
  assert.deepEqual([told.status, told.stderr], [0, ''])
  const lines = told.stdout.trimEnd().split('\n')
  assert.match(lines[0], /^id +state +priority +created +due or ended +deliveries +last failure$/)
  lines.slice(1, 4).forEach((line, i) => assert.match(line, new RegExp(`^${ids[i]} +queued +${i} +\\d{4}-\\d\\d-\\d\\dT\\S+Z +\\S+Z +0 +-$`)))
  assert.match(lines[5], /queue\.db: 3 jobs \(3 queued\), \d+ bytes$/)
  assert.equal(lines.length, 6)
  const all = await json('list', '--path', file)
  assert.deepEqual([all.file, all.sealed, all.counts.queued, all.jobs.map(({ id }) => id)], [file, false, 3, ids])
  assert.ok(all.bytes > 0)
  assert.deepEqual((await json('list', '--path', file, '--limit', '1', '--after', ids[0])).jobs.map(({ id }) => id), [ids[1]])
  assert.match((await cli(['list', '--path', file, '--limit', '2'])).stdout, new RegExp(`\\nMore: --after ${ids[1]}\\n$`))
  assert.deepEqual((await json('list', '--path', file, '--state', 'dead')).jobs, [])
  assert.match((await cli(['list', '--path', file, '--state', 'dead'])).stdout, /^\S*queue\.db: 3 jobs \(3 queued\), /)
})

test('show prints a job as client.queue.show returns it, with its request', async (t) => {
  const { client, file, ids: [id] } = await outage(t, ['a \u009b31m question'])
  const own = await client.queue.show(id)
  await client.close()
  assert.deepEqual(await json('show', id, '--path', file), own)
  const { status, stdout } = await cli(['show', id, '--path', file])
  assert.equal(status, 0)
  assert.match(stdout, new RegExp(`^id +${id}\nstate +queued\n`))
  assert.match(stdout, /"content": "a \\u009b31m question"/)
  assert.ok(!stdout.includes('\u009b'), 'a terminal takes no orders from a question')
  const unknown = await cli(['show', 'q00000000-1', '--path', file])
  assert.deepEqual([unknown.status, unknown.stdout], [1, ''])
  assert.match(unknown.stderr, /the queue has no job with the id 'q00000000-1'/)
})

test('while a client has the file, list and show work, and retry and purge name its process and change nothing', async (t) => {
  const { client, a, file, ids } = await outage(t, ['one', 'two'])
  assert.deepEqual((await json('list', '--path', file)).jobs, await client.queue.list())
  assert.equal((await json('show', ids[1], '--path', file)).request.messages[0].content, 'two')
  for (const args of [['retry', ids[0]], ['retry', '--dead'], ['purge', ids[0]], ['purge', '--state', 'queued']]) {
    const told = await cli([...args, '--path', file])
    assert.deepEqual([told.status, told.stdout], [2, ''], args.join(' '))
    assert.match(told.stderr, new RegExp(`process ${process.pid} uses it; ask the client that has it \\(client\\.queue\\.retry, client\\.queue\\.purge\\), or close it`))
  }
  assert.equal(client.queue.size, 2)
  a.always()
  await client.retryQueuedRequests()
  for (const id of ids) assert.match(textOf(await client.queue.result(id)), /Hello/)
  const { counts } = await json('list', '--path', file)
  assert.deepEqual([counts.queued, counts.delivered], [0, 2], 'a look sees what was committed last')
})

test('dead letters are put back, and the next client delivers them', async (t) => {
  const { a, file, id } = await died(t)
  const listed = await cli(['list', '--path', file, '--state', 'dead'])
  assert.match(listed.stdout, new RegExp(`^${id} +dead +0 .* 1 +serverError 500$`, 'm'))
  assert.match((await cli(['show', id, '--path', file])).stdout, /^failed +\S+Z serverError 500$/m)
  const hits = a.hits().length
  assert.deepEqual(await cli(['retry', '--dead', '--path', file]), { status: 0, stdout: '1 dead letter queued again\n', stderr: '' })
  assert.equal(a.hits().length, hits, 'nothing is delivered by the command')
  const again = await cli(['retry', id, 'q00000000-1', '--path', file])
  assert.deepEqual([again.status, again.stdout], [1, ''])
  assert.match(again.stderr, new RegExp(`'${id}' is queued\n.*'q00000000-1' is not a job of this queue`))
  a.always()
  const client = openClient(t, { baseURL: a.url, queue: { path: file } })
  assert.match(textOf(await client.queue.result(id)), /Hello/)
  await client.close()
  assert.match((await cli(['retry', id, '--path', file])).stderr, /is delivered/)
})

test('jobs are thrown away by id, by state and by age', async (t) => {
  const { client, file, ids } = await outage(t, ['one', 'two', 'three'])
  await client.close()
  const left = async () => (await json('list', '--path', file)).jobs.map(({ id }) => id)
  assert.deepEqual(await json('purge', '--state', 'queued', '--older-than', '1h', '--path', file), { purged: 0 })
  assert.deepEqual(await json('purge', '--older-than', '0s', '--path', file), { purged: 0 }, 'what waits is not over')
  assert.deepEqual(await left(), ids)
  assert.deepEqual(await cli(['purge', ids[1], '--path', file]), { status: 0, stdout: `${ids[1]} was deleted\n`, stderr: '' })
  assert.deepEqual(await json('purge', ids[1], ids[0], '--path', file), { done: [ids[0]], refused: [{ id: ids[1], why: 'is not a job of this queue' }] })
  assert.deepEqual(await left(), [ids[2]])
  assert.deepEqual(await cli(['purge', '--state', 'queued', '--path', file]), { status: 0, stdout: '1 job deleted\n', stderr: '' })
  assert.deepEqual(await left(), [])
})

test('the file is found in a configuration without a vendor\'s key; sealed requests are shown with its key alone', async (t) => {
  const key = 'ab'.repeat(32)
  const { file, id } = await died(t, { queue: { encryptionKey: key } })
  const folder = path.dirname(file)
  const rest = 'endpoints:\n- {name: a, base_url: "http://127.0.0.1:1", api_key: "${VENDOR_KEY}"}\n'
  fs.writeFileSync(path.join(folder, 'bellwether.yaml'), `${rest}queue: {path: queue.db, encryption_key: "\${QUEUE_KEY}", ttl: 1h}\n`)
  const sealed = await cli(['show', id, '--path', file])
  assert.equal(sealed.status, 0)
  assert.match(sealed.stdout, new RegExp(`^id +${id}\nstate +dead\n[^]*The request is encrypted`))
  assert.ok(!sealed.stdout.includes('CANARY'))
  assert.match((await cli(['list', '--path', file])).stdout, /1 job \(1 dead\), \d+ bytes, sealed\n$/)
  const here = { cwd: folder, env: { QUEUE_KEY: key } }
  assert.match((await cli(['show', id], here)).stdout, /"content": "CANARY"/)
  assert.match((await cli(['show', id, '--config', 'bellwether.yaml'], here)).stdout, /"content": "CANARY"/)
  const unset = await cli(['show', id], { cwd: folder })
  assert.equal(unset.status, 2)
  assert.match(unset.stderr, /bellwether\.yaml:3:\d+ queue\.encryption_key the environment variable QUEUE_KEY is not set/)
  const other = await cli(['list'], { cwd: folder, env: { QUEUE_KEY: 'cd'.repeat(32) } })
  assert.equal(other.status, 2)
  assert.match(other.stderr, /queue\.encryptionKey is not the key it was created with/)
  assert.ok(!other.stderr.includes('cdcd'))
  assert.equal((await cli(['retry', id], here)).status, 0)
  const job = JSON.parse((await cli(['show', id, '--json'], here)).stdout)
  assert.ok(Date.parse(job.expiresAt) > Date.now(), 'the configuration\'s ttl')
  fs.writeFileSync(path.join(folder, 'bellwether.yaml'), rest)
  const none = await cli(['list'], here)
  assert.equal(none.status, 2)
  assert.match(none.stderr, /queue is missing in bellwether\.yaml; give it \{ path \}/)
})

test('an impossible task causes an error, and no file is created', async (t) => {
  const file = temporaryPath(t)
  for (const [args, says] of [
    [['list', '--path', file], /queue\.db cannot be used: the file does not exist/],
    [['retry', '--dead', '--path', file], /the file does not exist/],
    [['purge', '--state', 'dead', '--path', file], /the file does not exist/],
    [['list', '--path', path.dirname(file)], /it is not a file/],
    [['list', '--path', ''], /queue\.path must be a non-empty string/],
    [['list', '--config', `${file}.yaml`], /queue\.db\.yaml/],
    [['list'], /there is no bellwether\.yaml, bellwether\.yml, bellwether\.json in the working directory/],
    [[], /the task is missing; tasks are list, show, retry, purge\nUsage: bellwether queue/],
    [['drain'], /unknown task 'drain'; tasks are list, show, retry, purge/],
    [['list', 'x'], /unexpected argument 'x'/],
    [['list', '--state', 'done'], /--state must be one of queued, delivering, .* got 'done'/],
    [['list', '--limit', '0'], /--limit must be a whole number from 1 to 1000, got '0'/],
    [['list', '--limit', '1001'], /got '1001'/],
    [['list', '--dead'], /list has no --dead/],
    [['list', '--path', 'a', '--config', 'b'], /exclude each other/],
    [['show'], /show takes one id, got 0/],
    [['retry'], /retry needs ids, or --dead/],
    [['retry', 'x', '--dead'], /exclude each other/],
    [['purge'], /purge needs ids, --state or --older-than/],
    [['purge', 'x', '--state', 'dead'], /exclude each other/],
    [['purge', '--state', 'delivering'], /--state must be one of queued, delivered,/],
    [['purge', '--older-than', 'old'], /--older-than must be milliseconds as a number, or '500ms'/]
  ]) {
    const told = await cli(args, { cwd: path.dirname(file) })
    assert.deepEqual([told.status, told.stdout], [2, ''], args.join(' '))
    assert.match(told.stderr, says)
  }
  assert.deepEqual(fs.readdirSync(path.dirname(file)), [])
  const { status, stdout } = await cli(['--help'])
  assert.equal(status, 0)
  assert.match(stdout, /Examples:/)
  assert.match(stdout, ID)
})
