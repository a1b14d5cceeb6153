'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { FailoverClient } = require('../..')
const { serve, openClient, setup, ask, textOf, rejection, recordEvents, nextEvent, until, faults, KEY, MODEL } = require('../helpers/client')
const { file, folder } = require('./helpers')

const options = (endpoints, more) => ({ apiKey: KEY, proxy: false, endpoints, ...more })
const at = (server, name, more) => ({ name, baseURL: server.url, ...more })

test('new calls see the new configuration, those under way finish on the old one', async (t) => {
  const [a, b] = [serve(t, { name: 'A' }), serve(t, { name: 'B' })]
  const client = openClient(t, { endpoints: [at(a, 'A')] })
  a.script(faults.stall({ after: 1, for: '500ms' }))
  const stream = await client.chatCompletion(MODEL, 'hi', { stream: true })
  const events = recordEvents(client, 'config')
  await client.reload(options([at(b, 'B')]))
  assert.equal((await ask(client)).report.endpoint, 'B')
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? ''
  assert.notEqual(text, '')
  assert.equal((await stream.finalCompletion).report.endpoint, 'A')
  assert.deepEqual(events.map((e) => e.changes), [{ added: ['B'], removed: ['A'], changed: [], reordered: false, options: [] }])
  assert.equal(events[0].message, 'reloaded: added B; removed A')
})

test('the state of an endpoint with unchanged origin, key and model is kept', async (t) => {
  const { client, a, b } = setup(t, { breaker: { failureThreshold: 1, recoveryTimeout: '60s' }, maxRetries: 0 })
  a.script(faults.status(500))
  await ask(client)
  const before = client.getEndpointStatus('A')
  assert.equal(before.breaker.state, 'open')
  await client.reload(options([at(b, 'B', { priority: 2 }), at(a, 'A', { priority: 1 })], { breaker: { failureThreshold: 1, recoveryTimeout: '50s' } }))
  const after = client.getEndpointStatus('A')
  assert.equal(after.breaker.state, 'open')
  assert.deepEqual(after.breaker, before.breaker)
  assert.deepEqual(after.lastError, before.lastError)
  assert.deepEqual([after.totalRequests, after.failedRequests], [1, 1])
  assert.equal(client.getEndpointStatus('B').totalRequests, 1)
  // It is the first in order, and is not asked.
  assert.equal((await ask(client)).report.endpoint, 'B')
  assert.equal(a.hits().length, 1)
})

test('another key at the same place is another endpoint to what is known of keys', async (t) => {
  const { client, a } = setup(t, { servers: 1, maxRetries: 0, breaker: false })
  a.script(faults.status(401))
  await rejection(ask(client))
  const same = await rejection(ask(client))
  assert.equal(same.reason, 'auth')
  assert.equal(a.hits().length, 1, 'a refused key is left alone')
  await client.reload(options([at(a, 'A')], { breaker: false }))
  assert.equal((await rejection(ask(client))).reason, 'auth')
  assert.equal(a.hits().length, 1, 'and is after a reload')
  await client.reload(options([at(a, 'A', { apiKey: `${KEY}-new` })], { breaker: false }))
  assert.equal((await ask(client)).report.endpoint, 'A')
})

test('an endpoint that was taken out stays out, and comes back', async (t) => {
  const { client, a, b } = setup(t)
  const isolation = client.isolate('A')
  await client.reload(options([at(a, 'A'), at(b, 'B')], { maxRetries: 1 }))
  assert.equal((await ask(client)).report.endpoint, 'B')
  isolation[Symbol.dispose]()
  assert.equal((await ask(client)).report.endpoint, 'A')
  const gone = client.isolate('B')
  await client.reload(options([at(a, 'A')]))
  await client.reload(options([at(b, 'B')]))
  gone[Symbol.dispose]()
  assert.equal((await ask(client)).report.endpoint, 'B')
})

test('invalid options change nothing, and all their problems are reported', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const events = recordEvents(client, 'config')
  const error = await rejection(client.reload({ apiKey: KEY, maxRetries: -1, timeuot: 1 }))
  assert.deepEqual(error.problems.map((p) => p.path), ['maxRetries', 'timeuot'])
  const broken = file(t, 'max_retries: [\n')
  assert.equal((await rejection(client.reload(broken))).problems[0].file, broken)
  assert.match((await rejection(client.reload('/none.yaml'))).message, /none\.yaml does not exist/)
  assert.deepEqual(client.getEndpointStatus().map((e) => e.name), ['A'])
  assert.deepEqual(events, [])
  assert.equal((await ask(client)).report.endpoint, 'A')
})

test('a call that waits is let through by a reload that makes room', async (t) => {
  const server = serve(t, { name: 'A' })
  const client = openClient(t, { endpoints: [at(server, 'A', { limits: { maxConcurrency: 1 } })] })
  server.script(faults.slowHeaders('700ms'))
  const first = ask(client)
  await until('the first is asked', () => server.hits().length === 1)
  const second = ask(client)
  await until('the second waits', () => client.metrics.snapshot().waitingCalls === 1)
  await client.reload(options([at(server, 'A', { limits: { maxConcurrency: 1 } })]))
  const third = ask(client)
  await until('both wait', () => client.metrics.snapshot().waitingCalls === 2)
  const reports = (await Promise.all([first, second, third])).map((c) => c.report.endpoint)
  assert.deepEqual(reports, ['A', 'A', 'A'])
})

test('functions of before are asked by calls of before, and go with them', async (t) => {
  const server = serve(t, { name: 'A' })
  const asked = []
  const client = openClient(t, { apiKey: () => { asked.push('old'); return KEY }, endpoints: [at(server, 'A')] })
  await ask(client)
  for (let i = 0; i < 3; i++) {
    await client.reload(options([at(server, 'A')], { apiKey: () => { asked.push(i); return KEY } }))
    await ask(client)
  }
  assert.deepEqual(asked, ['old', 0, 1, 2])
})

test('20 reloads under load lose no call and no stream', async (t) => {
  const servers = ['A', 'B', 'C', 'D'].map((name) => serve(t, { name }))
  const all = servers.map((server, i) => at(server, 'ABCD'[i]))
  const client = openClient(t, { endpoints: all })
  let going = true
  const counts = { calls: 0, streams: 0, failed: [] }
  const caller = async (stream) => {
    while (going) {
      try {
        const answer = await ask(client, { stream })
        assert.notEqual(textOf(answer), '')
        counts[stream ? 'streams' : 'calls']++
      } catch (error) {
        counts.failed.push(error)
      }
    }
  }
  const callers = Array.from({ length: 200 }, (_, i) => caller(i % 2 === 0))
  for (let i = 0; i < 20; i++) {
    const before = counts.calls + counts.streams
    // Added, removed, reordered.
    const turned = [...all.slice(i % 4), ...all.slice(0, i % 4)].slice(0, 1 + (i % 4))
    await client.reload(options(turned, { maxRetries: i % 3 }))
    await until('calls go on', () => counts.calls + counts.streams > before + 20)
  }
  going = false
  await Promise.all(callers)
  assert.deepEqual(counts.failed, [])
  assert.ok(counts.calls > 200 && counts.streams > 200, JSON.stringify(counts))
  t.diagnostic(`${counts.calls} calls, ${counts.streams} streams`)
  assert.equal(client.metrics.snapshot().activeCalls, 0)
  const total = client.getEndpointStatus().reduce((sum, e) => sum + e.inFlight, 0)
  assert.equal(total, 0)
})

test('the monitor goes on with the new endpoints and what it has seen', async (t) => {
  const [a, b] = [serve(t, { name: 'A' }), serve(t, { name: 'B' })]
  const client = openClient(t, { endpoints: [at(a, 'A')], health: { checkInterval: 50, probes: ['endpoint'] } })
  client.monitor.on('healthCheck', () => {})
  await client.monitor.startMonitoring()
  t.after(() => client.monitor.stopMonitoring())
  await client.reload(options([at(b, 'B')], { health: { checkInterval: 50, probes: ['endpoint'] } }))
  await nextEvent(client.monitor, 'healthCheck', (check) => check.name === 'B')
  const names = new Set(client.monitor.getHealthHistory().map((check) => check.name))
  assert.deepEqual([...names].sort(), ['A', 'B'])
})

test('a closed client is not reloaded', async (t) => {
  const { client } = setup(t, { servers: 1 })
  await client.close()
  assert.equal((await rejection(client.reload({ apiKey: KEY }))).code, 'ERR_BELLWETHER_CLIENT_CLOSED')
})

const text = (server, name, more = '') => `proxy: false\nendpoints:\n  - name: ${name}\n    base_url: ${server.url}\n    api_key: ${KEY}\n${more}`

test('a watched file is read again: written, replaced, invalid and mended', async (t) => {
  const server = serve(t)
  const place = file(t, text(server, 'first'))
  const client = FailoverClient.fromConfig(place, { watch: true, maxRetries: 1 })
  t.after(() => client.close({ drain: 0 }))
  const next = () => nextEvent(client, 'config')
  let told = next()
  fs.writeFileSync(place, text(server, 'second'))
  assert.deepEqual((await told).changes.added, ['second'])
  // As editors do it.
  told = next()
  fs.writeFileSync(`${place}.new`, text(server, 'third'))
  fs.renameSync(`${place}.new`, place)
  assert.deepEqual((await told).changes.added, ['third'])
  told = next()
  fs.writeFileSync(place, text(server, 'fourth', 'max_retires: 1\n'))
  const invalid = await told
  assert.equal(invalid.file, place)
  assert.deepEqual(invalid.problems.map((p) => [p.line, p.path]), [[6, 'max_retires']])
  assert.equal(client.getEndpointStatus()[0].name, 'third')
  told = next()
  fs.writeFileSync(place, text(server, 'fifth'))
  assert.deepEqual((await told).changes.added, ['fifth'])
  assert.equal((await ask(client)).report.endpoint, 'fifth')
})

test('a mounted link that is turned is a change', async (t) => {
  const server = serve(t)
  const mount = folder(t)
  for (const [i, name] of ['one', 'two'].entries()) {
    fs.mkdirSync(path.join(mount, `v${i}`))
    fs.writeFileSync(path.join(mount, `v${i}`, 'bellwether.yaml'), text(server, name))
  }
  fs.symlinkSync('v0', path.join(mount, 'data'))
  fs.symlinkSync(path.join('data', 'bellwether.yaml'), path.join(mount, 'bellwether.yaml'))
  const client = FailoverClient.fromConfig(path.join(mount, 'bellwether.yaml'), { watch: true })
  t.after(() => client.close({ drain: 0 }))
  const told = nextEvent(client, 'config')
  fs.symlinkSync('v1', path.join(mount, 'data.new'))
  fs.renameSync(path.join(mount, 'data.new'), path.join(mount, 'data'))
  assert.deepEqual((await told).changes.added, ['two'])
})

test('reloading the file keeps the overrides', async (t) => {
  const server = serve(t)
  const place = file(t, text(server, 'first'))
  const client = FailoverClient.fromConfig(place, { fallbackResponse: 'mine', maxRetries: 0 })
  t.after(() => client.close({ drain: 0 }))
  fs.writeFileSync(place, text(server, 'second'))
  await client.reload(place)
  server.script(faults.status(503), faults.status(503), faults.status(503))
  assert.equal(textOf(await ask(client)), 'mine')
  assert.equal(client.getEndpointStatus()[0].name, 'second')
})
