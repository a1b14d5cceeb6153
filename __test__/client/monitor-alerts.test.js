'use strict'

// Alerts of failed checks: when they fire, and their texts.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { HealthMonitor } = require('../..')
const { KEY, serve, recordEvents, until, faults } = require('../helpers/client')

const at = (server, options) => ({ apiKey: KEY, baseURL: server.url, proxy: false, checkInterval: 10, ...options })

/** A monitor that is stopped with the test. */
function watch (t, options) {
  const monitor = new HealthMonitor(options)
  t.after(() => monitor.stopMonitoring())
  return monitor
}

const everywhere = (fault) => [faults.forever(fault), faults.onPath('/models', faults.forever(fault))]

test('alerts: once at the threshold, counted on, resolved', async (t) => {
  const server = serve(t)
  server.script(...everywhere(faults.serverError()))
  const monitor = watch(t, at(server, { probes: ['endpoint'], service: 'my gateway' }))
  const seen = recordEvents(monitor, 'healthCheck', 'alert')
  for (let i = 0; i < 5; i++) await monitor.checkEndpointHealth()
  server.script()
  for (let i = 0; i < 2; i++) await monitor.checkEndpointHealth()
  await until('all is told', () => seen.length === 9)
  assert.deepEqual(seen.map((e) => (e.event === 'alert' ? e.status : e.consecutiveFailures)), [1, 2, 3, 'firing', 4, 5, 0, 'resolved', 0])
  const [firing, resolved] = seen.filter((e) => e.event === 'alert')
  assert.equal(firing.severity, 'critical')
  assert.equal(firing.service, 'my gateway')
  assert.equal(firing.occurrences, 3)
  assert.equal(firing.details.status, 'DOWN')
  assert.match(firing.recommendedAction, /backup/i)
  assert.equal(firing.endsAt, undefined)
  assert.equal(resolved.fingerprint, firing.fingerprint)
  assert.equal(resolved.startsAt, firing.startsAt)
  assert.equal(resolved.occurrences, 5)
  assert.ok(Date.parse(resolved.endsAt) >= Date.parse(resolved.startsAt))
})

test('alerts: severity and advice', { concurrency: true }, async (t) => {
  await Promise.all([
    ['RATE_LIMITED', faults.rateLimited(), 'warning', /plan|rate/i],
    ['AUTH_ERROR', faults.auth(), 'critical', /key/i],
    ['TIMEOUT', faults.hang(), 'critical', /network/i, 50],
    ['DOWN', faults.serverError(), 'critical', /backup/i]
  ].map(([name, fault, severity, advice, timeout = '20s']) => t.test(name, async (t) => {
    const server = serve(t)
    server.script(...everywhere(fault))
    const monitor = watch(t, at(server, { timeout, failureThreshold: 2 }))
    const alerts = recordEvents(monitor, 'alert')
    for (let i = 0; i < 2; i++) await monitor.checkServiceAvailability()
    await until('the alert', () => alerts.length === 1)
    assert.equal(alerts[0].severity, severity)
    assert.equal(alerts[0].details.status, name)
    assert.match(alerts[0].recommendedAction, advice)
  })))
})

test('authError at each refused check, with a hint of the key only', async (t) => {
  const server = serve(t)
  server.script(...everywhere(faults.auth()))
  const monitor = watch(t, at(server))
  const seen = recordEvents(monitor, 'authError')
  await monitor.checkEndpointHealth()
  await until('it is told', () => seen.length === 1)
  const [{ message, action, endpoint, statusCode, keyHint }] = seen
  assert.ok(message && action && endpoint)
  assert.equal(statusCode, 401)
  assert.equal(keyHint, 'sk-…cdef')
})
