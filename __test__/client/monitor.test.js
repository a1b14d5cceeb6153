'use strict'

// HealthMonitor: the result of each check, and the history.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { HealthMonitor, ConfigError, ClientClosedError } = require('../..')
const { KEY, serve, setup, until, faults } = require('../helpers/client')

const at = (server, options) => ({ apiKey: KEY, baseURL: server.url, proxy: false, checkInterval: 10, ...options })

/** A monitor that is stopped with the test. */
function watch (t, options) {
  const monitor = new HealthMonitor(options)
  t.after(() => monitor.stopMonitoring())
  return monitor
}

const everywhere = (fault) => [faults.forever(fault), faults.onPath('/models', faults.forever(fault))]

test('statuses', { concurrency: 8 }, async (t) => {
  await Promise.all([
    ['healthy', faults.healthy(), 'UP', 200],
    ['500', faults.serverError(), 'DOWN', 500],
    ['503', faults.unavailable(), 'DOWN', 503],
    ['400', faults.badRequest(), 'DOWN', 400],
    ['401', faults.auth(), 'AUTH_ERROR', 401],
    ['403', faults.permission(), 'AUTH_ERROR', 403],
    ['429', faults.rateLimited(), 'RATE_LIMITED', 429],
    ['quota', faults.quota(), 'RATE_LIMITED', 429],
    ['reset', faults.reset(), 'DOWN', undefined],
    ['hang', faults.hang(), 'TIMEOUT', undefined, 200],
    ['slow headers', faults.slowHeaders('10s'), 'TIMEOUT', undefined, 200]
  ].map(([name, fault, status, statusCode, timeout = '20s']) => t.test(name, async (t) => {
    const server = serve(t)
    server.script(...everywhere(fault))
    const monitor = watch(t, at(server, { timeout }))
    for (const [method, path] of [['checkEndpointHealth', '/models'], ['checkServiceAvailability', '/chat/completions']]) {
      const before = Date.now()
      const result = await monitor[method]()
      assert.equal(result.status, status, method)
      assert.equal(result.statusCode, statusCode)
      assert.equal(result.endpoint, `${server.url}/v1${path}`)
      assert.equal(typeof result.name, 'string')
      assert.equal(result.consecutiveFailures, status === 'UP' ? 0 : 1)
      assert.equal(result.errorMessage === undefined, status === 'UP')
      assert.match(result.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      assert.ok(Date.parse(result.timestamp) >= before - 1 && Date.parse(result.timestamp) <= Date.now() + 1, 'when the check ended')
      assert.ok(result.responseTimeMs > 0 && result.responseTimeMs <= Date.now() - before + 1)
    }
    assert.equal(server.hits().length, 2)
  })))
})

test('a server without a list of models is UP, one without its health page is not', async (t) => {
  const server = serve(t)
  for (const code of [404, 405, 501]) {
    server.script(faults.onPath('/models', faults.forever(faults.status(code))))
    assert.equal((await watch(t, at(server)).checkEndpointHealth()).status, 'UP', String(code))
  }
  const monitor = watch(t, at(server, { baseURL: undefined, endpoints: [{ name: 'A', baseURL: server.url, healthCheck: { url: `${server.origin}/status` } }] }))
  const result = await monitor.checkEndpointHealth('A')
  assert.equal(result.status, 'DOWN')
  assert.equal(result.endpoint, `${server.origin}/status`)
  assert.equal(server.hits().at(-1).path, '/status')
})

test('a server that refuses connections is DOWN, a completion that is none as well', async (t) => {
  const server = serve(t)
  server.script(faults.status(200, { body: { hello: 'world' } }))
  assert.equal((await watch(t, at(server)).checkServiceAvailability()).status, 'DOWN')
  server.stop()
  const result = await watch(t, at(server)).checkEndpointHealth()
  assert.equal(result.status, 'DOWN')
  assert.equal(result.statusCode, undefined)
})

test('the paid probe is small, asks for the model named, and carries the key', async (t) => {
  const server = serve(t)
  await watch(t, at(server)).checkServiceAvailability()
  await watch(t, at(server, { model: 'claude-sonnet-4' })).checkServiceAvailability()
  const [first, second] = server.hits()
  assert.equal(first.body.model, 'gpt-4o')
  assert.equal(second.body.model, 'claude-sonnet-4')
  for (const { body, headers } of [first, second]) {
    assert.ok((body.max_tokens ?? body.max_completion_tokens) <= 5)
    assert.equal(headers.authorization, `Bearer ${KEY}`)
  }
})

test('the key does not go to a health page at another host', async (t) => {
  const [vendor, page] = [serve(t), serve(t)]
  const endpoint = { name: 'A', baseURL: vendor.url, healthCheck: { url: `${page.origin}/v1/models` } }
  assert.equal((await watch(t, { apiKey: KEY, proxy: false, endpoints: [endpoint] }).checkEndpointHealth()).status, 'UP')
  assert.equal(page.hits()[0].headers.authorization, undefined)
})

test('history: bounded, filtered, still there after the stop', async (t) => {
  const server = serve(t)
  const monitor = watch(t, at(server, { historySize: 5 }))
  assert.equal(monitor.getAvailabilityPercentage(), 100)
  assert.deepEqual(monitor.getHealthHistory(), [])
  for (let i = 0; i < 4; i++) await monitor.checkEndpointHealth()
  server.script(faults.onPath('/models', faults.repeat(2, faults.serverError())))
  const last = Date.now()
  await until('the clock moves on', () => Date.now() > last)
  const since = Date.now()
  for (let i = 0; i < 2; i++) await monitor.checkEndpointHealth()
  const all = monitor.getHealthHistory()
  assert.deepEqual(all.map((r) => r.status), ['UP', 'UP', 'UP', 'DOWN', 'DOWN'])
  assert.equal(monitor.getAvailabilityPercentage(), 60)
  assert.deepEqual(monitor.getHealthHistory({ limit: 2 }).map((r) => r.status), ['DOWN', 'DOWN'])
  assert.equal(monitor.getHealthHistory({ since: new Date(since) }).length, 2)
  assert.equal(monitor.getAvailabilityPercentage({ since }), 0)
  assert.deepEqual(monitor.getHealthHistory({ endpoint: 'nobody' }), [])
  monitor.stopMonitoring()
  assert.equal(monitor.getHealthHistory().length, 5)
  assert.equal(monitor.getAvailabilityPercentage(), 60)
})

test('misuse', async (t) => {
  const server = serve(t)
  for (const options of [{ failureThreshold: 0 }, { checkInterval: 0 }, { timeout: 'soon' }, { probes: ['ping'] }, { historySize: -1 }, { checkIntervall: 5 }]) {
    assert.throws(() => new HealthMonitor(at(server, options)), ConfigError, JSON.stringify(options))
  }
  const monitor = watch(t, at(server))
  await assert.rejects(monitor.checkEndpointHealth('nobody'), ConfigError)
  assert.throws(() => monitor.getHealthHistory({ since: 'yesterday' }), ConfigError)
  const { client } = setup(t)
  await client.close()
  await assert.rejects(client.monitor.startMonitoring(), ClientClosedError)
  await assert.rejects(client.monitor.checkEndpointHealth(), ClientClosedError)
})
