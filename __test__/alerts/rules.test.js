'use strict'

// Alerts of calls, budgets and the queue fire once while a condition lasts, and resolve once.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const path = require('node:path')
const fs = require('node:fs')
const os = require('node:os')
const { TRANSPORTS, MODEL, setup, ask, rejection, recordEvents, configProblems, until, faults } = require('../helpers/client')

/** Rules that are wanted, and no others. */
const only = (rules) => ({
  alerts: {
    rules: {
      latency: false, errorRate: false, rateLimited: false, failoverTriggered: false, latencyExceeded: false,
      costThresholdExceeded: false, queueBacklog: false, ...rules
    }
  }
})
const brief = (alerts) => alerts.map(({ kind, status }) => `${kind} ${status}`)

for (const transport of TRANSPORTS) {
  test(`${transport.transport}: a failover fires once, and resolves when the endpoint has answered for a while`, async (t) => {
    const { client, a } = setup(t, { transport, breaker: false, ...only({ failoverTriggered: { quiet: 50 } }) })
    const alerts = recordEvents(client, 'alert')
    const watched = recordEvents(client.monitor, 'alert')
    a.script(faults.serverError(), faults.serverError(), faults.serverError())
    for (let i = 0; i < 3; i++) await ask(client)
    await until('the alert', () => alerts.length > 0)
    await until('the end', async () => { await ask(client); return alerts.length > 1 })
    const [firing, resolved] = alerts
    assert.deepEqual(brief(alerts), ['failover_triggered firing', 'failover_triggered resolved'])
    assert.equal(firing.severity, 'warning')
    assert.equal(firing.service, 'A')
    assert.equal(firing.details.to.endpoint, 'B')
    assert.equal(firing.details.reason, 'serverError')
    assert.equal(resolved.fingerprint, firing.fingerprint)
    assert.equal(resolved.startsAt, firing.startsAt)
    assert.ok(resolved.endsAt >= resolved.startsAt && resolved.occurrences === 3)
    assert.ok(firing.recommendedAction.length > 20)
    await until('the monitor has heard it, too', () => watched.length === 2)
  })
}

test('an error rate over enough requests', async (t) => {
  const { client, a } = setup(t, { breaker: false, ...only({ errorRate: { threshold: 0.2, minRequests: 10, window: '1s' } }) })
  const alerts = recordEvents(client, 'alert')
  a.script(...Array(9).fill(faults.serverError()))
  for (let i = 0; i < 9; i++) await ask(client)
  assert.deepEqual(alerts, [], 'nine of nine are not enough')
  a.script(faults.serverError())
  await ask(client)
  await until('it fires', () => alerts.length === 1)
  assert.equal(alerts[0].severity, 'critical')
  assert.deepEqual([alerts[0].details.requests, alerts[0].details.failed], [10, 10])
  await until('it ends by time alone', () => alerts.length === 2)
  assert.deepEqual(brief(alerts), ['error_rate firing', 'error_rate resolved'])
})

test('latency, and a latency that an endpoint was not to exceed', async (t) => {
  const { client, a } = setup(t, {
    endpoint: (i) => i === 0 ? { maxLatency: 20 } : {},
    ...only({ latency: { threshold: 30, minRequests: 3 }, latencyExceeded: { clearAfter: 2 } })
  })
  const alerts = recordEvents(client, 'alert')
  a.script(...Array(3).fill(faults.slowHeaders(60)))
  for (let i = 0; i < 3; i++) await ask(client, { endpoints: ['A'] })
  await until('both fire', () => alerts.length === 2)
  assert.deepEqual(brief(alerts), ['latency_exceeded firing', 'latency firing'])
  const [exceeded, slow] = alerts
  assert.equal(exceeded.details.limitMs, 20)
  assert.ok(exceeded.details.latencyMs >= 55)
  assert.ok(slow.details.latencyMs > 30 && slow.details.answers === 3)
  for (let i = 0; i < 20 && alerts.length < 4; i++) await ask(client, { endpoints: ['A'] })
  await until('both end', () => alerts.length === 4)
  assert.deepEqual(brief(alerts).slice(2).sort(), ['latency resolved', 'latency_exceeded resolved'])
})

test('a rule’s SLA counts as well', async (t) => {
  const { client, a } = setup(t, {
    rules: { chat: { routeTo: ['A'], latencySla: 20 } }, ...only({ latencyExceeded: true })
  })
  const alerts = recordEvents(client, 'alert')
  a.script(faults.slowHeaders(60))
  await ask(client, { route: 'chat' })
  await until('it fires', () => alerts.length === 1)
  assert.deepEqual([alerts[0].kind, alerts[0].details.limitMs], ['latency_exceeded', 20])
})

test('429s', async (t) => {
  const { client, a } = setup(t, { breaker: false, ...only({ rateLimited: { threshold: 3, window: '500ms' } }) })
  const alerts = recordEvents(client, 'alert')
  a.always(faults.rateLimited({ retryAfter: 1, as: 'ms' }))
  await until('it fires', async () => { await ask(client); return alerts.length === 1 })
  assert.deepEqual([alerts[0].kind, alerts[0].details.threshold, alerts[0].severity], ['rate_limited', 3, 'warning'])
  a.always()
  await until('it ends', () => alerts.length === 2)
  assert.equal(alerts[1].status, 'resolved')
})

test('shares of a budget, the whole of it critically', async (t) => {
  const { client } = setup(t, {
    endpoint: () => ({ price: { input: 1e6, output: 1e6 } }),
    budgets: [{ name: 'b', limit: 100, per: 'month', warnAt: [0.1, 1], onExceeded: 'warn' }],
    ...only({ costThresholdExceeded: true })
  })
  const alerts = recordEvents(client, 'alert')
  for (let i = 0; i < 30 && alerts.length < 2; i++) await ask(client)
  assert.deepEqual(alerts.map((a) => [a.kind, a.details.share, a.severity]), [
    ['cost_threshold_exceeded', 0.1, 'warning'], ['cost_threshold_exceeded', 1, 'critical']
  ])
  assert.notEqual(alerts[0].fingerprint, alerts[1].fingerprint)
  // The budget no longer exists, and neither do its alerts.
  await client.reload({ endpoints: [{ name: 'A', baseURL: 'http://127.0.0.1:1', apiKey: 'k' }], proxy: false })
  await until('it is over', () => alerts.length === 4)
})

test('a backlog of the queue', async (t) => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-'))
  t.after(() => fs.rmSync(directory, { recursive: true, force: true }))
  const { client, servers } = setup(t, {
    queue: { path: path.join(directory, 'q.sqlite') }, onUnavailable: 'queue', maxRetries: 0, breaker: false, ...only({ queueBacklog: { jobs: 1, oldest: '1h' } })
  })
  const alerts = recordEvents(client, 'alert')
  servers.forEach((server) => server.always(faults.serverError()))
  for (let i = 0; i < 2; i++) await ask(client)
  await until('it fires', () => alerts.length === 1, 15_000)
  assert.deepEqual([alerts[0].kind, alerts[0].service, alerts[0].details.jobs], ['queue_backlog', 'queue', 2])
})

test('each rule can be switched off, and what fires survives a reload', async (t) => {
  const { client, a, servers } = setup(t, { breaker: false, ...only({}) })
  const alerts = recordEvents(client, 'alert')
  a.script(faults.serverError())
  await ask(client)
  const endpoints = servers.map((server, i) => ({ name: 'AB'[i], baseURL: server.url, apiKey: 'sk-test-0123456789abcdef' }))
  const options = { endpoints, proxy: false, breaker: false, ...only({ failoverTriggered: true }) }
  await client.reload(options)
  assert.deepEqual(alerts, [])
  a.script(faults.serverError())
  await ask(client)
  await until('it fires', () => alerts.length === 1)
  await client.reload({ ...options, maxRetries: 1 })
  a.script(faults.serverError())
  await ask(client)
  await client.reload({ ...options, ...only({}) })
  await until('its rule is gone, and so is it', () => alerts.length === 2)
  assert.deepEqual(brief(alerts), ['failover_triggered firing', 'failover_triggered resolved'])
  assert.equal(alerts[1].occurrences, 2)
})

test('a key or an endpoint that a reload takes away is in no trouble any more', async (t) => {
  const { client, a } = setup(t, { servers: 1, ...only({}) })
  const alerts = recordEvents(client, 'alert')
  const options = (name, apiKey, more) => ({ endpoints: [{ name, baseURL: a.url, apiKey, ...more }], proxy: false, ...only({}) })
  const told = async (...expected) => {
    await until(expected.join(), () => alerts.length >= expected.length)
    assert.deepEqual(brief(alerts.splice(0)), expected)
  }
  a.script(faults.auth())
  await rejection(ask(client))
  await told('auth firing')
  await client.reload(options('A', 'sk-another-0123456789-other'))
  await told('auth resolved')
  a.script(faults.notFound())
  await rejection(ask(client))
  await told('model_not_found firing')
  await client.reload(options('A', 'sk-another-0123456789-other', { models: [MODEL] }))
  await client.reload(options('A', 'sk-another-0123456789-other', { models: ['other'] }))
  await told('model_not_found resolved')
  await a.close()
  for (let i = 0; i < 3; i++) await client.monitor.checkEndpointHealth()
  await told('consecutive_failures firing')
  await client.reload(options('Z', 'sk-another-0123456789-other'))
  await told('consecutive_failures resolved')
})

test('a caller’s mistakes fire nothing', async (t) => {
  const { client, a } = setup(t)
  const alerts = recordEvents(client, 'alert')
  a.always(faults.badRequest())
  for (let i = 0; i < 30; i++) await rejection(ask(client))
  assert.deepEqual(alerts, [])
})

test('thresholds that are not valid are named', () => {
  assert.deepEqual(configProblems({
    baseURL: 'http://127.0.0.1:1',
    alerts: {
      minSeverity: 'info',
      on: ['latency', 'failover'],
      slack: 'ftp://CANARY',
      discord: 'https://user:CANARY@discord.com/x',
      pagerduty: {},
      webhook: { url: 5, secret: '' },
      forward: 'x',
      groupWait: -1,
      silences: [{}, { from: '22:00', until: '2026-12-24T18:00:00Z' }, { kind: 'latncy' }, { from: 'noon' }],
      rules: { latency: { of: 'max', threshold: 0 }, errorRate: 5, rateLimits: false }
    }
  }), [
    "alerts.slack must be the http:// or https:// address of a webhook, without a user, got a string of 12 characters",
    'alerts.discord must be the http:// or https:// address of a webhook, without a user, got a string of 33 characters',
    'alerts.pagerduty.routingKey is missing; give the integration key of a PagerDuty service (Events API v2)',
    'alerts.webhook.url must be the http:// or https:// address of a webhook, without a user, got a number',
    'alerts.webhook.secret must be a non-empty string, got a string of 0 characters',
    'alerts.forward must be a function, got a string of 1 characters',
    "alerts.rules.latency.threshold must be at least 1 ms: milliseconds as a number, or '500ms', '30s', '5m', '1h', '1d', got 0",
    "alerts.rules.latency.of must be one of 'mean', 'p95', got 'max'",
    'alerts.rules.errorRate must be true, false or an object, got 5',
    "alerts.rules.rateLimits is not an option; did you mean 'rateLimited'?",
    "alerts.on must hold consecutive_failures, quota, auth, permission, model_not_found, latency, error_rate, rate_limited, failover_triggered, latency_exceeded, cost_threshold_exceeded, queue_backlog, got 'failover'",
    "alerts.minSeverity must be one of 'warning', 'critical', got 'info'",
    "alerts.groupWait must be milliseconds as a number, or '500ms', '30s', '5m', '1h', '1d', got -1",
    'alerts.silences[0].kind is missing; a silence names at least one of kind, service, from and until',
    'alerts.silences[1].from and until must both be dates with a time, or both times of the day',
    "alerts.silences[2].kind must hold consecutive_failures, quota, auth, permission, model_not_found, latency, error_rate, rate_limited, failover_triggered, latency_exceeded, cost_threshold_exceeded, queue_backlog, got 'latncy'; did you mean 'latency'?",
    "alerts.silences[3].from must be a date with a time such as '2026-12-24T18:00:00Z', or a time of the day in UTC such as '22:00', got 'noon'"
  ])
})
