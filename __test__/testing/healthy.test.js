'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { chat, contentOf, eventsOf, faults, serve, stream, MESSAGES } = require('./helpers')

test('the url is usable as soon as createFaultServer returns', async (t) => {
  const server = serve(t)
  assert.equal(server.url, `http://127.0.0.1:${server.port}`)
  assert.equal((await chat(server)).status, 200)
  await server.ready
})

test('a whole answer carries what a test wants to assert on', async (t) => {
  const server = serve(t)
  const response = await chat(server)
  assert.equal(response.headers.get('content-type'), 'application/json')
  assert.equal(response.headers.get('x-request-id'), 'req_A_1')
  const body = await response.json()
  assert.equal(body.id, 'chatcmpl-A-1')
  assert.equal(body.object, 'chat.completion')
  assert.equal(body.model, 'gpt-4o')
  assert.equal(body.system_fingerprint, 'fp_A')
  assert.deepEqual(body.choices[0], { index: 0, message: { role: 'assistant', content: 'Hello from A', refusal: null }, logprobs: null, finish_reason: 'stop' })
  assert.equal(body.usage.prompt_tokens + body.usage.completion_tokens, body.usage.total_tokens)
  assert.ok(Math.abs(body.created - Date.now() / 1000) < 60)
})

test('a stream has a role chunk, content, a finish chunk and [DONE], all with one id', async (t) => {
  const text = await stream(serve(t))
  const events = eventsOf(text)
  assert.equal(events.pop(), '[DONE]')
  const chunks = events.map((event) => JSON.parse(event))
  assert.equal(chunks[0].choices[0].delta.role, 'assistant')
  assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop')
  assert.deepEqual(new Set(chunks.map((chunk) => chunk.id)), new Set(['chatcmpl-A-1']))
  assert.equal(contentOf(text), 'Hello from A')
  assert.ok(chunks.every((chunk) => !('usage' in chunk)))
})

test('a stream reports usage only when stream_options.include_usage asks for it', async (t) => {
  const text = await stream(serve(t), { stream_options: { include_usage: true } })
  const chunks = eventsOf(text).slice(0, -1).map((event) => JSON.parse(event))
  assert.deepEqual(chunks.at(-1).choices, [])
  assert.equal(chunks.at(-1).usage.total_tokens, 4)
  assert.equal(chunks[0].usage, null)
})

test('routes are served with and without /v1', async (t) => {
  const server = serve(t)
  for (const base of ['', '/v1']) {
    const models = await (await fetch(server.url + base + '/models')).json()
    assert.equal(models.object, 'list')
    assert.equal((await fetch(`${server.url}${base}/models/gpt-4o`)).status, 200)
  }
})

test('with a basePath nothing else is served', async (t) => {
  const server = serve(t, { basePath: '/gateway/v1' })
  assert.ok(server.url.endsWith('/gateway/v1'))
  assert.equal((await chat(server)).status, 200)
  assert.equal((await fetch(`${server.origin}/v1/models`)).status, 404)
})

test('an unknown path, a wrong method and HEAD are 404 in the vendor’s shape', async (t) => {
  const server = serve(t)
  const response = await fetch(`${server.url}/v1/completions`)
  assert.equal(response.status, 404)
  assert.equal((await response.json()).error.message, 'Invalid URL (GET /v1/completions)')
  assert.equal((await fetch(`${server.url}/chat/completions`)).status, 404)
  assert.equal((await fetch(`${server.url}/v1/models/%zz`)).status, 200)
  const head = await fetch(`${server.url}/v1/models`, { method: 'HEAD' })
  assert.equal(head.status, 404)
  assert.equal(await head.text(), '')
})

test('with models, others are unknown', async (t) => {
  const server = serve(t, { models: ['m1'] })
  assert.equal((await chat(server, { model: 'm1' })).status, 200)
  const response = await chat(server, { model: 'm2' })
  assert.equal(response.status, 404)
  assert.equal((await response.json()).error.code, 'model_not_found')
  assert.equal((await fetch(`${server.url}/models/m2`)).status, 404)
  assert.deepEqual((await (await fetch(`${server.url}/models`)).json()).data.map((model) => model.id), ['m1'])
})

test('with keys, another key is 401 and takes no step of the script', async (t) => {
  const server = serve(t, { keys: ['right-key'] })
  server.script(faults.overloaded())
  const refused = await chat(server, {}, { headers: { authorization: 'Bearer wrong-key-123456' } })
  assert.equal(refused.status, 401)
  assert.ok(!(await refused.text()).includes('wrong-key-123456'))
  assert.equal((await chat(server)).status, 401)
  assert.equal((await chat(server, {}, { headers: { authorization: 'Bearer right-key' } })).status, 503)
  assert.deepEqual(server.hits().map((hit) => hit.fault), ['auth', 'auth', 'overloaded'])
})

test('a request that is no chat completion is a 400', async (t) => {
  const server = serve(t)
  const post = (body) => fetch(`${server.url}/chat/completions`, { method: 'POST', body })
  for (const body of ['{', '', '[]', '{}', '{"model":"m"}', 'null']) assert.equal((await post(body)).status, 400, body)
  assert.equal((await post(JSON.stringify({ model: 'm', messages: MESSAGES }))).status, 200)
})

test('a healthy answer can have other content', async (t) => {
  const server = serve(t)
  server.script(
    faults.healthy({ content: 'a b', usage: { total_tokens: 7 }, model: 'other', id: 'mine' }),
    faults.healthy({ content: 'ab👍cd', chunks: 5 }),
    faults.combine(faults.reasoning('let me think'), faults.finish('insufficient_system_resource'), faults.healthy({ usageOnFinish: true })),
    faults.refusal(),
  )
  const whole = await (await chat(server)).json()
  assert.deepEqual([whole.choices[0].message.content, whole.usage, whole.model, whole.id], ['a b', { total_tokens: 7 }, 'other', 'mine'])
  const text = await stream(server)
  assert.equal(contentOf(text), 'ab👍cd')
  assert.equal(eventsOf(text).length, 1 + 5 + 1 + 1)
  const deepseek = eventsOf(await stream(server)).slice(0, -1).map((event) => JSON.parse(event))
  assert.equal(deepseek.map((chunk) => chunk.choices[0].delta.reasoning_content ?? '').join(''), 'let me think')
  assert.equal(deepseek.at(-1).choices[0].finish_reason, 'insufficient_system_resource')
  assert.ok(deepseek.at(-1).usage.completion_tokens_details.reasoning_tokens > 0)
  const refused = (await (await chat(server)).json()).choices[0].message
  assert.equal(refused.content, null)
  assert.match(refused.refusal, /sorry/)
})

test('tool calls come whole or in fragments', async (t) => {
  const server = serve(t)
  server.always(faults.toolCalls({ name: 'weather', arguments: { city: 'Zürich' } }, { name: 'time' }))
  const [choice] = (await (await chat(server)).json()).choices
  assert.equal(choice.finish_reason, 'tool_calls')
  assert.equal(choice.message.tool_calls[0].function.arguments, '{"city":"Zürich"}')
  assert.deepEqual(choice.message.tool_calls.filter((call) => 'index' in call), [], 'only the pieces of a stream are numbered')
  const deltas = eventsOf(await stream(server)).slice(0, -1).flatMap((event) => JSON.parse(event).choices[0].delta.tool_calls ?? [])
  assert.deepEqual(deltas[0], { index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } })
  assert.equal(deltas.filter((delta) => delta.index === 0).map((delta) => delta.function.arguments).join(''), '{"city":"Zürich"}')
})
