'use strict'

// Outages from the view of a client: the report matches what the servers did.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { setup, ask, rejection, faults, nextEvent, recordEvents, until, attemptSummary } = require('../helpers/client')

const FAST = { incidents: { quiet: 300 }, breaker: { recoveryTimeout: 100, maxRecoveryTimeout: 100 } }
const price = (i) => ({ price: { input: 1 + 9 * i, output: 1 + 9 * i } })

test('an outage under load: every call is in the report once, and none was lost', async (t) => {
  const { client, a } = setup(t, { ...FAST, endpoint: price })
  const seen = recordEvents(client, 'incident')
  const closed = nextEvent(client, 'incident', (incident) => incident.status === 'closed')
  const reports = []
  const load = async (n) => {
    for (let i = 0; i < 40; i++) {
      const { report } = await ask(client, { extraBody: { user: `user-${n}` } })
      reports.push({ ended: performance.now(), report })
    }
  }
  await ask(client)
  a.stop()
  await Promise.all([1, 2, 3, 4].map(load))
  await a.start()
  await until('the primary to answer', async () => (await ask(client)).report.endpoint === 'A')
  const incident = await closed
  assert.deepEqual(seen.map((i) => i.status), ['open', 'closed'])
  assert.equal(client.getIncidents().length, 1)
  assert.ok(incident.requests >= 161, `${incident.requests}`)
  assert.deepEqual([incident.failed, incident.failedShare, incident.affectedUsers], [0, 0, 0])
  assert.ok(incident.rescued >= 160 && incident.withoutFailover.failed === incident.rescued)
  assert.equal(incident.withoutFailover.affectedUsers, 4)
  assert.ok(incident.detectionMs !== null && incident.detectionMs < 1_000)
  assert.ok(incident.recoveryMs !== null && incident.recoveryMs < 1_000)
  assert.deepEqual(incident.endpoints.map((e) => [e.name, e.models]), [['A', ['gpt-4o']]])
  assert.ok(incident.endpoints[0].reasons.connect >= 1 && incident.endpoints[0].backAt !== null)
  assert.deepEqual(incident.timeline.map((m) => m.what), ['failed', 'out', 'rescued', 'back', 'over'])
  // The dearer one's tokens less what the usual one would have asked for them.
  const extra = reports.filter((r) => r.report.endpoint === 'B').reduce((sum, r) => sum + r.report.costUsd * 0.9, 0)
  assert.ok(incident.extraCostUsd >= extra - 1e-9, `${incident.extraCostUsd} ${extra}`)
})

test('lost calls are counted as lost, with and without another endpoint', async (t) => {
  const { client, a, b } = setup(t, { ...FAST, breaker: false, onUnavailable: 'error', maxRetries: 0 })
  await ask(client)
  await ask(client, { endpoints: ['B'] })
  a.always(faults.serverError())
  b.script(faults.serverError())
  const error = await rejection(ask(client, { tags: { user: 'ann' } }))
  assert.equal(attemptSummary(error.attempts), 'A:next:serverError B:fail:serverError')
  await ask(client, { tags: { user: 'bob' } })
  await rejection(ask(client, { endpoints: ['A'], tags: { user: 'ann' } }))
  a.script(faults.badRequest())
  await rejection(ask(client))
  const [incident] = client.getIncidents()
  assert.deepEqual([incident.requests, incident.failed, incident.rescued, incident.affectedUsers], [4, 2, 1, 1])
  assert.deepEqual(incident.withoutFailover, { requests: 4, failed: 3, failedShare: 0.75, recoveryMs: null, affectedUsers: 2 })
  assert.deepEqual(incident.endpoints.map((e) => e.name), ['A', 'B'])
})

test('nothing is opened by an endpoint that never served, by callers or by probes', async (t) => {
  const { client, a, b } = setup(t, { ...FAST, breaker: false })
  a.always(faults.serverError())
  await ask(client)
  b.script(faults.badRequest())
  await rejection(ask(client, { endpoints: ['B'] }))
  const abort = new AbortController()
  b.script(faults.hang())
  const aborted = rejection(ask(client, { endpoints: ['B'], signal: abort.signal }))
  await b.waitForHits(3)
  abort.abort()
  await aborted
  await client.monitor.checkEndpointHealth('A')
  assert.deepEqual(client.getIncidents(), [])
})

test('an incident goes on over a reload, and the configured number is kept', async (t) => {
  const { client, a, servers } = setup(t, { ...FAST, breaker: false, incidents: { quiet: 20, keep: 2 } })
  const endpoints = servers.map((server, i) => ({ name: 'AB'[i], baseURL: server.url, apiKey: 'k'.repeat(30) }))
  for (let i = 0; i < 4; i++) {
    await ask(client)
    const closed = nextEvent(client, 'incident', (incident) => incident.status === 'closed')
    a.script(faults.serverError())
    await ask(client)
    if (i === 3) await client.reload({ endpoints, breaker: false, incidents: { quiet: 20, keep: 2 } })
    await ask(client)
    await closed
  }
  const kept = client.getIncidents()
  assert.deepEqual(kept.map((i) => i.id.split('-')[2]), ['3', '4'])
  assert.ok(kept.every((i) => i.status === 'closed' && i.rescued === 1))
})

test('the latest are given where no more are wanted', async (t) => {
  const { client, a } = setup(t, { ...FAST, breaker: false, incidents: { quiet: 20 } })
  for (let i = 0; i < 3; i++) {
    await ask(client)
    const closed = nextEvent(client, 'incident', (incident) => incident.status === 'closed')
    a.script(faults.serverError())
    await ask(client)
    await ask(client)
    await closed
  }
  const ids = (limit) => client.getIncidents({ limit }).map((i) => i.id.split('-')[2])
  assert.deepEqual([ids(0), ids(2), ids(9), ids(undefined), ids(1e15)], [[], ['2', '3'], ['1', '2', '3'], ['1', '2', '3'], ['1', '2', '3']])
  for (const [options, path] of [[{ limit: -1 }, 'options.limit'], [{ limit: '2' }, 'options.limit'], [{ limt: 2 }, 'options.limt'], [3, 'options']]) {
    assert.throws(() => client.getIncidents(options), ({ code, problems }) => code === 'ERR_BELLWETHER_CONFIG' && problems[0].path === path)
  }
})

test('an interrupted stream is a lost call', async (t) => {
  const { client, a } = setup(t, FAST)
  await ask(client, { stream: true })
  a.script(faults.cut({ after: 2 }))
  await rejection(ask(client, { stream: true }))
  const [incident] = client.getIncidents()
  assert.deepEqual([incident.requests, incident.failed, incident.withoutFailover.failed], [1, 1, 1])
})

test('options that are not valid are named', () => {
  const { configProblems } = require('../helpers/client')
  assert.deepEqual(configProblems({ incidents: { quiet: 0, keep: -1, keeep: 2 } }).map((p) => p.split(' ')[0]).sort(), ['incidents.keeep', 'incidents.keep', 'incidents.quiet'].sort())
})

test('a closed incident is emitted even if none is kept', async (t) => {
  const { client, a } = setup(t, { ...FAST, incidents: { quiet: 50, keep: 0 } })
  const closed = nextEvent(client, 'incident', ({ status }) => status === 'closed')
  await ask(client)
  a.script(faults.serverError())
  await ask(client)
  await until('the primary to answer', async () => (await ask(client)).report.endpoint === 'A')
  assert.deepEqual((await closed).endpoints.map(({ name }) => name), ['A'])
  assert.deepEqual(client.getIncidents(), [])
})
