'use strict'

// The client served over HTTP: by its web-standard handler, and by the Express adapter.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const http2 = require('node:http2')
const net = require('node:net')
const { text } = require('node:stream/consumers')
const { once } = require('node:events')
const { gzipSync } = require('node:zlib')
const express = require('express')
const { ConfigError } = require('../..')
const { failover } = require('bellwether/express')
const { openClient, setup, serve, until, faults } = require('../helpers/client')

const CHAT = { model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] }
const MESSAGE = { model: 'gpt-4o', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] }
const CONTENTS = { contents: [{ parts: [{ text: 'hi' }] }] }
const ROUTES = [['/v1/chat/completions', CHAT], ['/v1/messages', MESSAGE], ['/v1beta/models/gpt-4o:generateContent', CONTENTS]]

async function listen (t, app) {
  const server = http.createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  return `http://127.0.0.1:${server.address().port}`
}

/** An app with the middleware in it, and its address. */
function mount (t, client, options = {}, before = []) {
  const app = express()
  before.forEach((middleware) => app.use(middleware))
  app.use(failover(client, { proxy: true, authorize: 'none', ...options }))
  return listen(t, app)
}

const post = (url, body, more) => fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), ...more })

test('invalid options are named', () => {
  const client = { handler () {}, on () {}, getEndpointStatus () {} }
  const problems = (options, given = client) => {
    try {
      failover(given, options)
    } catch (error) {
      assert.ok(error instanceof ConfigError)
      return error.problems.map(({ path }) => path)
    }
    return []
  }
  assert.deepEqual(problems({}), [])
  assert.deepEqual(problems({ proxy: true }), ['authorize'])
  assert.deepEqual(problems({ proxy: 'v1', authorize: 'all' }), ['proxy', 'authorize'])
  assert.deepEqual(problems({ prxy: true }), ['prxy'])
  assert.deepEqual(problems({ proxy: '/llm', authorize: 'none' }), [])
  for (const none of [undefined, null, {}, 'client']) assert.deepEqual(problems({}, none ?? null), ['client'])
})

test('nothing is served unless it is asked for, and what is not ours goes on', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const app = express()
  app.use(failover(client))
  app.use((request, response) => response.status(418).end())
  const url = await listen(t, app)
  assert.equal((await post(`${url}/v1/chat/completions`, CHAT)).status, 418)
  const mounted = await mount(t, client)
  assert.equal((await post(`${mounted}/other`, CHAT)).status, 404)
})

test('it may be mounted elsewhere', async (t) => {
  const { client } = setup(t, { servers: 1 })
  for (const [proxy, paths] of [
    ['/llm/v1/', ['/llm/v1/chat/completions', '/llm/v1/messages', '/llm/v1beta/models/m:generateContent', '/llm/v1/models/m:generateContent']],
    ['/llm', ['/llm/chat/completions', '/llm/messages', '/llm/models/m:generateContent']]
  ]) {
    const url = await mount(t, client, { proxy })
    for (const path of paths) {
      const [, body] = ROUTES[path.endsWith('chat/completions') ? 0 : path.endsWith('messages') ? 1 : 2]
      assert.equal((await post(url + path, body)).status, 200, path)
    }
  }
})

test('an unauthorized caller gets an error in its dialect, and causes no cost', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const url = await mount(t, client, { authorize: async (request) => request.headers['x-token'] === 'right' })
  const types = []
  for (const [path, body] of ROUTES) {
    const refused = await post(url + path, body)
    assert.equal(refused.status, 401)
    const { error } = await refused.json()
    types.push(error.status ?? error.type)
  }
  assert.deepEqual(types, ['authentication_error', 'authentication_error', 'UNAUTHENTICATED'])
  assert.equal(a.totalHits, 0)
  const headers = { 'content-type': 'application/json', 'x-token': 'right' }
  assert.equal((await post(url + ROUTES[0][0], CHAT, { headers })).status, 200)
  // A function that throws, or returns anything but true, refuses the request.
  const odd = await mount(t, client, { authorize: () => 'yes' })
  assert.equal((await post(odd + ROUTES[0][0], CHAT)).status, 401)
})

test('a body that a parser has read, or has left alone, is the same body', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  for (const before of [[], [express.json()], [express.text({ type: '*/*' })], [express.raw({ type: '*/*' })], [express.urlencoded()]]) {
    const url = await mount(t, client, {}, before)
    const response = await post(`${url}/v1/chat/completions`, CHAT)
    assert.equal((await response.json()).choices[0].message.content, 'Hello from A')
  }
  assert.ok(a.hits().every(({ body }) => body.messages[0].content === 'hi'))
})

test('a large request is taken, a larger one refused', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const url = await mount(t, client)
  const large = { ...CHAT, messages: [{ role: 'user', content: 'x'.repeat(5 << 20) }] }
  assert.equal((await post(`${url}/v1/chat/completions`, large)).status, 200)
  const huge = new Request('http://x/v1/messages', { method: 'POST', body: '{}', headers: { 'content-length': String(65 << 20) } })
  const refused = await client.handler(huge)
  assert.deepEqual([refused.status, (await refused.json()).error.type], [413, 'request_too_large'])
})

test('a compressed request is read by a parser that stands before, or refused', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
  const send = (url) => fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: gzipSync(JSON.stringify(CHAT)) })
  const refused = await send(await mount(t, client))
  assert.equal(refused.status, 415)
  assert.match((await refused.json()).error.message, /must not be compressed, got content-encoding 'gzip'/)
  assert.equal(a.totalHits, 0)
  assert.equal((await send(await mount(t, client, {}, [express.json()]))).status, 200)
})

test('headers for this server are not forwarded to vendors, except for those meant for them', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const url = await mount(t, client, { authorize: (request) => request.headers['x-token'] === 'secret' })
  const headers = { 'content-type': 'application/json', 'x-token': 'secret', 'x-forwarded-for': '10.0.0.7', 'x-real-ip': '10.0.0.7', cookie: 'c=1', authorization: 'Bearer theirs', 'openai-beta': 'b' }
  assert.equal((await post(`${url}/v1/chat/completions`, CHAT, { headers })).status, 200)
  const [{ headers: sent }] = a.hits()
  assert.equal(sent['openai-beta'], 'b')
  assert.doesNotMatch(JSON.stringify(sent), /secret|10\.0\.0\.7|c=1|theirs/)
})

test('the models are those of aliases and endpoints', async (t) => {
  const a = serve(t)
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: a.url, models: ['gpt-4o', 'm/x'] }, { name: 'B', baseURL: a.url, model: 'pinned' }], models: { quick: ['gpt-4o'] } })
  const url = await mount(t, client)
  const get = async (path, headers) => (await fetch(url + path, { headers })).json()
  assert.deepEqual((await get('/v1/models')).data.map(({ id, object }) => [id, object]), ['quick', 'gpt-4o', 'm/x', 'pinned'].map((id) => [id, 'model']))
  assert.deepEqual(await get('/v1/models/'), await get('/v1/models'))
  assert.deepEqual(a.hits(), [])
  assert.equal((await get('/v1/models/m%2Fx')).id, 'm/x')
  assert.equal((await get('/v1/models/m/x')).id, 'm/x')
  assert.equal((await get('/v1/models', { 'anthropic-version': '2023-06-01' })).data[0].type, 'model')
  assert.equal((await get('/v1beta/models')).models[0].name, 'models/quick')
  const missing = await fetch(`${url}/v1/models/none`)
  assert.deepEqual([missing.status, (await missing.json()).error.type], [404, 'invalid_request_error'])
  assert.equal((await fetch(`${url}/v1/models/%ff`)).status, 404)
  const nothing = await fetch(`${url}/v1/nothing`)
  assert.equal(nothing.status, 404)
})

test('errors have the right status, format and Retry-After', async (t) => {
  const { client, a } = setup(t, { servers: 1, maxRetries: 0, onUnavailable: 'error' })
  const url = await mount(t, client)
  a.script(faults.rateLimited({ retryAfter: '7s' }))
  const throttled = await post(`${url}/v1/chat/completions`, CHAT)
  assert.equal(throttled.status, 429)
  assert.match(throttled.headers.get('retry-after'), /^[78]$/)
  assert.ok(throttled.headers.get('x-request-id'))
  const bad = await fetch(`${url}/v1/messages`, { method: 'POST', body: 'no JSON' })
  assert.deepEqual([bad.status, (await bad.json()).error.type], [400, 'invalid_request_error'])
})

test('a stream that breaks off ends with an error event in the dialect, and without its end', async (t) => {
  for (const [path, body, event, end] of [
    ['/v1/chat/completions', { ...CHAT, stream: true }, /\ndata: \{"error":\{"message":"[^\n]*\}\n\n$/, '[DONE]'],
    ['/v1/messages', { ...MESSAGE, stream: true }, /\nevent: error\ndata: \{"type":"error",[^\n]*\}\n\n$/, 'message_stop'],
    ['/v1beta/models/gpt-4o:streamGenerateContent?alt=sse', CONTENTS, /\r\ndata: \{"error":\{"code":[^\n]*\}\r\n\r\n$/, '"STOP"']
  ]) {
    const { client, a } = setup(t, { servers: 1 })
    const url = await mount(t, client)
    a.script(faults.cut({ after: 2 }))
    const response = await post(url + path, body)
    assert.equal(response.status, 200)
    const text = await response.text()
    assert.match(text, event)
    assert.ok(!text.includes(end))
  }
})

test('a stream is live: its first byte leaves before the last arrives', async (t) => {
  let finish
  const chunk = (delta, reason = null) => `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`
  const vendor = await listen(t, (request, response) => {
    request.resume()
    response.setHeader('content-type', 'text/event-stream').write(chunk({ role: 'assistant', content: 'first' }))
    finish = () => response.end(`${chunk({ content: 'last' })}${chunk({}, 'stop')}data: [DONE]\n\n`)
  })
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: vendor }] })
  const url = await mount(t, client)
  const ways = [post, (address, body) => client.handler(new Request(address, { method: 'POST', body: JSON.stringify(body) }))]
  for (const ask of ways) {
    for (const [path, body] of [
      ['/v1/chat/completions', { ...CHAT, stream: true }],
      ['/v1/messages', { ...MESSAGE, stream: true }],
      ['/v1beta/models/gpt-4o:streamGenerateContent?alt=sse', CONTENTS]
    ]) {
      const reader = (await ask(url + path, body)).body.getReader()
      let text = ''
      const more = async () => {
        const { done, value } = await reader.read()
        text += new TextDecoder().decode(value)
        return !done
      }
      while (!text.includes('first')) assert.ok(await more())
      assert.ok(!text.includes('last'))
      finish()
      while (await more());
      assert.ok(text.includes('last'))
    }
  }
})

/** What comes back for a head that no fetch would send. */
async function raw (url, head) {
  const socket = net.connect(new URL(url).port, '127.0.0.1')
  socket.end(`${head}\r\nhost: x\r\nconnection: close\r\n\r\n`)
  return (await text(socket)).split('\r\n')[0]
}

test('an address that is not plainly below the prefix goes on to what comes next', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const middleware = failover(client, { proxy: true, authorize: 'none' })
  // Without Express, nothing else would catch the error.
  const url = await listen(t, (req, res) => middleware(req, res, (error) => { res.statusCode = error ? 500 : 421; res.end() }))
  // Guards that look at the path do not match the latter below /v1.
  const targets = ['//', '/\\', '//:x/v1/models', '*', '//evil.example/v1/models', '/x/../v1/models', '/x/%2e%2e/v1/models', '/v1\\models', 'http://x/v1/models']
  for (const target of targets) assert.equal(await raw(url, `GET ${target} HTTP/1.1`), 'HTTP/1.1 421 Misdirected Request', target)
  assert.equal(await raw(url, 'TRACE /v1/models HTTP/1.1'), 'HTTP/1.1 421 Misdirected Request')
  assert.equal(await raw(url, 'GET /v1/models?a=/../ HTTP/1.1'), 'HTTP/1.1 200 OK')
  assert.equal(a.totalHits, 0)
})

test('an answer without a body is one here, too', async (t) => {
  const vendor = await listen(t, (request, response) => { request.resume(); response.writeHead(204).end() })
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: vendor }] })
  const url = await mount(t, client)
  assert.equal((await fetch(`${url}/v1/responses/r`, { method: 'DELETE' })).status, 204)
})

test('Node\'s HTTP/2 server may have it, too', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const middleware = failover(client, { proxy: true, authorize: 'none' })
  const server = http2.createServer((req, res) => middleware(req, res, (error) => { res.statusCode = error ? 500 : 404; res.end() })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const session = http2.connect(`http://127.0.0.1:${server.address().port}`)
  t.after(() => { session.destroy(); server.close() })
  for (const stream of [false, true]) {
    const request = session.request({ ':path': '/v1/chat/completions', ':method': 'POST', 'content-type': 'application/json' })
    request.end(JSON.stringify({ ...CHAT, stream }))
    const [headers] = await once(request, 'response')
    assert.equal(headers[':status'], 200)
    assert.match(await text(request), stream ? /\[DONE\]/ : /Hello from A/)
  }
})

test('a client that is gone before its request is served is not served', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const [came, served] = [[], []]
  const slow = async (req, res, next) => {
    came.push(req)
    await new Promise((resolve) => { req.socket.once('close', resolve) })
    next()
    served.push(req)
  }
  const errors = []
  const app = express().use(slow, failover(client, { proxy: true, authorize: 'none' }), (error, req, res, next) => { errors.push(error); next() })
  const port = new URL(await listen(t, app)).port
  for (const [i, head] of ['GET /v1/responses/r HTTP/1.1\r\nhost: x\r\n\r\n', 'POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{'].entries()) {
    const socket = net.connect(port, '127.0.0.1')
    socket.write(head)
    await until('it came', () => came.length > i)
    socket.destroy()
    await until('it is gone', () => served.length > i)
  }
  await client.handler(new Request('http://x/v1/models'))
  assert.deepEqual([errors, a.totalHits, client.metrics.snapshot().activeCalls], [[], 0, 0])
})

test('a client that disconnects during authorization causes no cost', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const [came, known] = [[], []]
  const authorize = async (request) => {
    came.push(request)
    await new Promise((resolve) => { request.socket.once('close', resolve) })
    known.push(request)
    return true
  }
  const url = await mount(t, client, { authorize })
  const socket = net.connect(new URL(url).port, '127.0.0.1')
  socket.write('GET /v1/responses/r HTTP/1.1\r\nhost: x\r\n\r\n')
  await until('it came', () => came.length === 1)
  socket.destroy()
  await until('it is gone', () => known.length === 1)
  await client.handler(new Request('http://x/v1/models'))
  assert.deepEqual([a.totalHits, client.metrics.snapshot().activeCalls], [0, 0])
})

test('a body that often waits for its reader leaves nothing behind', async (t) => {
  const vendor = await listen(t, (request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'audio/mpeg' }).end(Buffer.alloc(32 << 20))
  })
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: vendor }] })
  let most = 0
  const watch = (req, res, next) => {
    res.on('drain', () => { most = Math.max(most, res.listenerCount('close')) })
    next()
  }
  const url = await mount(t, client, {}, [watch])
  assert.equal((await (await fetch(`${url}/v1/responses/r`)).arrayBuffer()).byteLength, 32 << 20)
  assert.ok(most > 0 && most < 8, `${most} listeners`)
})

test('a client that goes away takes its request with it', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const url = await mount(t, client)
  for (const [i, [fault, stream]] of [[faults.hang(), false], [faults.hang(), true], [faults.stall({ after: 1 }), true]].entries()) {
    a.script(fault)
    const controller = new AbortController()
    const asked = post(`${url}/v1/chat/completions`, { ...CHAT, stream }, { signal: controller.signal }).then((r) => r.text())
    await a.waitForHits(i + 1)
    if (i === 2) await new Promise((resolve) => setImmediate(resolve))
    controller.abort()
    await assert.rejects(asked)
    await a.waitForHits(i + 1, { outcome: 'clientAborted' })
  }
  await until('nothing is left', () => client.metrics.snapshot().activeCalls === 0)
})

test('a slow reader is waited for, and not remembered for', async (t) => {
  const chunk = `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta: { content: 'x'.repeat(64 << 10) }, finish_reason: null }] })}\n\n`
  let sent = 0
  const vendor = await listen(t, (request, response) => {
    request.resume()
    response.setHeader('content-type', 'text/event-stream')
    const more = () => {
      while (sent < 2_000) {
        sent++
        if (!response.write(chunk)) return response.once('drain', more)
      }
      response.end('data: [DONE]\n\n')
    }
    more()
  })
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: vendor }] })
  const url = await mount(t, client)
  const response = await post(`${url}/v1/chat/completions`, { ...CHAT, stream: true })
  const reader = response.body.getReader()
  await reader.read()
  let before = -1
  await until('the vendor is held up', async () => {
    const still = sent === before
    before = sent
    await new Promise((resolve) => setTimeout(resolve, 100))
    return still
  })
  assert.ok(sent < 1_000, `${sent} of 2000 chunks of 64 KiB are on their way`)
  await reader.cancel()
})
