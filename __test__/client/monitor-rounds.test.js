'use strict'

// A monitor that runs: its rounds, and what it shares with a client.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { HealthMonitor } = require('../..')
const { KEY, serve, setup, ask, rejection, recordEvents, until, blockEventLoop, faults } = require('../helpers/client')
const { remoteServer } = require('../helpers/child')

const at = (server, options) => ({ apiKey: KEY, baseURL: server.url, proxy: false, timeout: 200, checkInterval: 10, ...options })

/** A monitor that is stopped with the test. */
function watch (t, options) {
  const monitor = new HealthMonitor(options)
  t.after(() => monitor.stopMonitoring())
  return monitor
}

const everywhere = (fault) => [faults.forever(fault), faults.onPath('/models', faults.forever(fault))]

test('startMonitoring: resolves after the first round, is idempotent, checks on; stop stops', async (t) => {
  const server = serve(t)
  const monitor = watch(t, at(server))
  await Promise.all([monitor.startMonitoring(), monitor.startMonitoring()])
  assert.deepEqual(server.hits().slice(0, 2).map((h) => h.route).sort(), ['/chat/completions', '/models'])
  assert.ok(monitor.getHealthHistory().length >= 2)
  await server.waitForHits(8)
  monitor.stopMonitoring()
  monitor.stopMonitoring()
  await until('what was under way has ended', () => server.hits({ outcome: 'pending' }).length === 0)
  const hits = server.totalHits
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(server.totalHits, hits)
  await monitor.startMonitoring()
  assert.ok(server.totalHits > hits)
})

test('rounds of one endpoint do not overlap, and a slow one does not hold up others', async (t) => {
  const [slow, quick] = [serve(t), serve(t)]
  slow.script(faults.onPath('/models', faults.forever(faults.slowHeaders(60))))
  const endpoints = [{ name: 'slow', baseURL: slow.url }, { name: 'quick', baseURL: quick.url }]
  const monitor = watch(t, { apiKey: KEY, proxy: false, endpoints, probes: ['endpoint'], checkInterval: 5, timeout: 1000 })
  await monitor.startMonitoring()
  await quick.waitForHits(20)
  assert.ok(slow.hits({ outcome: 'pending' }).length <= 1)
  assert.ok(slow.totalHits < quick.totalHits / 2)
})

test('the monitor of a client shares its state', async (t) => {
  const { client, a } = setup(t, { servers: 1, health: { checkInterval: 10_000, probes: ['endpoint', 'service'] }, endpoint: () => ({ model: 'gpt-4o' }) })
  const { monitor } = client
  assert.equal(client.monitor, monitor)
  await t.test('a paid probe is spared after live traffic', async () => {
    await ask(client)
    await monitor.startMonitoring()
    assert.deepEqual(a.hits().map((h) => h.route), ['/chat/completions', '/models'])
    monitor.stopMonitoring()
  })
  await t.test('check…() always asks', async () => {
    assert.equal((await monitor.checkServiceAvailability('A')).status, 'UP')
    assert.equal(a.hits().at(-1).route, '/chat/completions')
  })
  await t.test('events reach both emitters', async () => {
    const seen = [recordEvents(client, 'healthCheck'), recordEvents(monitor, 'healthCheck')]
    await monitor.checkEndpointHealth()
    await until('both are told', () => seen.every((list) => list.length === 1))
    assert.deepEqual(seen[0], seen[1])
  })
  await t.test('failed probes open no breaker and cool nothing down', async () => {
    a.script(...everywhere(faults.serverError()))
    for (let i = 0; i < 5; i++) await monitor.checkServiceAvailability()
    assert.equal(client.getEndpointStatus('A').breaker.state, 'closed')
    a.script()
    await ask(client)
  })
})

test('a client endpoint without a named model gets no paid probe', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  await client.monitor.startMonitoring()
  assert.deepEqual(a.hits().map((h) => h.route), ['/models'])
  client.monitor.stopMonitoring()
})

test('a probe tests an open breaker at once', async (t) => {
  const { client, a } = setup(t, { servers: 1, maxRetries: 0, endpoint: () => ({ model: 'gpt-4o' }) })
  a.script(faults.repeat(3, faults.serverError()))
  for (let i = 0; i < 3; i++) await rejection(ask(client))
  assert.equal(client.getEndpointStatus('A').breaker.state, 'open')
  assert.equal((await client.monitor.checkServiceAvailability()).status, 'UP')
  await ask(client)
  assert.equal(client.getEndpointStatus('A').breaker.state, 'closed')
})

test('getOptimalModel: three good samples, the fastest on average', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  assert.equal(client.monitor.getOptimalModel(), null)
  a.always(faults.when({ model: 'slow' }, faults.slowHeaders(60)))
  for (const model of ['quick', 'slow']) {
    for (let i = 0; i < 3; i++) {
      assert.notEqual(client.monitor.getOptimalModel(), model)
      await ask(client, { model })
    }
  }
  assert.equal(client.monitor.getOptimalModel(), 'quick')
})

test('health report', async (t) => {
  const { client, a } = setup(t, { servers: 1, maxRetries: 0, onUnavailable: 'error' })
  for (let i = 0; i < 8; i++) await ask(client)
  assert.equal(client.getHealthReport().overallStatus, 'healthy')
  a.script(faults.rateLimited({ retryAfter: 10, as: 'ms' }))
  await rejection(ask(client))
  const report = client.getHealthReport()
  assert.equal(report.overallStatus, 'degraded')
  const [endpoint] = report.endpoints
  assert.equal(endpoint.name, 'A')
  assert.equal(endpoint.totalRequests, 9)
  assert.equal(endpoint.rateLimitRate, 11.11)
  assert.equal(endpoint.successRate, 88.89)
  assert.ok(Date.parse(endpoint.lastRateLimitedAt) > Date.now() - 5000)
  assert.match(String(report), /degraded[^]*A: /)
  await until('it is ready', () => client.getEndpointStatus('A').status === 'healthy')
  await ask(client)
  assert.equal(client.getHealthReport().endpoints[0].recoveryTimesMs.length, 1)
})

test('checks go on while JavaScript is blocked, and their events follow in order', async (t) => {
  const server = await remoteServer(t)
  const monitor = watch(t, at(server, { probes: ['endpoint'], checkInterval: 100, timeout: 1000 }))
  const seen = recordEvents(monitor, 'healthCheck')
  await monitor.startMonitoring()
  const from = Date.now()
  blockEventLoop(2000)
  const to = Date.now()
  const during = (await server.call('hits')).filter((hit) => hit.at >= from && hit.at <= to)
  assert.ok(during.length >= 15, `${during.length} checks in ${to - from} ms`)
  await until('all is told', () => seen.length >= during.length)
  const times = seen.map((e) => Date.parse(e.timestamp))
  assert.deepEqual(times, [...times].sort((a, b) => a - b))
  assert.ok(times.filter((at) => at >= from && at <= to).length >= 15)
})
