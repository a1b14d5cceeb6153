'use strict'

// `client.fetch` from the view of any SDK.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const { once } = require('node:events')
const { setFlagsFromString } = require('node:v8')
const { runInNewContext } = require('node:vm')
const { KEY, serve, openClient, setup, until, faults } = require('../helpers/client')

const OPENAI = 'https://api.openai.com/v1/chat/completions'
const ANTHROPIC = 'https://api.anthropic.com/v1/messages'
const GOOGLE = 'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro'

const chat = (more) => JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }], ...more })
const message = (more) => JSON.stringify({ model: 'claude-x', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }], ...more })
const contents = () => JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] })
const post = (body, more) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body, ...more })

/** A vendor that writes down what it is sent, and answers with this. */
async function recorder (t, answer) {
  const seen = []
  const server = http.createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    seen.push({ url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() })
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  return { seen, url: `http://127.0.0.1:${server.address().port}` }
}

const COMPLETION = { id: 'x', object: 'chat.completion', model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }] }
const MESSAGE = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [{ type: 'text', text: 'x' }], stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } }
const CONTENT = { candidates: [{ content: { role: 'model', parts: [{ text: 'x' }] }, finishReason: 'STOP', index: 0 }] }

test('every form in which a request may be given', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const body = chat()
  const forms = [
    [OPENAI, post(body)],
    [new URL(OPENAI), post(Buffer.from(body))],
    [new Request(OPENAI, post(body))],
    [new Request(OPENAI, post('{}')), { body }],
    [OPENAI, post(new TextEncoder().encode(body).buffer)],
    [OPENAI, post(new Blob([body]))],
    [OPENAI, post(new Blob([body]).stream(), { duplex: 'half' })],
    [OPENAI, post(body, { headers: new Headers({ 'x-mine': '1' }) })],
    [OPENAI, post(body, { headers: [['x-mine', '1']] })],
    ['http://localhost:1/any/prefix/chat/completions/?x=1', post(body, { method: 'post' })]
  ]
  for (const [input, init] of forms) {
    const response = await client.fetch(input, init)
    assert.ok(response instanceof Response)
    assert.equal((await response.json()).choices[0].message.content, 'Hello from A')
  }
  assert.equal(a.totalHits, forms.length)
  assert.equal(client.fetch, client.fetch, 'one function for all')
})

test('an endpoint of the same dialect gets the bytes of the caller, but for model and credentials', async (t) => {
  const rows = [
    ['openai', OPENAI, '{ "model" : "asked",  "messages":[{"role":"user","content":"hi"}], "zz": {"b":1,"a":2.50}, "temperature": 1e0 }', COMPLETION, '/v1/chat/completions', 'authorization'],
    ['anthropic', ANTHROPIC, '{ "max_tokens":5, "messages":[{"role":"user","content":"hi"}], "tools":[{"type":"web_search_20250305","name":"web_search"}], "model" : "asked", "zz": [1.0] }', MESSAGE, '/v1/messages', 'x-api-key'],
    ['google', `${GOOGLE}:generateContent`, '{ "contents":[{"parts":[{"text":"hi"}]}], "tools":[{"googleSearch":{}}], "zz" : 1.0 }', CONTENT, '/v1beta/models/sent:generateContent', 'x-goog-api-key']
  ]
  for (const [dialect, url, body, answer, path, credential] of rows) {
    const { seen, url: baseURL } = await recorder(t, answer)
    const client = openClient(t, { endpoints: [{ name: 'A', dialect, baseURL, model: 'sent' }] })
    const response = await client.fetch(url, post(body, {
      headers: { authorization: 'Bearer theirs', 'x-api-key': 'theirs', 'x-goog-api-key': 'theirs', 'anthropic-version': '2023-06-01', 'anthropic-beta': 'b1,b2', 'openai-beta': 'o', 'openai-organization': 'org', cookie: 'c=1', 'x-mine': 'kept' }
    }))
    assert.deepEqual(await response.json(), answer, dialect)
    const [{ url: asked, headers, body: sent }] = seen
    assert.equal(asked, path)
    assert.equal(sent, body.replace('"asked"', '"sent"'), 'the bytes')
    assert.ok(headers[credential].endsWith(KEY))
    assert.ok(!JSON.stringify(headers).includes('theirs'))
    assert.deepEqual([headers['anthropic-version'], headers['anthropic-beta'], headers['openai-beta'], headers['x-mine']], ['2023-06-01', 'b1,b2', 'o', 'kept'])
    assert.deepEqual([headers['openai-organization'], headers.cookie], [undefined, undefined])
  }
})

test('each caller is answered in the dialect of its request, whichever endpoint answers', async (t) => {
  const { client, a, b } = setup(t)
  a.always(faults.unavailable())
  const whole = async (url, body) => (await client.fetch(url, post(body))).json()
  assert.equal((await whole(OPENAI, chat())).choices[0].message.content, 'Hello from B')
  assert.deepEqual((await whole(ANTHROPIC, message())).content, [{ type: 'text', text: 'Hello from B', citations: null }])
  assert.deepEqual((await whole(`${GOOGLE}:generateContent`, contents())).candidates[0].content.parts, [{ text: 'Hello from B' }])
  const sent = b.hits().map((hit) => hit.body.model)
  assert.deepEqual(sent, ['gpt-4o', 'claude-x', 'gemini-2.5-pro'])
})

test('additional data is in headers only', async (t) => {
  const { client, a } = setup(t)
  a.always(faults.unavailable())
  for (const stream of [false, true]) {
    const { headers } = await client.fetch(OPENAI, post(chat({ stream })))
    const told = Object.fromEntries([...headers].filter(([name]) => name.startsWith('x-') && name !== 'x-accel-buffering'))
    assert.deepEqual({ ...told, 'x-bellwether-request-id': 0, 'x-request-id': 0 }, {
      'x-bellwether-attempts': '2', 'x-bellwether-endpoint': 'B', 'x-bellwether-model': 'gpt-4o', 'x-bellwether-request-id': 0, 'x-request-id': 0
    })
    assert.match(headers.get('content-type'), stream ? /^text\/event-stream/ : /^application\/json/)
  }
})

test('a request that comes to nothing is answered as its vendor would', async (t) => {
  const { client, a } = setup(t, { servers: 1, maxRetries: 0, onUnavailable: 'error' })
  const rows = [
    [faults.badRequest(), 400, 'invalid_request_error', 'invalid_request_error', 'INVALID_ARGUMENT'],
    [faults.auth(), 401, 'authentication_error', 'authentication_error', 'UNAUTHENTICATED'],
    [faults.rateLimited({ retryAfter: '7s' }), 429, 'rate_limit_error', 'rate_limit_error', 'RESOURCE_EXHAUSTED'],
    [faults.serverError(), 500, 'server_error', 'api_error', 'INTERNAL'],
    [faults.reset(), 502, 'server_error', 'api_error', 'INTERNAL']
  ]
  for (const [fault, status, ...types] of rows) {
    for (const [i, [url, body]] of [[OPENAI, chat()], [ANTHROPIC, message()], [`${GOOGLE}:generateContent`, contents()]].entries()) {
      const fresh = openClient(t, { endpoints: [{ name: 'A', baseURL: a.url }], maxRetries: 0, onUnavailable: 'error' })
      a.script(fault)
      const response = await fresh.fetch(url, post(body))
      assert.equal(response.status, status)
      assert.equal(response.headers.get('x-should-retry'), 'false')
      if (status === 429) assert.ok(['7', '8'].includes(response.headers.get('retry-after')))
      const { error } = await response.json()
      assert.equal([error.type, error.type, error.status][i], types[i], url)
      assert.equal(typeof error.message, 'string')
      if (i === 2) assert.equal(error.code, status)
    }
  }
  const notJson = await client.fetch(OPENAI, post('{'))
  assert.deepEqual([notJson.status, (await notJson.json()).error.type], [400, 'invalid_request_error'])
  const empty = await client.fetch(ANTHROPIC, { method: 'POST' })
  assert.deepEqual([empty.status, (await empty.json()).type], [400, 'error'])
  await client.close({ drain: 0 })
  assert.equal((await client.fetch(OPENAI, post(chat()))).status, 503)
})

test('an error has the request’s id by the vendor that gave it, and by us', async (t) => {
  const { client, a } = setup(t, { servers: 1, onUnavailable: 'error' })
  a.always(faults.combine(faults.badRequest(), faults.headers({ 'x-request-id': 'req_vendor' })))
  for (const [url, body, header] of [[OPENAI, chat(), 'x-request-id'], [ANTHROPIC, message(), 'request-id'], [`${GOOGLE}:generateContent`, contents(), 'x-request-id']]) {
    const response = await client.fetch(url, post(body))
    assert.equal(response.headers.get(header), 'req_vendor')
    assert.match(response.headers.get('x-bellwether-request-id'), /^bw-/)
    if (url === ANTHROPIC) assert.equal((await response.json()).request_id, 'req_vendor')
  }
})

test('it can stand in the platform’s place, wrapped or not, and passes on what is none of its business', async (t) => {
  const platform = globalThis.fetch
  t.after(() => { globalThis.fetch = platform })
  const { client, a } = setup(t, { servers: 1 })
  const { fetch } = client
  for (const placed of [fetch, (...args) => fetch(...args)]) {
    globalThis.fetch = placed
    const listed = await globalThis.fetch(`${a.url}/models`)
    assert.equal((await listed.json()).object, 'list')
    const answered = await globalThis.fetch(OPENAI, post(chat()))
    assert.equal((await answered.json()).choices[0].message.content, 'Hello from A')
  }
})

test('what is no chat completion goes to the platform', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { seen, url } = await recorder(t, { ok: true })
  assert.equal(await (await client.fetch('data:text/plain,hello')).text(), 'hello')
  assert.deepEqual(await (await client.fetch(`${url}/v1/files/x`)).json(), { ok: true })
  assert.deepEqual(await (await client.fetch(`${url}/v1/chat/completions`)).json(), { ok: true })
  assert.deepEqual(seen.map((s) => s.url), ['/v1/files/x', '/v1/chat/completions'])
})

test('an abort rejects with the reason itself, before, while waiting and while reading', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const reason = new Error('enough')
  const fails = (promise) => assert.rejects(promise, (error) => error === reason)
  await fails(client.fetch(OPENAI, post(chat(), { signal: AbortSignal.abort(reason) })))
  a.always(faults.hang())
  for (const [i, stream] of [false, true].entries()) {
    const controller = new AbortController()
    const asked = client.fetch(OPENAI, post(chat({ stream }), { signal: controller.signal }))
    await a.waitForHits(i + 1)
    controller.abort(reason)
    await fails(asked)
  }
  a.always(faults.stall({ after: 1 }))
  const controller = new AbortController()
  const response = await client.fetch(OPENAI, post(chat({ stream: true }), { signal: controller.signal }))
  const reader = response.body.getReader()
  await reader.read()
  controller.abort(reason)
  await fails((async () => { while (!(await reader.read()).done); })())
  await until('nothing is left', () => client.metrics.snapshot().activeCalls === 0)
})

test('a stream is live: its first byte leaves before the last arrives', async (t) => {
  let finish
  const server = http.createServer((request, response) => {
    request.resume()
    const chunk = (delta, reason = null) => `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`
    response.setHeader('content-type', 'text/event-stream').write(chunk({ role: 'assistant', content: 'first' }))
    finish = () => response.end(`${chunk({ content: 'last' })}${chunk({}, 'stop')}data: [DONE]\n\n`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: `http://127.0.0.1:${server.address().port}` }] })
  for (const [url, body] of [[OPENAI, chat({ stream: true })], [ANTHROPIC, message({ stream: true })], [`${GOOGLE}:streamGenerateContent?alt=sse`, contents()]]) {
    const reader = (await client.fetch(url, post(body))).body.getReader()
    let text = ''
    while (!text.includes('first')) text += new TextDecoder().decode((await reader.read()).value)
    assert.ok(!text.includes('last'))
    finish()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      text += new TextDecoder().decode(value)
    }
    assert.ok(text.includes('last'))
  }
})

test('a stream that breaks off errors its body, and one that fails before content moves on', async (t) => {
  const { client, a } = setup(t)
  a.script(faults.cut({ after: 0 }), faults.cut({ after: 2 }))
  const moved = await client.fetch(OPENAI, post(chat({ stream: true })))
  assert.match(await moved.text(), /from[^]* B[^]*\[DONE\]/)
  const cut = await client.fetch(OPENAI, post(chat({ stream: true })))
  await assert.rejects(cut.text(), (error) => error.name === 'StreamInterruptedError')
})

test('what came before a break is read, through however many pipes', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.script(faults.combine(faults.healthy({ content: 'one two three four' }), faults.cut({ after: 3 })))
  const { body } = await client.fetch(OPENAI, post(chat({ stream: true })))
  await a.waitForHits(1, { outcome: 'cut' })
  const lines = new TransformStream({ transform: (text, controller) => text.split('\n').forEach((line) => controller.enqueue(line)) })
  const read = []
  await assert.rejects(async () => {
    for await (const line of body.pipeThrough(new TextDecoderStream()).pipeThrough(lines)) {
      const word = /"content":"\s*(\w+)"/.exec(line)
      if (word) read.push(word[1])
      for (let i = 0; i < 20; i++) await null
    }
  }, { name: 'StreamInterruptedError' })
  assert.deepEqual(read, ['one', 'two', 'three'])
})

test('a caller that waits for the vendor counts as reading', async (t) => {
  const { client, a } = setup(t, { servers: 1, timeout: { content: '5m' } })
  a.always(faults.stall({ after: 1 }))
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { body } = await client.fetch(OPENAI, post(chat({ stream: true })))
  const reader = body.getReader()
  for (let text = ''; !text.includes('Hello');) text += new TextDecoder().decode((await reader.read()).value)
  const waiting = assert.rejects(reader.read(), { name: 'StreamInterruptedError' })
  await new Promise((resolve) => setImmediate(resolve))
  t.mock.timers.tick(120_000)
  a.dropConnections()
  await waiting
})

test('a cancelled or unread body gives its connection up', async (t) => {
  const a = serve(t, { name: 'A' })
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: a.url }] })
  a.always(faults.stall({ after: 1 }))
  const cancelled = await client.fetch(OPENAI, post(chat({ stream: true })))
  await cancelled.body.cancel()
  await a.waitForHits(1, { outcome: 'clientAborted' })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const left = await client.fetch(OPENAI, post(chat({ stream: true })))
  t.mock.timers.tick(59_999)
  assert.equal(a.hits({ outcome: 'clientAborted' }).length, 1)
  t.mock.timers.tick(1)
  await a.waitForHits(2, { outcome: 'clientAborted' })
  await assert.rejects(left.text(), /was not read for 60 s/)
})

test('a response without references is collected, though its signal lives on and its stream has not ended', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.always(faults.stall({ after: 1 }))
  const { signal } = new AbortController()
  const left = async () => {
    const response = await client.fetch(OPENAI, post(chat({ stream: true }), { signal }))
    await response.body.getReader().read()
    return new WeakRef(response.body)
  }
  const body = await left()
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc')
  await until('collected', () => {
    gc()
    return body.deref() === undefined
  })
  assert.equal(a.hits()[0].outcome, 'pending')
})
