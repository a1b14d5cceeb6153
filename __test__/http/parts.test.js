'use strict'

// The parts beside the proxy: health, readiness, metrics, the dashboard, and their authorization.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { ConfigError } = require('../..')
const { failover, attachEvents } = require('bellwether/node')
const { setup, openClient, serve, ask, faults, KEY } = require('../helpers/client')
const { CHAT, mount, post, raw, follow } = require('./helpers')

const ALL = { events: true, dashboard: true, proxy: true }

function problems (options) {
  try {
    failover({ handler () {}, on () {}, getEndpointStatus () {} }, options)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems.map(({ path }) => path)
  }
  return []
}

test('options are checked whole, each by its name', () => {
  assert.deepEqual(problems({ health: false, metrics: '/m' }), [])
  for (const part of ['events', 'dashboard', 'proxy']) assert.deepEqual(problems({ [part]: true }), ['authorize'], part)
  assert.deepEqual(problems({ protect: ['metrics'] }), ['authorize'])
  assert.deepEqual(problems({ protect: ['livez'] }), ['protect'])
  assert.deepEqual(problems({ health: 'health', metrics: '/a/../b', ready: 'now', base: 'x/', challenge: 'a\r\nb: c' }), ['health', 'metrics', 'ready', 'base', 'challenge'])
  assert.deepEqual(problems({ health: '/same', metrics: '/same' }), ['metrics'])
  const push = { heartbeat: 1, patience: 'x', maxUnsent: 3, maxListeners: 0, origins: ['example.com'], more: 1 }
  assert.deepEqual(problems({ push }).sort(), Object.keys(push).map((name) => `push.${name}`).sort())
  assert.throws(() => attachEvents({}, {}), ConfigError)
})

test('it lives while it answers, and is ready until it closes', async (t) => {
  const { client, a } = setup(t, { servers: 1, maxRetries: 0, onUnavailable: 'error', breaker: { failureThreshold: 1 } })
  const { url } = await mount(t, client)
  const { url: strict } = await mount(t, client, { ready: 'vendors' })
  const ready = async (at) => {
    const response = await fetch(`${at}/readyz`)
    return [response.status, await response.text()]
  }
  assert.deepEqual(await ready(strict), [200, 'ok\n'])
  a.always(faults.serverError())
  await ask(client).catch(() => {})
  assert.deepEqual(await ready(url), [200, 'ok\n'])
  assert.deepEqual(await ready(strict), [503, 'no endpoint can answer\n'])
  await client.close()
  assert.deepEqual(await ready(url), [503, 'closing\n'])
  const live = await fetch(`${url}/livez`, { headers: { accept: 'application/json' } })
  assert.deepEqual([live.status, await live.json()], [200, { status: 'pass', output: 'ok' }])
  const health = await fetch(`${url}/health`)
  assert.deepEqual([health.status, (await health.json()).output], [503, 'closing'])
})

test('health is health+json: one check for each endpoint, warn is 200 and fail is 503, and nothing of a vendor\'s text', async (t) => {
  const { client, a, b } = setup(t, { maxRetries: 0, onUnavailable: 'error', breaker: { failureThreshold: 1 } })
  const { url } = await mount(t, client)
  const health = async () => {
    const response = await fetch(`${url}/health`)
    assert.equal(response.headers.get('content-type'), 'application/health+json')
    assert.equal(response.headers.get('cache-control'), 'no-store')
    const text = await response.text()
    assert.ok(!text.includes('127.0.0.1') && !text.includes(KEY))
    return [response.status, JSON.parse(text)]
  }
  const [status, whole] = await health()
  assert.deepEqual([status, whole.status, whole.version], [200, 'pass', '0'])
  const { time, ...check } = whole.checks['A:state'][0]
  assert.deepEqual(check, { componentId: 'A', componentType: 'component', observedValue: 'healthy', status: 'pass' })
  assert.ok(!Number.isNaN(Date.parse(time)))
  a.always(faults.serverError())
  await ask(client)
  const [warned, half] = await health()
  assert.deepEqual([warned, half.status, half.checks['A:state'][0].status, half.checks['A:state'][0].output], [200, 'warn', 'fail', 'serverError'])
  assert.equal(half.checks['B:responseTime'][0].observedUnit, 'ms')
  b.always(faults.serverError())
  await ask(client).catch(() => {})
  const [failed, none] = await health()
  assert.deepEqual([failed, none.status, none.output], [503, 'fail', 'no endpoint can answer'])
})

test('metrics come in the form that is asked for', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url } = await mount(t, client)
  for (const [accept, openMetrics] of [
    [undefined, false], ['*/*', false], ['text/plain', false], ['application/openmetrics-text', true],
    ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1', true],
    ['application/openmetrics-text;q=0.2,text/plain;q=0.9', false], ['application/openmetrics-text;q=0', false], ['text/html, */*;q=0.1', false]
  ]) {
    const response = await fetch(`${url}/metrics`, accept && { headers: { accept } })
    assert.equal(response.headers.get('content-type'), client.metrics.contentTypes[openMetrics ? 'openmetrics' : 'prometheus'], accept)
    assert.equal((await response.text()).endsWith('# EOF\n'), openMetrics, accept)
  }
})

test('authorization of every part: without a function, refused and accepted', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const authorize = async ({ headers }) => headers['x-token'] === 'right' || (headers['x-token'] === 'almost' ? 'yes' : false)
  const guarded = ['/events', '/dashboard', '/dashboard/', '/dashboard/dashboard.js', '/dashboard/data.json', '/dashboard/none', '/v1/models']
  const free = ['/livez', '/readyz', '/health', '/metrics']
  const status = async (url, path, token) => {
    const gone = new AbortController()
    const response = await fetch(url + path, { headers: token && { 'x-token': token }, redirect: 'manual', signal: gone.signal })
    gone.abort()
    return response.status
  }
  const { url } = await mount(t, client, { ...ALL, authorize })
  const { url: closed } = await mount(t, client, { ...ALL, authorize, protect: ['health', 'metrics'] })
  const { url: openClient } = await mount(t, client, { ...ALL, authorize: 'none' })
  for (const path of guarded) {
    for (const token of [undefined, 'wrong', 'almost']) assert.equal(await status(url, path, token), 401, path)
    assert.notEqual(await status(url, path, 'right'), 401, path)
    assert.notEqual(await status(openClient, path), 401, path)
  }
  for (const path of free) assert.equal(await status(url, path), 200, path)
  assert.deepEqual(await Promise.all(free.map((path) => status(closed, path))), [200, 200, 401, 401])
  assert.deepEqual(await Promise.all(free.map((path) => status(closed, path, 'right'))), [200, 200, 200, 200])
  const refused = await fetch(`${url}/events`)
  assert.equal(refused.headers.get('www-authenticate'), 'Bearer')
  assert.equal((await refused.json()).error.type, 'authentication_error')
  // Express would pass the request to the next handler for values that it does not take for an error.
  for (const thrown of [new Error('no'), undefined, null, 'route']) {
    const { url: broken } = await mount(t, client, { events: true, authorize: () => { throw thrown } })
    assert.equal(await status(broken, '/events'), 500, String(thrown))
  }
})

test('the dashboard is a folder of its own, in no frame, and finds its events wherever it is mounted', async (t) => {
  const { client } = setup(t, { servers: 1 })
  for (const [options, events] of [[{ dashboard: true, events: true }, '../events'], [{ dashboard: true }, 'events'], [{ dashboard: '/a/b', events: '/a/e' }, '../e']]) {
    const { url } = await mount(t, client, { ...options, authorize: 'none' })
    const at = options.dashboard === true ? '/dashboard' : options.dashboard
    const page = await fetch(`${url}${at}/`)
    // If the last slash is removed, the page itself states where its files are.
    const bare = await fetch(url + at)
    assert.equal((await bare.text()).match(/<base href="([^"]+)">/)[1], `${at.split('/').at(-1)}/`)
    assert.match(bare.headers.get('content-security-policy'), /base-uri 'self'/)
    assert.match(page.headers.get('content-security-policy'), /^default-src 'none'; script-src 'self';.*base-uri 'none';.*frame-ancestors 'none'$/)
    assert.deepEqual(['x-content-type-options', 'x-frame-options'].map((name) => page.headers.get(name)), ['nosniff', 'DENY'])
    const html = await page.text()
    assert.equal(/name="bellwether-events" content="([^"]*)"/.exec(html)[1], events)
    assert.ok(!/<script(?! src="[\w./]+" )|<style|\sstyle=|\son\w+=/.test(html), 'nothing inline')
    const again = await fetch(`${url}${at}/`, { headers: { 'if-none-match': page.headers.get('etag') } })
    assert.deepEqual([again.status, await again.text()], [304, ''])
    for (const [, name] of html.matchAll(/(?:src|href)="([^"]+)"/g)) assert.equal((await fetch(`${url}${at}/${name}`)).status, 200, name)
    const data = await (await fetch(`${url}${at}/data.json`)).json()
    assert.deepEqual(Object.keys(data), ['timestamp', 'version', 'endpoints', 'health', 'summary', 'calls', 'metrics', 'incidents', 'costs', 'queue', 'alerts', 'push'])
    assert.deepEqual([data.endpoints[0].name, data.queue, data.costs.budgets], ['A', { size: 0 }, []])
  }
})

test('odd requests: methods, heads without bodies, paths that are spelled otherwise, large headers', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url } = await mount(t, client, { ...ALL, authorize: 'none' })
  for (const path of ['/livez', '/readyz', '/health', '/metrics', '/events', '/dashboard/', '/v1/models']) {
    const [get, head] = [await raw(url, `HEAD ${path} HTTP/1.1`), await raw(url, `OPTIONS ${path} HTTP/1.1`)]
    assert.match(get, /^HTTP\/1.1 200 /, path)
    assert.ok(get.endsWith('\r\n\r\n'), `${path}: no body`)
    assert.match(head, /^HTTP\/1.1 204 [^]*\r\nallow: GET, HEAD, /, path)
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) assert.match(await raw(url, `${method} /health HTTP/1.1`), /^HTTP\/1.1 405 [^]*\r\nallow: GET, HEAD, OPTIONS\r\n/)
  assert.match(await raw(url, 'GET /health/ HTTP/1.1'), /^HTTP\/1.1 200/)
  for (const target of ['/%68ealth', '//health', '/health//', '/x/../health', '/health/x', '/HEALTH', '/health;a=1', '/dashboard/../health', 'http://x/health', '*', '/events%2f']) {
    assert.match(await raw(url, `GET ${target} HTTP/1.1`), /^HTTP\/1.1 418/, target)
  }
  for (const target of ['/dashboard/%2e%2e%2fpackage.json', '/dashboard/..%2f..%2fpackage.json', '/dashboard/index.html', '/dashboard//etc/passwd']) {
    assert.match(await raw(url, `GET ${target} HTTP/1.1`), /^HTTP\/1.1 404/, target)
  }
  assert.match(await raw(url, `GET /health HTTP/1.1\r\nx-large: ${'x'.repeat(12_000)}`), /^HTTP\/1.1 200/)
  assert.match(await raw(url, `GET /health HTTP/1.1\r\nx-large: ${'x'.repeat(40_000)}`), /^HTTP\/1.1 431/)
  assert.match(await raw(url, `GET /metrics HTTP/1.1\r\naccept: ${'a/b,'.repeat(3_000)}`), /^HTTP\/1.1 200/)
})

test('what is smuggled is no request, and what is quoted no header', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const { url } = await mount(t, client, { ...ALL, authorize: 'none' })
  const post = 'POST /v1/chat/completions HTTP/1.1\r\ncontent-type: application/json'
  for (const framing of ['content-length: 4\r\ntransfer-encoding: chunked', 'content-length: 4\r\ncontent-length: 5', 'transfer-encoding: chunked, identity', 'content-length: +4', 'transfer-encoding : chunked']) {
    assert.match(await raw(url, `${post}\r\n${framing}`), /^HTTP\/1.1 400 /, framing)
  }
  assert.equal(a.totalHits, 0)
  const model = 'm\r\nset-cookie: a=1'
  const encoded = encodeURIComponent(model)
  const answers = [
    await fetch(`${url}/v1/models/${encoded}`),
    await fetch(`${url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify({ ...CHAT, model }) }),
    await fetch(`${url}/v1beta/models/${encoded}:generateContent`, { method: 'POST', body: '{"contents":[{"parts":[{"text":"hi"}]}]}' }),
    await fetch(`${url}/events?lastEventId=${encodeURIComponent('1\nevent: x')}`, { method: 'HEAD' })
  ]
  assert.deepEqual(answers.map(({ headers }) => headers.get('set-cookie')), [null, null, null, null])
  assert.deepEqual(answers.map(({ status }) => status), [404, 200, 200, 200])
  // Endpoints are configured: nothing in a request is used as an address.
  const said = { base_url: 'http://127.0.0.1:1/v1', baseURL: 'http://127.0.0.1:1/v1', endpoint: 'http://127.0.0.1:1' }
  const headers = { 'x-base-url': said.base_url, 'x-forwarded-host': '127.0.0.1:1' }
  const before = a.totalHits
  assert.equal((await fetch(`${url}/v1/chat/completions?base_url=${encodeURIComponent(said.base_url)}`, { method: 'POST', headers, body: JSON.stringify({ ...CHAT, ...said }) })).status, 200)
  assert.equal(a.totalHits, before + 1)
})

test('a refused body closes its connection instead of being read to the end', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const { url } = await mount(t, client, { ...ALL, authorize: ({ headers }) => headers['x-token'] === 'right' })
  const head = (token) => `POST /v1/chat/completions HTTP/1.1\r\nx-token: ${token}\r\ncontent-length: ${65 << 20}`
  assert.match(await raw(url, head('wrong')), /^HTTP\/1.1 401 [^]*\r\nconnection: close\r\n/)
  assert.match(await raw(url, head('right')), /^HTTP\/1.1 413 [^]*\r\nconnection: close\r\n/)
  assert.equal(a.totalHits, 0)
  assert.equal((await post(`${url}/v1/chat/completions`, CHAT, { headers: { 'x-token': 'right' } })).status, 200)
})

test('a key is in no response, also when the vendor quotes it', async (t) => {
  const a = serve(t)
  const KEYS = [KEY, 'sk-query-0123456789abcdef']
  const client = openClient(t, { maxRetries: 0, endpoints: [{ name: 'A', baseURL: `${a.url}/v1`, headers: { 'x-more': KEYS[1] } }] })
  const { url } = await mount(t, client, { ...ALL, authorize: 'none' })
  const listener = await follow(t, `${url}/events`)
  a.always(faults.status(401, { body: { error: { message: `Incorrect API key provided: ${KEYS.join(' ')}` } } }))
  const refused = await post(`${url}/v1/chat/completions`, CHAT)
  assert.equal(refused.status, 401)
  await client.monitor.checkEndpointHealth()
  await listener.next(({ event }) => event === 'authError')
  const texts = [await refused.text(), JSON.stringify([...refused.headers]), JSON.stringify(listener.events)]
  for (const path of ['/health', '/readyz', '/metrics', '/dashboard/', '/dashboard/data.json']) texts.push(await (await fetch(url + path)).text())
  assert.ok(a.totalHits > 1 && a.hits().every(({ headers }) => headers.authorization === `Bearer ${KEY}`))
  for (const text of texts) for (const key of KEYS) assert.ok(!text.includes(key), text)
})
