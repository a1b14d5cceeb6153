'use strict'

// The channel `bellwether:call`, and the logger.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { spawn, spawnSync } = require('node:child_process')
const { text } = require('node:stream/consumers')
const path = require('node:path')
const { AsyncLocalStorage } = require('node:async_hooks')
const { tracingChannel } = require('node:diagnostics_channel')
const { setup, ask, rejection, faults, openClient, configProblems, KEY, until, serve } = require('../helpers/client')

function subscribe (t, handlers) {
  const channel = tracingChannel('bellwether:call')
  channel.subscribe(handlers)
  t.after(() => channel.unsubscribe(handlers))
}

test('a call’s moments, in order, with one object for all of them, in the caller’s context', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const seen = []
  const storage = new AsyncLocalStorage()
  const note = (name) => (call) => { seen.push([name, call]) }
  subscribe(t, { start: (call) => seen.push(['start', call, storage.getStore()]), end: note('end'), asyncStart: note('asyncStart'), asyncEnd: note('asyncEnd'), error: note('error') })
  await storage.run('mine', () => ask(client))
  a.script(faults.badRequest())
  await rejection(ask(client, { stream: true }))
  assert.deepEqual(seen.map(([name]) => name), ['start', 'end', 'asyncStart', 'asyncEnd', 'start', 'end', 'error', 'asyncStart', 'asyncEnd'])
  const [, call, store] = seen[0]
  assert.ok(seen.slice(0, 4).every(([, other]) => other === call) && store === 'mine')
  assert.deepEqual([call.client === client, call.operation, call.via, call.stream, call.model, call.request.messages], [true, 'chat', 'client', false, 'gpt-4o', [{ role: 'user', content: 'hi' }]])
  assert.equal(call.report.endpoint, 'A')
  assert.match(call.result.choices[0].message.content, /Hello/)
  const failed = seen[4][1]
  assert.deepEqual([failed.stream, failed.error.reason, failed.report, failed.result], [true, 'badRequest', undefined, undefined])
})

test('a subscriber that throws disturbs no call', () => {
  const program = `
    const { tracingChannel } = require('node:diagnostics_channel')
    const { FailoverClient } = require('.')
    const { createFaultServer } = require('./testing')
    const thrown = []
    process.on('uncaughtException', (error) => thrown.push(error.message))
    const boom = (name) => () => { throw new Error(name) }
    tracingChannel('bellwether:call').subscribe({ start: boom('start'), end: boom('end'), asyncStart: boom('asyncStart'), asyncEnd: boom('asyncEnd'), error: boom('error') })
    ;(async () => {
      const server = createFaultServer()
      await server.ready
      const client = new FailoverClient({ endpoints: [{ name: 'A', baseURL: server.url, apiKey: null }] })
      const answer = await client.chatCompletion('m', 'hi')
      await client.close()
      await server.close()
      await new Promise((resolve) => setImmediate(resolve))
      console.log(JSON.stringify([answer.report.endpoint, thrown]))
    })()`
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], { cwd: path.join(__dirname, '..', '..'), encoding: 'utf8' })
  assert.deepEqual(JSON.parse(stdout || `"${stderr}"`), ['A', ['start', 'end', 'asyncStart', 'asyncEnd']])
})

/** Lines as pino is given them. */
function logger () {
  const lines = []
  return { lines, ...Object.fromEntries(['debug', 'info', 'warn', 'error'].map((level) => [level, (fields, words) => lines.push({ level, words, ...fields })])) }
}

test('a logger receives events from its level on, without secrets, and its errors have no effect', async (t) => {
  const [a, b] = [serve(t, { name: 'A' }), serve(t, { name: 'B' })]
  const endpoints = [{ name: 'A', baseURL: a.url }, { name: 'B', baseURL: b.url }]
  const log = logger()
  const client = openClient(t, { endpoints, logger: log })
  a.script(faults.rateLimited({ retryAfter: '1s' }))
  await ask(client)
  await until('lines', () => log.lines.some((l) => l.event === 'failover'))
  assert.deepEqual(log.lines.filter((l) => l.event !== 'alert').map((l) => [l.level, l.event]), [['warn', 'rateLimit'], ['warn', 'cooldown'], ['warn', 'failover']])
  assert.equal(log.lines.find((l) => l.event === 'failover').words, 'failover from A (gpt-4o) to B (gpt-4o): rateLimited')
  assert.ok(!JSON.stringify(log.lines).includes(KEY))
  const noisy = logger()
  const other = openClient(t, { endpoints, logger: noisy, logLevel: 'debug' })
  await ask(other)
  await until('an attempt', () => noisy.lines.some((l) => l.level === 'debug' && l.event === 'attempt'))
  const broken = { debug () { throw new Error('no') }, info () { throw new Error('no') }, warn () { throw new Error('no') }, error () { throw new Error('no') } }
  const third = openClient(t, { endpoints, logger: broken, logLevel: 'debug' })
  a.script(faults.serverError())
  assert.equal((await ask(third)).report.endpoint, 'B')
  await third.reload({ endpoints: endpoints.map((e) => ({ ...e, apiKey: KEY })), logger: noisy })
})

test('a logger receives failed forwards, and failed drills', async (t) => {
  const [a, b] = [serve(t, { name: 'A' }), serve(t, { name: 'B' })]
  const endpoints = [{ name: 'A', baseURL: a.url }, { name: 'B', baseURL: b.url }]
  const log = logger()
  const client = openClient(t, { endpoints, logger: log, alerts: { on: 'failover_triggered', groupWait: '1ms', forward () { throw new Error('no') } } })
  await ask(client)
  a.script(faults.serverError())
  await ask(client)
  const said = (event) => log.lines.filter((l) => l.event === event).map(({ level, words }) => [level, words])
  await until('the forward', () => said('forward').length > 0)
  assert.deepEqual(said('forward'), [['error', 'forwarding an alert to function: failed, the function threw or rejected']])
  await client.drill({ scenario: 'all-down', requests: 20, duration: '200ms', objectives: { maxReturn: 0 } })
  await client.drill({ scenario: 'slow', requests: 20, duration: '200ms', objectives: { maxLost: null } })
  assert.deepEqual(said('drill'), [['warn', 'drill all-down failed'], ['info', 'drill slow passed']])
})

test('a logger that rejects has no effect either', async (t) => {
  const [a, b] = [serve(t, { name: 'A' }), serve(t, { name: 'B' })]
  const logged = []
  const rejects = () => {
    // A caller that waits for the call receives its rejection.
    const said = Promise.reject(new Error('no'))
    logged.push(said)
    return said
  }
  const unhandled = []
  const heard = (reason) => unhandled.push(reason)
  process.on('unhandledRejection', heard)
  t.after(() => process.off('unhandledRejection', heard))
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: a.url }, { name: 'B', baseURL: b.url }], logger: { debug: rejects, info: rejects, warn: rejects, error: rejects }, logLevel: 'debug' })
  a.script(faults.serverError())
  assert.equal((await ask(client)).report.endpoint, 'B')
  await until('it was told', () => logged.length > 0)
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(unhandled, [])
})

test('a process that logs to a closed pipe goes on', async (t) => {
  const server = serve(t)
  const program = `
    const { FailoverClient } = require(${JSON.stringify(path.join(__dirname, '..', '..'))})
    const client = new FailoverClient({ apiKey: null, baseURL: ${JSON.stringify(server.url)}, proxy: false })
    const ask = (n) => n === 0 ? client.close() : client.chatCompletion('gpt-4o', 'hi').then(() => ask(n - 1))
    process.stdin.once('data', () => ask(20).then(() => console.log('done')))`
  const child = spawn(process.execPath, ['-e', program], { env: { PATH: process.env.PATH, BELLWETHER_LOG: 'debug' }, stdio: ['pipe', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  child.stderr.destroy()
  child.stdin.end('go')
  assert.equal(await text(child.stdout), 'done\n')
})

test('BELLWETHER_LOG writes JSON lines to stderr', () => {
  const program = `
    const { FailoverClient } = require('.')
    const client = new FailoverClient({ endpoints: [{ name: 'A', baseURL: 'http://127.0.0.1:1', apiKey: null }, { name: 'B', baseURL: 'http://127.0.0.1:2', apiKey: null }] })
    client.chatCompletion('m', 'hi', { timeout: 2000, onUnavailable: 'error', maxRetries: 0 }).catch(() => client.close())`
  const run = (env) => spawnSync(process.execPath, ['-e', program], { cwd: path.join(__dirname, '..', '..'), encoding: 'utf8', env: { PATH: process.env.PATH, ...env } }).stderr
  const lines = run({ BELLWETHER_LOG: 'warn' }).trim().split('\n').map((line) => JSON.parse(line))
  assert.ok(lines.some((l) => l.level === 'warn' && l.name === 'bellwether' && l.event === 'failover'), JSON.stringify(lines))
  assert.equal(run({}), '')
})

test('a logger that is none, and a level that is none, are named', () => {
  assert.deepEqual(configProblems({ logger: { info () {} } }), ['logger must have the methods debug, info, warn and error, got an object'])
  assert.deepEqual(configProblems({ logLevel: 'loud' }), ["logLevel must be one of 'debug', 'info', 'warn', 'error', 'silent', got 'loud'"])
})
