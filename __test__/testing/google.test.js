'use strict'

const assert = require('node:assert/strict')
const { ApiError, GoogleGenAI } = require('@google/genai')
const { test } = require('node:test')
const { eventsOf, faults, serve } = require('./helpers')

const CONTENTS = [{ role: 'user', parts: [{ text: 'hi' }] }]
const MODEL = 'gemini-3-pro'

function post(server, { base = '/v1beta', method = 'generateContent', model = MODEL, headers = {}, ...body } = {}) {
  return fetch(`${server.url}${base}/models/${model}:${method}`, { method: 'POST', headers, body: JSON.stringify({ contents: CONTENTS, ...body }) })
}

const STREAM = 'streamGenerateContent?alt=sse'

function clientOf(server) {
  return new GoogleGenAI({ apiKey: 'test-key', httpOptions: { baseUrl: server.url } })
}

test('a whole answer is a GenerateContentResponse, at every version of the API', async (t) => {
  const server = serve(t, { dialect: 'google' })
  for (const [i, base] of ['', '/v1', '/v1beta', '/v1alpha'].entries()) {
    assert.deepEqual(await (await post(server, { base })).json(), {
      candidates: [{ content: { parts: [{ text: 'Hello from A' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
      usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 3, totalTokenCount: 7 }, modelVersion: MODEL, responseId: `resp-A-${i + 1}`,
    })
  }
})

test('the bytes of a stream, and without alt=sse an array', async (t) => {
  const server = serve(t, { dialect: 'google' })
  server.always(faults.healthy({ content: 'Hi all', usage: { promptTokenCount: 2, totalTokenCount: 5 }, id: 'r' }))
  const chunk = (text, end, total) => `{"candidates":[{"content":{"parts":[{"text":"${text}"}],"role":"model"}${end},"index":0}],"usageMetadata":{"promptTokenCount":2,"totalTokenCount":${total}},"modelVersion":"${MODEL}","responseId":"r"}`
  const chunks = [chunk('Hi', '', 2), chunk(' all', '', 2), chunk('', ',"finishReason":"STOP"', 5)]
  const response = await post(server, { method: STREAM })
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  assert.equal(await response.text(), chunks.map((text) => `data: ${text}\r\n\r\n`).join(''))
  const array = await post(server, { method: 'streamGenerateContent' })
  assert.equal(array.headers.get('content-type'), 'application/json')
  assert.equal(await array.text(), `[${chunks.join(',')}]`)
  assert.ok(server.hits().every((hit) => hit.stream && hit.model === MODEL))
})

test('a relay takes the same bodies at an address of its own, and has OpenAI’s errors and models', async (t) => {
  const server = serve(t, { dialect: 'relay', keys: ['right'] })
  const headers = { authorization: 'Bearer right' }
  const ask = (path, body = { contents: CONTENTS }) => fetch(`${server.url}/v1/models/a%2Fb/generate${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  const answer = await (await ask('')).json()
  assert.deepEqual([answer.modelVersion, answer.candidates[0].content.parts], ['a/b', [{ text: 'Hello from A' }]])
  const text = await (await ask('?alt=sse')).text()
  assert.ok(!text.includes('\r'))
  assert.equal(eventsOf(text).map((data) => JSON.parse(data).candidates[0].content.parts[0].text).join(''), 'Hello from A')
  assert.deepEqual(server.hits().map((hit) => [hit.model, hit.stream]), [['a/b', false], ['a/b', true]])
  assert.match((await (await ask('', {})).json()).error.message, /contents is not specified/)
  server.script(faults.rateLimited({ retryAfter: '2s' }))
  const limited = await ask('')
  assert.deepEqual([limited.status, limited.headers.get('retry-after'), (await limited.json()).error.code], [429, '2', 'rate_limit_exceeded'])
  assert.equal((await (await fetch(`${server.url}/v1/models`, { headers })).json()).data[0].object, 'model')
  assert.equal((await (await fetch(`${server.url}/v1/models`)).json()).error.code, 'invalid_api_key')
  server.script(faults.errorEvent('serverError', { after: 1 }))
  assert.deepEqual(Object.keys(JSON.parse(eventsOf(await (await ask('?alt=sse')).text()).at(-1))), ['error'])
})

test('faults of streams are made of this dialect’s events', async (t) => {
  const server = serve(t, { dialect: 'google' })
  const told = async (fault) => {
    server.script(faults.combine(faults.healthy({ content: 'one two' }), fault))
    const text = await (await post(server, { method: STREAM })).text()
    assert.ok(!/[^\r]\n/.test(text))
    return eventsOf(text)
  }
  const last = JSON.parse((await told(faults.errorEvent('overloaded', { after: 1 }))).at(-1))
  assert.deepEqual(last, { error: { code: 503, message: 'The model is overloaded. Please try again later.', status: 'UNAVAILABLE' } })
  assert.equal((await told(faults.errorEvent('overloaded', { after: 1 }))).length, 2)
  assert.ok((await told(faults.missingFinish())).every((data) => !data.includes('finishReason')))
  assert.equal((await told(faults.missingDone())).length, 3)
  assert.deepEqual(JSON.parse((await told(faults.emptyChunks()))[0]).candidates[0].content.parts, [{ text: '' }])
  const broken = (await told(faults.malformedEvents(1, { after: 0 })))[0]
  assert.throws(() => JSON.parse(broken), SyntaxError)
  assert.deepEqual(JSON.parse((await told(faults.hugeEvent(10, { after: 0 })))[0]), { candidates: [], padding: 'pppppppppp' })
})

test('requests that the vendor refuses', async (t) => {
  const server = serve(t, { dialect: 'google' })
  const told = async (body) => {
    const response = await post(server, body)
    return response.status === 200 ? 'accepted' : (await response.json()).error.message
  }
  const call = { role: 'model', parts: [{ functionCall: { name: 'f', args: {} } }] }
  const result = { role: 'user', parts: [{ functionResponse: { name: 'f', response: { result: 'x' } } }] }
  for (const [message, body] of [
    [/contents is not specified/, { contents: undefined }], [/contents is not specified/, { contents: [] }],
    [/valid role: user, model/, { contents: [{ role: 'assistant', parts: [{ text: 'x' }] }] }],
    [/contents\[0\].parts: contents.parts must not be empty/, { contents: [{ role: 'user', parts: [] }] }],
    [/Unknown name "messages"/, { messages: [] }], [/Unknown name "max" at 'generation_config'/, { generationConfig: { max: 1 } }],
    [/accepted/, { system_instruction: { parts: [] }, generation_config: { max_output_tokens: 1 } }],
    [/number of function response parts/, { contents: [...CONTENTS, call, ...CONTENTS] }],
    [/number of function response parts/, { contents: [result] }],
    [/function_response.name: Name cannot be empty/, { contents: [...CONTENTS, call, { parts: [{ functionResponse: { response: {} } }] }] }],
    [/accepted/, { contents: [...CONTENTS, call, result] }],
  ]) assert.match(await told(body), message)
})

const ERRORS = {
  rateLimited: [429, 'RESOURCE_EXHAUSTED', /PerMinute/], slowDown: [429, 'RESOURCE_EXHAUSTED', /check quota/], tooLargeForLimit: [429, 'RESOURCE_EXHAUSTED', /Request too large/],
  quota: [429, 'RESOURCE_EXHAUSTED', /PerDay/], insufficientBalance: [402, 'RESOURCE_EXHAUSTED', /credits are depleted/],
  overloaded: [503, 'UNAVAILABLE', /overloaded/], serverError: [500, 'INTERNAL', /internal/], unavailable: [503, 'UNAVAILABLE', /./], gatewayTimeout: [504, 'DEADLINE_EXCEEDED', /./],
  requestTimeout: [408, 'CANCELLED', /./], conflict: [409, 'ABORTED', /./], auth: [400, 'INVALID_ARGUMENT', /API_KEY_INVALID/], permission: [403, 'PERMISSION_DENIED', /SERVICE_DISABLED/],
  notFound: [404, 'NOT_FOUND', /models\/gemini-3-pro is not found for API version v1beta/], badRequest: [400, 'INVALID_ARGUMENT', /./], unsupportedParameter: [400, 'INVALID_ARGUMENT', /Cannot find field/],
  unprocessable: [422, 'INVALID_ARGUMENT', /./], tooLarge: [400, 'INVALID_ARGUMENT', /payload size/], contextLength: [400, 'INVALID_ARGUMENT', /input token count/],
}

test('every error in the vendor’s shape, and in that of its streams', async (t) => {
  const server = serve(t, { dialect: 'google' })
  for (const [kind, [status, word, text]] of Object.entries(ERRORS)) {
    for (const [method, type] of [['generateContent', 'application/json'], [STREAM, 'text/event-stream'], ['streamGenerateContent', 'application/json']]) {
      server.script(faults[kind]())
      const response = await post(server, { method })
      const body = await response.json()
      assert.equal(Array.isArray(body), method === 'streamGenerateContent')
      const { error } = Array.isArray(body) ? body[0] : body
      assert.deepEqual([response.status, response.headers.get('content-type'), error.code, error.status], [status, type, status, word], kind)
      assert.match(JSON.stringify(error), text)
    }
  }
  for (const method of ['generateContent', STREAM]) {
    server.script(faults.contentFilter())
    const response = await post(server, { method })
    const text = await response.text()
    assert.deepEqual([response.status, JSON.parse(method === STREAM ? eventsOf(text)[0] : text).promptFeedback], [200, { blockReason: 'PROHIBITED_CONTENT' }])
  }
})

test('the hint is a RetryInfo, unless another form is asked for', async (t) => {
  const server = serve(t, { dialect: 'google' })
  server.script(faults.rateLimited({ retryAfter: '34.4s' }), faults.quota({ code: 'QUOTA_EXHAUSTED' }), faults.overloaded({ retryAfter: '2s', as: 'seconds' }))
  const limited = await post(server)
  assert.equal(limited.headers.get('retry-after'), null)
  assert.deepEqual((await limited.json()).error.details.at(-1), { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.4s' })
  assert.equal((await (await post(server)).json()).error.details[0].reason, 'QUOTA_EXHAUSTED')
  assert.equal((await post(server)).headers.get('retry-after'), '2')
})

test('keys, models, filters and the journal', async (t) => {
  const server = serve(t, { dialect: 'google', keys: ['right'], models: ['m1', 'tunedModels/t'] })
  assert.equal((await post(server)).status, 400)
  assert.equal((await post(server, { headers: { authorization: 'Bearer wrong' } })).status, 401)
  for (const [headers, query] of [[{ 'x-goog-api-key': 'right' }, ''], [{ authorization: 'Bearer right' }, ''], [{}, '?key=right']]) {
    assert.equal((await post(server, { model: 'm1', method: `generateContent${query}`, headers })).status, 200)
  }
  const headers = { 'x-goog-api-key': 'right' }
  const tuned = await fetch(`${server.url}/v1beta/tunedModels/t:generateContent`, { method: 'POST', headers, body: JSON.stringify({ contents: CONTENTS }) })
  assert.equal(tuned.status, 200)
  assert.equal((await post(server, { headers })).status, 404)
  assert.deepEqual(server.hits({ key: 'right' }).map((hit) => hit.model), ['m1', 'm1', 'm1', 'tunedModels/t', MODEL])
  server.always(faults.when({ model: 'm1', stream: true }, faults.overloaded()))
  assert.equal((await post(server, { model: 'm1', headers })).status, 200)
  assert.equal((await post(server, { model: 'm1', headers, method: STREAM })).status, 503)
  assert.deepEqual((await (await fetch(`${server.url}/v1beta/models`, { headers })).json()).models.map((model) => model.name), ['models/m1', 'tunedModels/t'])
  assert.equal((await (await fetch(`${server.url}/v1beta/models/m1`, { headers })).json()).name, 'models/m1')
  assert.equal((await fetch(`${server.url}/v1beta/models/m2`, { headers })).status, 404)
})

test('the SDK reads answers, streams, tools, thoughts and models', async (t) => {
  const server = serve(t, { dialect: 'google' })
  const client = clientOf(server)
  const request = { model: MODEL, contents: 'hi' }
  assert.equal((await client.models.generateContent(request)).text, 'Hello from A')
  server.script(faults.byteAtATime(), faults.combine(faults.reasoning('hm'), faults.toolCalls({ name: 'weather', arguments: { city: 'Zürich' } })))
  let text = ''
  for await (const chunk of await client.models.generateContentStream(request)) text += chunk.text
  assert.equal(text, 'Hello from A')
  const chunks = []
  for await (const chunk of await client.models.generateContentStream(request)) chunks.push(chunk)
  assert.deepEqual(chunks.flatMap((chunk) => chunk.functionCalls ?? []), [{ name: 'weather', args: { city: 'Zürich' } }])
  assert.equal(chunks[0].candidates[0].content.parts[0].thought, true)
  assert.equal(chunks.at(-1).candidates[0].finishReason, 'STOP')
  server.script(faults.finish('length'), faults.refusal('no'))
  assert.equal((await client.models.generateContent(request)).candidates[0].finishReason, 'MAX_TOKENS')
  assert.equal((await client.models.generateContent(request)).candidates[0].finishReason, 'SAFETY')
  const models = []
  for await (const model of await client.models.list()) models.push(model.name)
  assert.ok(models.includes(`models/${MODEL}`))
  assert.equal((await client.models.generateContent({ ...request, model: 'tunedModels/t' })).modelVersion, 'tunedModels/t')
  for (const fault of [faults.rateLimited(), faults.overloaded(), faults.auth()]) {
    server.script(fault, fault)
    const failed = (error) => error instanceof ApiError && [429, 503, 400].includes(error.status)
    await assert.rejects(client.models.generateContent(request), failed)
    await assert.rejects(client.models.generateContentStream(request), failed)
  }
})
