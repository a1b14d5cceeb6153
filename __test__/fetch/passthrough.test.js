'use strict'

// What vendors offer beside chat completions, through `client.fetch`: to an endpoint of the same dialect and back,
// as it is, but for model and credentials, and to the next one where the first fails or has not got it.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const { once } = require('node:events')
const { Readable } = require('node:stream')
const { default: OpenAI, toFile } = require('openai')
const { default: Anthropic } = require('@anthropic-ai/sdk')
const { GoogleGenAI } = require('@google/genai')
const { KEY, openClient, recordEvents, until } = require('../helpers/client')

const JSON_TYPE = { 'content-type': 'application/json' }
const V1 = 'https://api.openai.com/v1'
const post = (body, headers = JSON_TYPE) => ({ method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) })

/** A vendor that writes down what it is sent; `answer` answers. */
async function vendor (t, answer) {
  const seen = []
  const server = http.createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const asked = { method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks) }
    seen.push(asked)
    answer(response, asked)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  return { seen, url: `http://127.0.0.1:${server.address().port}` }
}

const json = (value, status = 200, headers = {}) => (response) => response.writeHead(status, { ...JSON_TYPE, ...headers }).end(JSON.stringify(value))
const missing = json({ error: { message: 'Not found', type: 'invalid_request_error' } }, 404)
const down = json({ error: { message: 'down' } }, 500)

/** A client on these vendors, which speak one dialect. */
async function on (t, answers, { dialect = 'openai', endpoint = {}, ...options } = {}) {
  const vendors = await Promise.all(answers.map((answer) => vendor(t, answer)))
  const client = openClient(t, {
    retry: { backoff: { initial: 1, max: 5, factor: 2 } },
    endpoints: vendors.map(({ url }, i) => ({ name: 'AB'[i], dialect, baseURL: url, ...endpoint })),
    ...options
  })
  return { client, vendors }
}

test('where each official path goes, and what does not come to us', async (t) => {
  const rows = {
    openai: [
      ['POST', `${V1}/embeddings`, '/v1/embeddings'],
      ['POST', `${V1}/completions`, '/v1/completions'],
      ['POST', 'https://x.openai.azure.com/openai/deployments/d/embeddings?api-version=1', '/v1/embeddings?api-version=1'],
      ['POST', 'https://relay.test/api/v3/embeddings', '/v1/embeddings'],
      ['POST', `${V1}/moderations`, '/v1/moderations'],
      ['POST', `${V1}/images/generations`, '/v1/images/generations'],
      ['POST', `${V1}/audio/speech`, '/v1/audio/speech'],
      ['POST', `${V1}/responses`, '/v1/responses'],
      ['GET', `${V1}/responses/resp_1?include%5B0%5D=x`, '/v1/responses/resp_1?include%5B0%5D=x'],
      ['POST', `${V1}/responses/resp_1/cancel`, '/v1/responses/resp_1/cancel'],
      ['GET', `${V1}/responses/resp_1/input_items?limit=2`, '/v1/responses/resp_1/input_items?limit=2'],
      ['DELETE', `${V1}/responses/resp_1`, '/v1/responses/resp_1'],
      ['GET', `${V1}/models`, '/v1/models'],
      ['GET', `${V1}/models/org/a-model`, '/v1/models/org/a-model']
    ],
    anthropic: [
      ['POST', 'https://api.anthropic.com/v1/messages/count_tokens?beta=true', '/v1/messages/count_tokens?beta=true'],
      ['GET', 'https://api.anthropic.com/v1/models?limit=3', '/v1/models?limit=3']
    ],
    google: [
      ['POST', 'https://g.test/v1beta/models/m:countTokens?key=theirs', '/v1beta/models/m:countTokens'],
      ['POST', 'https://g.test/v1beta/models/m:batchEmbedContents', '/v1beta/models/m:batchEmbedContents'],
      ['GET', 'https://g.test/v1beta/models?pageSize=2&key=theirs', '/v1beta/models?pageSize=2'],
      ['GET', 'https://g.test/v1beta/models/m', '/v1beta/models/m']
    ]
  }
  for (const [dialect, list] of Object.entries(rows)) {
    const { client, vendors: [{ seen }] } = await on(t, [json({ ok: true })], { dialect })
    for (const [method, url, expected] of list) {
      const headers = { ...(dialect === 'anthropic' && { 'anthropic-version': '2023-06-01' }), authorization: 'Bearer theirs' }
      const response = await client.fetch(url, { method, headers, ...(method === 'POST' && { body: '{}' }) })
      assert.deepEqual(await response.json(), { ok: true }, url)
      const asked = seen.at(-1)
      assert.deepEqual([asked.method, asked.url], [method, expected])
      assert.ok(JSON.stringify(asked.headers).includes(KEY) && !JSON.stringify(asked).includes('theirs'))
    }
  }
  const platform = await vendor(t, json({ platform: true }))
  const { client, vendors: [{ seen }] } = await on(t, [json({ ok: true })])
  for (const [method, path] of [['GET', '/v1/files'], ['POST', '/v1/batches'], ['GET', '/images/cat.png'], ['GET', '/blog/models'], ['DELETE', '/v1/models/mine'], ['POST', '/v1/messages/batches'], ['POST', '/survey/responses'], ['POST', '/form/completions'], ['POST', '/my/moderations']]) {
    const response = await client.fetch(platform.url + path, { method })
    assert.deepEqual(await response.json(), { platform: true }, path)
  }
  assert.equal(await (await client.fetch('data:text/plain,hello')).text(), 'hello')
  assert.equal(seen.length, 0)
})

test('the body arrives byte for byte, but for the model where an alias or a list renames it', async (t) => {
  const body = '{ "input":"hä",  "model" : "embed", "zz": 1.0e3 }'
  const { client, vendors: [{ seen }] } = await on(t, [json({ data: [] })], {
    endpoint: { models: { embed: 'text-embedding-3-small', 'gpt-4o': 'gpt-4o' } }
  })
  const response = await client.fetch(`${V1}/embeddings`, post(body, { 'content-type': 'application/json; charset=utf-8', 'x-mine': 'kept' }))
  assert.equal(seen[0].body.toString(), body.replace('"embed"', '"text-embedding-3-small"'))
  assert.deepEqual([seen[0].headers['content-type'], seen[0].headers['x-mine']], ['application/json; charset=utf-8', 'kept'])
  assert.equal(response.headers.get('x-bellwether-model'), 'text-embedding-3-small')
  const google = await on(t, [json({ embeddings: [] })], { dialect: 'google', models: { mine: ['gemini-embedding-001'] } })
  await google.client.fetch('https://g.test/v1beta/models/mine:batchEmbedContents', post({ model: 'models/mine', requests: [{ model: 'models/mine', content: {} }, { model: 'models/other' }], zz: 1 }))
  const [{ url, body: told }] = google.vendors[0].seen
  assert.equal(url, '/v1beta/models/gemini-embedding-001:batchEmbedContents')
  assert.deepEqual(JSON.parse(told), { model: 'models/gemini-embedding-001', requests: [{ model: 'models/gemini-embedding-001', content: {} }, { model: 'models/other' }], zz: 1 })
  // A prefix of a name that only clients use is removed on the way.
  const named = await on(t, [json({ at: 'A' }), json({ at: 'B' })], { models: { mine: ['B/text-x'], ours: ['openai/text-y'] }, endpoint: { provider: 'openai' } })
  const sent = async (model) => {
    const { at } = await (await named.client.fetch(`${V1}/embeddings`, post({ model }))).json()
    return [at, JSON.parse(named.vendors['AB'.indexOf(at)].seen.at(-1).body).model]
  }
  assert.deepEqual([await sent('mine'), await sent('ours'), await sent('plain')], [['B', 'text-x'], ['A', 'text-y'], ['A', 'plain']])
  // A list is of models for chats: what it does not name is sent all the same.
  await client.fetch(`${V1}/embeddings`, post('{"model":"other"}'))
  assert.equal(seen[1].body.toString(), '{"model":"other"}')
})

test('retries and failover are those of a chat; an endpoint that lacks the resource is skipped without blame', async (t) => {
  let times = 0
  const flaky = (response) => (times++ === 0 ? down : json({ from: 'A' }))(response)
  const one = await on(t, [flaky])
  assert.deepEqual(await (await one.client.fetch(`${V1}/embeddings`, post({ model: 'e' }))).json(), { from: 'A' })
  assert.equal(times, 2)

  for (const [first, status] of [[down, 500], [missing, 404], [json({}, 405), 405], [json({ error: { code: 429, message: 'slow down' } }, 429, { 'retry-after': '60' }), 429], [(response) => response.destroy(), 0]]) {
    const { client, vendors: [a, b] } = await on(t, [first, json({ from: 'B' }, 200, { 'x-ratelimit-remaining-requests': '7', 'openai-organization': 'secret-org' })])
    const events = recordEvents(client, 'failover')
    const response = await client.fetch(`${V1}/responses`, post({ model: 'gpt-4o', input: 'hi' }))
    assert.deepEqual(await response.json(), { from: 'B' }, String(status))
    assert.ok(a.seen.length >= 1 && b.seen.length === 1)
    assert.deepEqual([response.headers.get('x-bellwether-endpoint'), response.headers.get('x-ratelimit-remaining-requests'), response.headers.get('openai-organization')], ['B', '7', null])
    await until('the event', () => events.length === 1)
  }

  // An endpoint without embeddings still serves chats.
  const { client } = await on(t, [(response, { url }) => (url.endsWith('/chat/completions') ? json({ choices: [{ index: 0, message: { role: 'assistant', content: 'from A' }, finish_reason: 'stop' }] }) : missing)(response), down])
  const failed = await client.fetch(`${V1}/responses`, post({ model: 'gpt-4o' }))
  assert.equal(failed.status, 404)
  assert.equal(failed.headers.get('x-should-retry'), 'false')
  assert.equal((await client.chatCompletion('gpt-4o', 'hi')).choices[0].message.content, 'from A')
})

test('a response is found, and gone on with, where it is stored', async (t) => {
  const elsewhere = json({ error: { message: "Previous response with id 'resp_1' not found.", type: 'invalid_request_error', param: 'previous_response_id', code: 'previous_response_not_found' } }, 400)
  const { client } = await on(t, [(response, { method }) => (method === 'POST' ? elsewhere : missing)(response), json({ from: 'B' })])
  const events = recordEvents(client, 'breaker', 'cooldown')
  for (const init of [post({ model: 'm', input: 'go on', previous_response_id: 'resp_1' }), { method: 'GET' }, { method: 'DELETE' }]) {
    const response = await client.fetch(`${V1}/responses${init.method === 'POST' ? '' : '/resp_1'}`, init)
    assert.deepEqual([await response.json(), response.headers.get('x-bellwether-attempts')], [{ from: 'B' }, '2'], init.method)
  }
  assert.deepEqual(events, [])
  const alone = await on(t, [elsewhere])
  assert.equal((await alone.client.fetch(`${V1}/responses`, post({ previous_response_id: 'resp_1' }))).status, 400)
})

test('an endpoint that lists the model comes first', async (t) => {
  const [a, b] = await Promise.all([vendor(t, json({ from: 'A' })), vendor(t, json({ from: 'B' }))])
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: a.url }, { name: 'B', baseURL: b.url, models: ['embed'] }] })
  const from = async (model) => (await (await client.fetch(`${V1}/embeddings`, post({ model }))).json()).from
  assert.deepEqual([await from('embed'), await from('other')], ['B', 'A'])
})

test('hedges, canned answers and commit: \'end\' are the chats\' alone, and so is a rate budget', async (t) => {
  // A slow first answer: a chat beside it is hedged, which takes longer than a hedge of the other would.
  const chat = { choices: [{ index: 0, message: { role: 'assistant', content: 'from B' }, finish_reason: 'stop' }] }
  let letGo
  const slow = (response, { url }) => { if (url.endsWith('/embeddings')) letGo = () => json({ from: 'A' })(response) }
  const hedged = await on(t, [slow, json(chat)], { hedge: { after: 1, maxExtraLoad: 1 } })
  const asked = hedged.client.fetch(`${V1}/embeddings`, post({ model: 'e' }))
  await until('asked', () => letGo !== undefined)
  assert.equal((await hedged.client.chatCompletion('m', 'hi')).report.endpoint, 'B')
  letGo()
  assert.deepEqual(await (await asked).json(), { from: 'A' })
  assert.deepEqual(hedged.vendors[1].seen.map(({ url }) => url), ['/v1/chat/completions'])

  const { client } = await on(t, [down], { maxRetries: 0, fallbackResponse: 'sorry', onUnavailable: 'fallback' })
  assert.equal((await client.fetch(`${V1}/embeddings`, post({ model: 'e' }))).status, 500)

  let finish
  const begins = (response) => { response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n'); finish = () => response.end() }
  const live = await on(t, [begins], { streams: { commit: 'end' } })
  const { body } = await live.client.fetch(`${V1}/responses`, post({ model: 'm', stream: true }))
  const reader = body.getReader()
  assert.equal(Buffer.from((await reader.read()).value).toString(), 'data: {}\n\n')
  finish()
  assert.equal((await reader.read()).done, true)

  const paced = await on(t, [(response, { url }) => json(url.endsWith('/completions') ? chat : {})(response)], { maxRetries: 0, onUnavailable: 'error', endpoint: { limits: { rpm: 1 } } })
  const statuses = []
  for (const body of [{ input: 'hi' }, { messages: [{ role: 'user', content: 'hi' }] }]) {
    for (let i = 0; i < 2; i++) statuses.push((await paced.client.fetch(`${V1}/${'input' in body ? 'responses' : 'chat/completions'}`, post({ model: 'm', ...body }))).status)
  }
  assert.deepEqual(statuses, [200, 429, 200, 429])
})

test('no endpoint of the dialect: a clear error, and nothing is sent', async (t) => {
  const { client, vendors: [{ seen }] } = await on(t, [json({})], { dialect: 'anthropic' })
  const response = await client.fetch(`${V1}/embeddings`, post({ model: 'e' }))
  assert.equal(response.status, 404)
  assert.match((await response.json()).error.message, /no endpoint speaks the dialect of this request, openai, which is not translated/)
  assert.equal(seen.length, 0)
})

test('a caller\'s mistake ends it, in the words of the vendor', async (t) => {
  const { client, vendors: [, b] } = await on(t, [json({ error: { message: 'input is required', type: 'invalid_request_error', code: 'missing' } }, 400), json({})])
  const openai = new OpenAI({ apiKey: 'theirs', maxRetries: 0, fetch: client.fetch })
  await assert.rejects(openai.embeddings.create({ model: 'e', input: '' }), (error) => error instanceof OpenAI.BadRequestError && /input is required/.test(error.message))
  assert.equal(b.seen.length, 0)
})

test('JSON that is cut or no JSON is asked for anew', async (t) => {
  const cut = (response) => { response.writeHead(200, { ...JSON_TYPE, 'content-length': 50 }).write('{"data":['); setImmediate(() => response.destroy()) }
  const page = (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Sign in</h1>')
  const broken = (response) => response.writeHead(200, JSON_TYPE).end('{"data":')
  const refused = json({ error: { message: 'quota', code: 'insufficient_quota' } })
  const latin1 = (response) => response.writeHead(200, JSON_TYPE).end(Buffer.from('{"a":"\xe9"}', 'latin1'))
  for (const first of [cut, page, broken, refused, latin1]) {
    const { client } = await on(t, [first, json({ from: 'B' })])
    assert.deepEqual(await (await client.fetch(`${V1}/embeddings`, post({ model: 'e' }))).json(), { from: 'B' })
  }
  const { client } = await on(t, [(response) => response.writeHead(200, JSON_TYPE).end('\ufeff{"from":"A"}'), json({ from: 'B' })])
  assert.deepEqual(await (await client.fetch(`${V1}/embeddings`, post({ model: 'e' }))).json(), { from: 'A' })
})

test('an error in the place of the first event is asked for anew, however it is cut; a later one is passed on', async (t) => {
  const created = 'event: response.created\ndata: {"type":"response.created"}\n\n'
  const quota = 'event: error\ndata: {"type":"error","error":{"type":"insufficient_quota","code":"insufficient_quota","message":"You exceeded your current quota"}}\n\n'
  const says = (...pieces) => async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    for (const piece of pieces) await new Promise((resolve) => response.write(piece, resolve))
    response.end()
  }
  const ask = async (first) => {
    const { client } = await on(t, [first, says(created)])
    const response = await client.fetch(`${V1}/responses`, post({ model: 'm', stream: true }))
    return [response.headers.get('x-bellwether-endpoint'), await response.text()]
  }
  for (const first of [says(quota), says(': alive\n\n', ...quota), says(quota.trimEnd())]) assert.deepEqual(await ask(first), ['B', created])
  for (const text of [created + quota, ': alive\n\n', `data: {"type":"image","b64":"${'A'.repeat(100_000)}"}\n\n`]) {
    assert.deepEqual(await ask(says(text)), ['A', text])
  }
})

test('bytes that are no text arrive as they were, live, and a cut errors the body', async (t) => {
  const sound = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 31) % 256))
  let goOn
  const gate = new Promise((resolve) => { goOn = resolve })
  const speaks = async (response) => {
    response.writeHead(200, { 'content-type': 'audio/mpeg' }).write(sound.subarray(0, 1000))
    await gate
    response.end(sound.subarray(1000))
  }
  const { client } = await on(t, [speaks])
  const openai = new OpenAI({ apiKey: 'theirs', maxRetries: 0, fetch: client.fetch })
  const response = await openai.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'hi' })
  const reader = response.body.getReader()
  const chunks = [(await reader.read()).value]
  assert.ok(chunks[0].length <= 1000, 'the first bytes come before the last are sent')
  goOn()
  for (let read = await reader.read(); !read.done; read = await reader.read()) chunks.push(read.value)
  assert.deepEqual(Buffer.concat(chunks), sound)
  assert.equal(response.headers.get('content-type'), 'audio/mpeg')

  let cut
  const breaks = (response) => { response.writeHead(200, { 'content-type': 'audio/mpeg' }).write('abc'); cut = () => response.destroy() }
  const { client: other } = await on(t, [breaks])
  const begun = await other.fetch(`${V1}/audio/speech`, post({ model: 'tts-1' }))
  cut()
  await assert.rejects(begun.arrayBuffer(), (error) => error.name === 'StreamInterruptedError')
})

test('a form with a file arrives with its boundary', async (t) => {
  const { client, vendors: [{ seen }] } = await on(t, [json({ text: 'hello' })])
  const openai = new OpenAI({ apiKey: 'theirs', maxRetries: 0, fetch: client.fetch })
  const file = Buffer.from([0, 255, 128, 7])
  const { text } = await openai.audio.transcriptions.create({ model: 'whisper-1', file: await toFile(file, 'a.wav') })
  assert.equal(text, 'hello')
  const [{ headers, body }] = seen
  const form = await new Response(body, { headers: { 'content-type': headers['content-type'] } }).formData()
  assert.equal(form.get('model'), 'whisper-1')
  assert.deepEqual(Buffer.from(await form.get('file').arrayBuffer()), file)
})

test('a form is not read: its model stays as it is', async (t) => {
  const { client, vendors: [{ seen }] } = await on(t, [json({ text: 'hello' })], { models: { mine: ['whisper-1'] } })
  const form = new FormData()
  form.set('model', 'mine')
  const response = await client.fetch(`${V1}/audio/transcriptions`, { method: 'POST', body: form })
  assert.match(seen[0].body.toString(), /name="model"\r\n\r\nmine\r\n/)
  assert.equal(response.headers.get('x-bellwether-model'), null)
})

test('a stored response that failed is an answer', async (t) => {
  const stored = { id: 'resp_1', object: 'response', status: 'failed', error: { code: 'server_error', message: 'x' } }
  const { client, vendors: [, b] } = await on(t, [json(stored), json({})])
  assert.deepEqual(await (await client.fetch(`${V1}/responses/resp_1`)).json(), stored)
  assert.equal(b.seen.length, 0)
})

test('an answer without a body is one', async (t) => {
  const { client, vendors: [{ seen }] } = await on(t, [(response) => response.writeHead(204).end()])
  const response = await client.fetch(`${V1}/responses/resp_1`, { method: 'DELETE' })
  assert.deepEqual([response.status, response.body, seen.length], [204, null, 1])
  await until('it is over', () => client.metrics.snapshot().activeCalls === 0)
  assert.deepEqual(client.metrics.snapshot().series.map(({ operation, attempts, failed }) => [operation, attempts, failed]), [['other', 1, 0]])
})

test('a key that a vendor quotes in its head is no header\'s, and costs no answer', async (t) => {
  const quotes = (response, { url }) => {
    const body = url.endsWith('/chat/completions') ? { id: 'x', choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }] } : {}
    json(body, 200, { 'x-request-id': KEY, 'content-disposition': `inline; filename=${KEY}` })(response)
  }
  const { client } = await on(t, [quotes])
  for (const path of ['/embeddings', '/chat/completions']) {
    const response = await client.fetch(`${V1}${path}`, post({ model: 'e', messages: [{ role: 'user', content: 'hi' }] }))
    assert.equal(response.headers.get('x-request-id'), 'sk-...cdef')
    assert.ok(!JSON.stringify([...response.headers]).includes(KEY))
  }
})

test('a path that climbs, as some server may read it, does not take the endpoint\'s key with it', async (t) => {
  const { client, vendors: [{ seen }] } = await on(t, [json({})])
  const here = await vendor(t, json({}))
  const paths = ['/responses/..%2ffiles', '/responses/..%252ffiles', '/models/%25252e%25252e%252fadmin', '/responses/..%5Cfiles', '/models/a%2f%2e%2e%2fadmin', '/models/..;/files', '/models/..%2f%ff']
  for (const path of paths) {
    await client.fetch(`${here.url}/v1${path}`)
    assert.equal((await client.handler(new Request(`http://me/v1${path.replace('/models', '/responses')}`))).status, 404, path)
  }
  assert.deepEqual([seen.length, here.seen.length], [0, paths.length])
  await client.fetch(`${V1}/models/org%2Fmodel..x`)
  assert.equal(seen[0].url, '/v1/models/org%2Fmodel..x')
})

test('a GET has no body: behind its head that would be a request of its own', async (t) => {
  const { client, vendors: [{ seen }] } = await on(t, [json({})])
  await assert.rejects(client.fetch(`${V1}/models`, { body: 'POST /v1/files HTTP/1.1\r\nhost: x\r\n\r\n' }), TypeError)
  assert.equal(seen.length, 0)
})

test('a body that never ends is given up with its request', async (t) => {
  const { client, vendors: [{ seen }] } = await on(t, [json({})])
  for (const path of ['/embeddings', '/chat/completions']) {
    for (const ask of [client.fetch, (url, init) => client.handler(new Request(url, init))]) {
      const controller = new AbortController()
      let pulled
      const asked = new Promise((resolve) => { pulled = resolve })
      const body = new ReadableStream({ pull () { pulled(); return new Promise(() => {}) } }, { highWaterMark: 0 })
      const response = ask(`${V1}${path}`, { method: 'POST', body, duplex: 'half', signal: controller.signal })
      await asked
      controller.abort(new Error('enough'))
      await assert.rejects(response, /enough/)
    }
  }
  assert.equal(seen.length, 0)
})

test('the handler takes a Request that is not the platform\'s', async (t) => {
  const { client, vendors: [{ seen }] } = await on(t, [json({})])
  const url = 'http://me/v1/embeddings'
  const headers = new Headers(JSON_TYPE)
  for (const body of [Readable.from([Buffer.from('{"model"'), Buffer.from(':"e"}')]), undefined]) {
    assert.equal((await client.handler({ method: 'POST', url, headers, body })).status, 200)
  }
  assert.deepEqual(seen.map(({ body }) => body.toString()), ['{"model":"e"}', ''])
})

test('bytes are those of the call, whatever is written over them after it', async (t) => {
  const { client, vendors: [{ seen }] } = await on(t, [json({})])
  const body = Buffer.from('{"model":"e"}')
  const response = client.fetch(`${V1}/embeddings`, { method: 'POST', headers: JSON_TYPE, body })
  body.fill('x')
  assert.equal((await response).status, 200)
  assert.equal(seen[0].body.toString(), '{"model":"e"}')
})

test('what is between one caller and one vendor is not passed on', async (t) => {
  const cached = (response, { headers }) => ('if-none-match' in headers ? response.writeHead(304).end() : json({ ok: true })(response))
  const { client, vendors: [{ seen }] } = await on(t, [cached])
  for (let i = 0; i < 5; i++) {
    const response = await client.fetch(`${V1}/models`, { headers: { 'if-none-match': '"a"', 'if-modified-since': 'x', range: 'bytes=0-1', 'keep-alive': 'x', 'proxy-connection': 'x', 'http2-settings': 'x', 'x-a': 'é' } })
    assert.deepEqual(await response.json(), { ok: true })
  }
  const names = Object.keys(seen[0].headers)
  assert.deepEqual(names.filter((name) => /^(?:if-|range|keep-alive|proxy-|http2)/.test(name)), [])
  assert.equal(seen[0].headers['x-a'], 'é', 'a byte a character, as the platform sends it')
})

test('odd answers that are sound', async (t) => {
  const neverEnds = (response) => response.writeHead(205).write('x')
  const marked = (response) => response.writeHead(200, JSON_TYPE).end('\ufeff{"ok":true}')
  const { client: one } = await on(t, [neverEnds])
  assert.equal((await one.fetch(`${V1}/responses/r`, { method: 'DELETE' })).status, 205)
  await until('it is over', () => one.metrics.snapshot().activeCalls === 0)
  const { client: other } = await on(t, [marked])
  assert.deepEqual(await (await other.fetch(`${V1}/models`)).json(), { ok: true })
})

test('abort rejects with its reason, and the vendor is let go', async (t) => {
  let closed
  const hangs = (response) => { closed = once(response, 'close') }
  const { client, vendors: [{ seen }] } = await on(t, [hangs])
  const controller = new AbortController()
  const asked = client.fetch(`${V1}/embeddings`, { ...post({ model: 'e' }), signal: controller.signal })
  await until('asked', () => seen.length === 1)
  controller.abort(new Error('enough'))
  await assert.rejects(asked, /enough/)
  await closed
})

test('the official SDKs: models, embeddings, tokens, responses and their streams', async (t) => {
  const events = ['response.created', 'response.output_text.delta', 'response.completed']
    .map((type, i) => `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: i, ...(i === 1 ? { delta: 'hello', item_id: 'i', output_index: 0, content_index: 0 } : { response: { id: 'r', output: [], status: 'completed' } }) })}\n\n`)
  const openaiVendor = (response, { url, body }) => {
    if (url.startsWith('/v1/models')) return json({ object: 'list', data: [{ id: 'gpt-x', object: 'model', created: 1, owned_by: 'o' }] })(response)
    if (url === '/v1/embeddings') return json({ object: 'list', data: [{ object: 'embedding', index: 0, embedding: Buffer.from(new Float32Array([0.5, -1]).buffer).toString('base64') }], model: 'e', usage: {} })(response)
    if (JSON.parse(body).stream) return response.writeHead(200, { 'content-type': 'text/event-stream' }).end(events.join(''))
    json({ id: 'r', object: 'response', output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'hello', annotations: [] }] }] })(response)
  }
  const { client } = await on(t, [down, openaiVendor])
  const openai = new OpenAI({ apiKey: 'theirs', maxRetries: 0, fetch: client.fetch })
  const ids = []
  for await (const { id } of await openai.models.list()) ids.push(id)
  assert.deepEqual(ids, ['gpt-x'])
  assert.deepEqual((await openai.embeddings.create({ model: 'e', input: 'hi' })).data[0].embedding, [0.5, -1])
  assert.equal((await openai.responses.create({ model: 'gpt-x', input: 'hi' })).output_text, 'hello')
  const heard = []
  for await (const event of await openai.responses.create({ model: 'gpt-x', input: 'hi', stream: true })) heard.push(event.delta ?? event.type)
  assert.deepEqual(heard, ['response.created', 'hello', 'response.completed'])

  const claude = await on(t, [down, (response, { url }) => json(url.startsWith('/v1/models') ? { data: [{ id: 'claude-x', type: 'model' }], has_more: false } : { input_tokens: 7 })(response)], { dialect: 'anthropic' })
  const anthropic = new Anthropic({ apiKey: 'theirs', maxRetries: 0, fetch: claude.client.fetch })
  assert.deepEqual((await anthropic.models.list()).data.map(({ id }) => id), ['claude-x'])
  assert.equal((await anthropic.messages.countTokens({ model: 'claude-x', messages: [{ role: 'user', content: 'hi' }] })).input_tokens, 7)

  const gemini = await on(t, [down, (response, { url }) => json(url.endsWith(':countTokens') ? { totalTokens: 3 } : url.includes('mbedContent') ? { embeddings: [{ values: [1, 2] }], embedding: { values: [1, 2] } } : { models: [{ name: 'models/g' }] })(response)], { dialect: 'google' })
  const google = new GoogleGenAI({ apiKey: 'theirs', httpOptions: { fetch: gemini.client.fetch } })
  assert.equal((await google.models.countTokens({ model: 'g', contents: 'hi' })).totalTokens, 3)
  assert.deepEqual((await google.models.embedContent({ model: 'g', contents: 'hi' })).embeddings[0].values, [1, 2])
  const names = []
  for await (const { name } of await google.models.list()) names.push(name)
  assert.deepEqual(names, ['models/g'])
})

test('the HTTP handler passes the same on', async (t) => {
  const { client, vendors: [, b] } = await on(t, [down, json({ from: 'B' })])
  const response = await client.handler(new Request('http://me/v1/embeddings', post('{"model":"e","input":"hi"}', { ...JSON_TYPE, authorization: 'Bearer theirs', cookie: 'c=1', 'x-mine': '1' })))
  assert.deepEqual(await response.json(), { from: 'B' })
  const [{ headers, body }] = b.seen
  assert.equal(body.toString(), '{"model":"e","input":"hi"}')
  assert.equal(headers['content-type'], 'application/json')
  assert.ok(!JSON.stringify(headers).includes('theirs') && headers.cookie === undefined && headers['x-mine'] === undefined)
  await client.handler(new Request('http://me/v1/responses/r?token=theirs&include%5B%5D=a&include%5B%5D=b&access_token=t&stream=true&starting_after=4'))
  assert.equal(b.seen[1].url, '/v1/responses/r?include%5B%5D=a&include%5B%5D=b&stream=true&starting_after=4')
  // The client itself answers the list of models.
  assert.deepEqual(await (await client.handler(new Request('http://me/v1/models'))).json(), { object: 'list', data: [] })
})
