'use strict'

// Keys and passwords appear nowhere: not in errors, events, reports, states or inspections, whatever a
// vendor quotes back.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { inspect } = require('node:util')
const bellwether = require('../..')
const { HealthMonitor, FailoverClient } = bellwether
const { TRANSPORTS, setup, openClient, serve, ask, recordEvents, until, faults } = require('../helpers/client')
const { run } = require('../helpers/child')

const CANARY = 'CANARYcanary0123456789'
const KEY = `sk-${CANARY}-wxyz`
const EVENTS = ['attempt', 'retry', 'failover', 'breaker', 'cooldown', 'rateLimit', 'config', 'queue', 'healthCheck', 'alert', 'authError', 'forward']

/** Every text that can be made of a value. */
function texts (value) {
  const seen = [inspect(value, { depth: Infinity, showHidden: true, getters: true, maxStringLength: Infinity, maxArrayLength: Infinity }), String(value)]
  for (let error = value; error instanceof Error; error = error.cause) seen.push(error.message, String(error.stack), JSON.stringify({ ...error }))
  try {
    seen.push(JSON.stringify(value) ?? '')
  } catch { /* circular */ }
  return seen
}

/** Neither a key or a significant part of one, nor a proxy's credentials. */
const TRACES = [CANARY.slice(0, 7), CANARY.slice(-8), Buffer.from(`user:${CANARY}`).toString('base64').slice(0, 16)]

function clean (what, value) {
  for (const text of texts(value)) {
    for (const trace of TRACES) {
      const at = text.indexOf(trace)
      assert.equal(at, -1, `${what}: ${text.slice(Math.max(0, at - 200), at + 60)}`)
    }
  }
}

const quoting = `the key ${KEY} and "Bearer ${KEY}"`
const echo = {
  'x-request-id': KEY, 'x-echo': `Bearer ${KEY}`, 'www-authenticate': `Bearer realm="${KEY}"`
}
const replies = {
  'in a message': faults.auth({ message: `Incorrect API key provided: ${quoting}`, headers: echo }),
  'in a code and type': faults.badRequest({ code: KEY, type: KEY, param: KEY, message: quoting, headers: echo }),
  'in a server error': faults.serverError({ message: quoting, headers: echo }),
  'in a permission error': faults.permission({ message: quoting }),
  'in a throttle': faults.rateLimited({ message: quoting, headers: echo, retryAfter: 1, as: 'ms' }),
  'in a quota': faults.quota({ message: quoting, code: `insufficient_${KEY}` }),
  'in a page': faults.status(502, { body: `<html><title>${quoting}</title>${quoting}</html>` }),
  'in plain text': faults.status(500, { body: quoting }),
  'in JSON of another shape': faults.status(500, { body: { detail: quoting, error: quoting } }),
  'in an error event': faults.errorEvent('serverError', { after: 'headers', message: quoting, code: KEY, type: KEY }),
  'in an error event after content': faults.errorEvent('serverError', { after: 1, message: quoting, code: KEY }),
  'in what is no JSON': faults.status(200, { body: `${quoting} is no JSON` }),
  'in a page with status 200': faults.status(200, { body: `<html><title>${quoting}</title></html>` }),
  'in a redirect': faults.redirect(307, `http://127.0.0.1:1/?key=${KEY}`),
  'escaped in JSON': faults.status(500, { body: `{"error":{"message":"${[...KEY].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"}}` }),
  'in an odd content encoding': faults.combine(faults.headers({ 'content-encoding': KEY })),
  'at the cut of a long message': faults.serverError({ message: 'x'.repeat(1990) + KEY })
}

for (const transport of TRANSPORTS) {
  test(transport.transport, { concurrency: 4 }, async (t) => {
    await Promise.all(Object.entries(replies).flatMap(([name, fault]) => [KEY, () => KEY].map((apiKey) => {
      return t.test(`${name}, ${typeof apiKey}`, async (t) => {
        const { client, a } = setup(t, { transport, apiKey, timeout: '3s', onUnavailable: 'error', maxRetries: 1 })
        const events = recordEvents(client, ...EVENTS)
        a.always(fault)
        for (const options of [{}, { stream: true }, { endpoints: ['A'] }, { endpoints: ['A'], stream: true }]) {
          const result = await ask(client, options).then((c) => [c, c.report, c.chunks], (error) => error)
          clean('result', result)
        }
        await until('something was told', () => events.length > 0)
        clean('events', events)
        clean('status', client.getEndpointStatus())
        clean('summary', client.getSummary())
        clean('snapshot', client.metrics.snapshot())
        clean('report', [client.getHealthReport(), String(client.getHealthReport())])
        clean('client', client)
      })
    })))
  })
}

test('monitors and key checks', async (t) => {
  const server = serve(t)
  for (const [name, fault] of Object.entries(replies)) {
    await t.test(name, async (t) => {
      server.script(faults.forever(fault), faults.onPath('/models', faults.forever(fault)))
      const monitor = new HealthMonitor(KEY, { baseURL: server.url, proxy: false, failureThreshold: 1, timeout: 2000 })
      const events = recordEvents(monitor, ...EVENTS)
      clean('checks', [await monitor.checkEndpointHealth(), await monitor.checkServiceAvailability()])
      await until('it was told', () => events.filter((e) => e.event === 'healthCheck').length === 2)
      clean('events', events)
      clean('history', monitor.getHealthHistory())
      clean('monitor', monitor)
      clean('validation', await openClient(t, { apiKey: KEY, baseURL: server.url }).validateApiKey())
    })
  }
})

test('options that are wrong', async (t) => {
  const attempts = [
    () => new FailoverClient({ apiKey: `${KEY}\n${KEY}` }),
    () => new FailoverClient({ apiKey: KEY, keyPrefix: 'zz-', baseURL: 'http://127.0.0.1:1' }),
    () => new FailoverClient({ apiKey: { key: KEY }, baseURL: 'http://127.0.0.1:1' }),
    () => new FailoverClient({ apiKey: [KEY, 5], baseURL: 'http://127.0.0.1:1' }),
    () => new FailoverClient({ apiKeys: KEY, baseURL: 'http://127.0.0.1:1' }),
    () => new FailoverClient({ endpoints: [{ name: 'A', apiKey: `${KEY} `.repeat(2), baseURL: 'http://127.0.0.1:1' }] }),
    () => new FailoverClient({ apiKey: KEY, baseURL: `http://user:${KEY}@` }),
    () => new FailoverClient({ apiKey: KEY, baseURL: 'http://127.0.0.1:1', headers: { authorization: KEY } }),
    () => new FailoverClient({ apiKey: KEY, baseURL: 'http://127.0.0.1:1', proxy: `ftp://user:${KEY}@proxy:1` }),
    () => new FailoverClient(KEY, KEY)
  ]
  for (const attempt of attempts) {
    await t.test(String(attempt).slice(6), () => {
      let thrown
      try {
        attempt()
      } catch (error) {
        thrown = error
      }
      assert.ok(thrown instanceof bellwether.ConfigError, String(thrown))
      clean('error', thrown)
    })
  }
})

test('a key function that throws its key', async (t) => {
  const { client } = setup(t, { servers: 1, maxRetries: 0, apiKey: () => { throw new Error(quoting) } })
  clean('error', await ask(client).catch((error) => error))
  const { client: odd } = setup(t, { servers: 1, maxRetries: 0, apiKey: () => `${KEY}\n` + KEY })
  clean('error', await ask(odd).catch((error) => error))
})

test('a password of a proxy and headers of a gateway', async (t) => {
  const { client, a } = setup(t, { servers: 1, timeout: '2s', proxy: `http://user:${CANARY}@127.0.0.1:1`, endpoint: () => ({ headers: { 'x-gateway-key': KEY } }) })
  const events = recordEvents(client, ...EVENTS)
  clean('error', await ask(client).catch((error) => error))
  await until('it was told', () => events.length > 0)
  clean('events', events)
  clean('client', [client, client.getEndpointStatus(), client.metrics.snapshot()])
  const direct = setup(t, { servers: 1, endpoint: () => ({ headers: { 'x-gateway-key': KEY } }) })
  direct.a.script(faults.badRequest({ message: `bad x-gateway-key ${KEY}` }))
  clean('a gateway’s header quoted back', await ask(direct.client).catch((error) => error))
  assert.equal(a.totalHits, 0)
})

test('a base URL with a password', async (t) => {
  const server = serve(t)
  let client
  try {
    client = openClient(t, { baseURL: server.url.replace('://', `://user:${CANARY}@`), timeout: '2s' })
  } catch (error) {
    clean('error', error)
    return
  }
  clean('result', await ask(client).then((c) => c.report, (error) => error))
  clean('status', client.getEndpointStatus())
})

test('the environment, and an uncaught failure', async (t) => {
  const server = serve(t)
  server.script(faults.forever(faults.auth({ message: quoting })))
  const { code, stdout, stderr } = await run(t, `
    const c = new FailoverClient()
    console.log(c, c.getEndpointStatus())
    c.chatCompletion('gpt-4o', 'hi')`, { env: { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: server.url } })
  assert.equal(code, 1)
  assert.match(stderr, /AuthenticationError/)
  clean('output', stdout + stderr)
})
