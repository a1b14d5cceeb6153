'use strict'

// Checks of endpoints of other dialects.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { HealthMonitor } = require('../..')
const { KEY, MODELS, OTHERS, faults, setupDialects, serve } = require('./helpers')

function watch (t, server, dialect, options = {}) {
  const monitor = new HealthMonitor({ apiKey: KEY, proxy: false, endpoints: [{ name: 'A', baseURL: server.url, dialect, model: MODELS[dialect], ...options }] })
  t.after(() => monitor.stopMonitoring())
  return monitor
}

test('the free check lists models, the paid one completes something', async (t) => {
  for (const dialect of OTHERS) {
    const server = serve(t, { dialect, keys: [KEY] })
    const monitor = watch(t, server, dialect)
    const [free, paid] = [await monitor.checkEndpointHealth('A'), await monitor.checkServiceAvailability('A')]
    assert.deepEqual([free.status, paid.status], ['UP', 'UP'], `${dialect} ${free.errorMessage} ${paid.errorMessage}`)
    const [list, call] = server.hits()
    assert.deepEqual([list.method, list.route, call.method, call.model], ['GET', '/models', 'POST', MODELS[dialect]])
    assert.equal(free.endpoint, server.origin + list.path)
    assert.equal(paid.endpoint, server.origin + call.path)
    assert.ok((call.body.max_tokens ?? call.body.generationConfig.maxOutputTokens) <= 5)
  }
})

test('statuses', async (t) => {
  for (const dialect of OTHERS) {
    for (const [fault, status] of [
      [faults.serverError(), 'DOWN'], [faults.overloaded(), 'DOWN'], [faults.auth(), 'AUTH_ERROR'], [faults.permission(), 'AUTH_ERROR'],
      [faults.rateLimited(), 'RATE_LIMITED'], [faults.quota(), 'RATE_LIMITED'], [faults.reset(), 'DOWN']
    ]) {
      const server = serve(t, { dialect })
      server.script(faults.forever(fault), faults.onPath('/models', faults.forever(fault)))
      server.always(faults.onPath('/models', faults.forever(fault)))
      const monitor = watch(t, server, dialect)
      assert.equal((await monitor.checkServiceAvailability('A')).status, status, `${dialect} ${fault.name}`)
      server.script(faults.onPath('/models', faults.forever(fault)))
      assert.equal((await monitor.checkEndpointHealth('A')).status, status, `${dialect} ${fault.name} /models`)
    }
  }
})

test('a completion in another dialect is none', async (t) => {
  for (const dialect of ['anthropic', 'google']) {
    const server = serve(t, { dialect })
    server.script(faults.status(200, { body: { choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }] } }))
    assert.equal((await watch(t, server, dialect).checkServiceAvailability('A')).status, 'DOWN')
  }
})

test('validateApiKey', async (t) => {
  for (const dialect of OTHERS) {
    const { client, a } = setupDialects(t, [dialect])
    assert.deepEqual(await client.validateApiKey('A'), { endpoint: 'A', valid: true, statusCode: 200, message: 'the key is valid' })
    assert.deepEqual([a.hits()[0].method, a.hits()[0].route], ['GET', '/models'])
    a.script(faults.onPath('/models', faults.auth(), faults.permission()))
    const refused = await client.validateApiKey('A')
    assert.deepEqual([refused.valid, refused.statusCode], [false, dialect === 'google' ? 400 : 401])
    assert.ok(!JSON.stringify(refused).includes(KEY))
  }
})
