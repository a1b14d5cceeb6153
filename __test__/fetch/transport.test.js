'use strict'

// `transport`: a fetch makes the exchanges, so that what intercepts fetch in users' tests works on us too.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { MockAgent, fetch: undiciFetch } = require('undici')
const { HealthMonitor } = require('../..')
const { KEY, openClient, serve, ask, rejection, configProblems, attemptSummary, until, faults } = require('../helpers/client')

const completion = (text) => ({ id: 'x', object: 'chat.completion', model: 'gpt-4o', choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }] })
const ENDPOINTS = [{ name: 'A', baseURL: 'https://a.example/v1' }, { name: 'B', baseURL: 'https://b.example/v1' }]
const QUICK = { backoff: { initial: 1, max: 2, factor: 1 } }

/** A client with this function as its transport. */
const by = (t, transport, options) => openClient(t, { endpoints: ENDPOINTS, retry: QUICK, transport, ...options })
const host = (url) => new URL(url).hostname

test('undici\'s MockAgent, by a fetch of one\'s own', async (t) => {
  const agent = new MockAgent()
  agent.disableNetConnect()
  t.after(() => agent.close())
  agent.get('https://a.example').intercept({ path: '/v1/chat/completions', method: 'POST' }).replyWithError(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })).times(2)
  agent.get('https://b.example').intercept({ path: '/v1/chat/completions', method: 'POST' }).reply(200, completion('by undici'), { headers: { 'content-type': 'application/json' } })
  const answer = await ask(by(t, (url, init) => undiciFetch(url, { ...init, dispatcher: agent })))
  assert.equal(answer.choices[0].message.content, 'by undici')
  assert.match(attemptSummary(answer.report.attempts), /^A:next:connect .*B:ok$/)
})

test('on real sockets the vendor\'s responses count: failover, cuts, other dialects', async (t) => {
  const [a, b] = [serve(t, { name: 'A', dialect: 'anthropic' }), serve(t, { name: 'B' })]
  const client = by(t, 'fetch', { endpoints: [{ name: 'A', dialect: 'anthropic', baseURL: a.url }, { name: 'B', baseURL: b.url }], maxRetries: 0, onUnavailable: 'error' })
  assert.equal((await ask(client, { stream: true })).choices[0].message.content, 'Hello from A')
  a.always(faults.unavailable())
  assert.equal((await ask(client)).choices[0].message.content, 'Hello from B')
  b.always(faults.cut({ after: 2, how: 'eof' }))
  const error = await rejection(ask(client, { stream: true }))
  assert.equal(error.name, 'StreamInterruptedError')
})

test('a failure is classified by its code, and another endpoint is called', async (t) => {
  const failed = (code) => { throw new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }) }
  const rows = [
    ['ENOTFOUND', 'dns'], ['EAI_AGAIN', 'dns'], ['ECONNREFUSED', 'connect'], ['UND_ERR_CONNECT_TIMEOUT', 'timeoutConnect'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'], ['ECONNRESET', 'reset'], ['UND_ERR_SOCKET', 'reset'], ['HPE_INVALID_CONSTANT', 'malformed'], [undefined, 'reset']
  ]
  for (const [code, reason] of rows) {
    const client = by(t, async (url) => host(url) === 'a.example' ? failed(code) : Response.json(completion('fine')), { maxRetries: 0 })
    const { report } = await ask(client)
    assert.equal(attemptSummary(report.attempts), `A:next:${reason} B:ok`, code)
  }
})

test('an invalid transport is reported, without secrets', async (t) => {
  for (const wrong of [() => undefined, () => 'text', async () => ({ status: 200 }), () => { throw new Error(`no luck with ${KEY}`) }, () => Promise.reject(), () => new Promise(() => {}), async () => new Response(new ReadableStream({ start (c) { c.error(new Error('broken')) } }))]) {
    const client = by(t, wrong, { endpoints: ENDPOINTS.slice(0, 1), maxRetries: 0, timeout: { total: 2_000, headers: 100 } })
    const error = await rejection(ask(client))
    assert.ok(error.code && !JSON.stringify(error).includes(KEY) && !error.message.includes(KEY), error.message)
  }
})

test('an answer that cannot be read is given up', async (t) => {
  const locked = () => {
    const response = new Response('{}')
    response.body.getReader()
    return response
  }
  for (const wrong of [locked, () => ({ status: 200, headers: new Headers(), body: '{}' }), () => ({ status: 200 })]) {
    let signal
    const client = by(t, async (url, init) => { ({ signal } = init); return wrong() }, { endpoints: ENDPOINTS.slice(0, 1), maxRetries: 0 })
    await rejection(ask(client))
    assert.ok(signal.aborted)
  }
})

test('an impossible return value of a fetch is reported as that, not as a lost connection', async (t) => {
  const headers = new Headers()
  for (const wrong of [undefined, 'text', { status: 200 }, { status: 0, headers }, { status: 100, headers }, { status: 200.5, headers }, { status: 70_000, headers }, { status: 200, headers, body: 'a stream of Node’s' }]) {
    const { name, reason, message } = await rejection(ask(by(t, async () => wrong, { endpoints: ENDPOINTS.slice(0, 1), maxRetries: 0 })))
    assert.deepEqual([name, reason], ['UpstreamError', 'malformed'], message)
    assert.match(message, /the transport function did not return a Response/)
  }
})

test('bodies are pulled, not pushed, and end with their reader', async (t) => {
  let pulled = 0
  let cancelled = false
  let signal
  const endless = () => new ReadableStream({
    pull (controller) { controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: `piece ${pulled++}` }, finish_reason: null }] })}\n\n`)) },
    cancel () { cancelled = true }
  }, { highWaterMark: 0 })
  const client = by(t, async (url, init) => {
    signal = init.signal
    return new Response(endless(), { headers: { 'content-type': 'text/event-stream' } })
  })
  const stream = await client.chatCompletion('gpt-4o', 'hi', { stream: true })
  const heard = []
  for await (const chunk of stream) {
    heard.push(chunk.choices[0].delta.content)
    if (heard.length === 5) break
  }
  assert.deepEqual(heard, [0, 1, 2, 3, 4].map((i) => `piece ${i}`))
  await until('the body is given up', () => cancelled && signal.aborted)
  assert.ok(pulled < 1_000, `${pulled} pieces were read for five that were wanted`)
})

test('abort and deadlines abort the exchange', async (t) => {
  for (const [options, after] of [[{}, true], [{ timeout: 50 }, false]]) {
    const signals = []
    const client = by(t, (url, { signal }) => {
      signals.push(signal)
      return new Promise((resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    })
    const controller = new AbortController()
    const asked = rejection(ask(client, { ...options, signal: controller.signal }))
    await until('asked', () => signals.length > 0)
    if (after) controller.abort()
    assert.equal((await asked).name, after ? 'AbortError' : 'TimeoutError')
    await until('aborted', () => signals.every((signal) => signal.aborted))
  }
})

test('what is sent: the address, the headers and the bytes', async (t) => {
  const seen = []
  const client = by(t, async (url, init) => {
    seen.push({ url, ...init, headers: new Headers(init.headers) })
    return Response.json(init.method === 'GET' ? { object: 'list', data: [] } : { text: 'ok', ...completion('ok') })
  }, { endpoints: [{ ...ENDPOINTS[0], headers: { 'x-mine': '1' } }] })
  await ask(client)
  await client.warmup()
  await client.monitor.checkEndpointHealth('A')
  const form = new FormData()
  form.set('file', new Blob([Buffer.from([0, 255, 128])]), 'a.wav')
  await client.fetch('https://api.openai.com/v1/audio/transcriptions', { method: 'POST', body: form })
  assert.deepEqual(seen.map(({ method, url }) => `${method} ${url}`), [
    'POST https://a.example/v1/chat/completions', 'GET https://a.example/v1/models', 'POST https://a.example/v1/audio/transcriptions'
  ])
  assert.deepEqual([seen[0].headers.get('authorization'), seen[0].headers.get('content-type'), seen[0].headers.get('x-mine')], [`Bearer ${KEY}`, 'application/json', '1'])
  assert.deepEqual(JSON.parse(seen[0].body).messages, [{ role: 'user', content: 'hi' }])
  const sent = await new Response(seen[2].body, { headers: { 'content-type': seen[2].headers.get('content-type') } }).formData()
  assert.deepEqual(Buffer.from(await sent.get('file').arrayBuffer()), Buffer.from([0, 255, 128]))
})

test('a monitor of its own may have one', async () => {
  const asked = []
  const monitor = new HealthMonitor({ apiKey: KEY, endpoints: ENDPOINTS, transport: async (url) => { asked.push(host(url)); return Response.json({ data: [] }, { status: host(url) === 'a.example' ? 200 : 503 }) } })
  assert.equal((await monitor.checkEndpointHealth('A')).status, 'UP')
  assert.notEqual((await monitor.checkEndpointHealth('B')).status, 'UP')
  assert.deepEqual(asked, ['a.example', 'b.example'])
})

test('what is no transport is refused, and so is what has no meaning with one', () => {
  assert.deepEqual(configProblems({ transport: 'http' }), ["transport must be 'native', 'fetch', or a function like fetch, got 'http'"])
  assert.deepEqual(configProblems({ transport: 7 }), ["transport must be 'native', 'fetch', or a function like fetch, got 7"])
  assert.deepEqual(configProblems({ transport: 'fetch', proxy: 'http://p:1', tls: { systemCa: true } }).map((p) => p.split(' ')[0]), ['proxy', 'tls'])
  for (const transport of ['native', 'fetch', undefined, () => {}]) assert.deepEqual(configProblems({ transport, proxy: false }), [])
})
