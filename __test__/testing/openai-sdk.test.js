'use strict'

const assert = require('node:assert/strict')
const OpenAI = require('openai')
const { test } = require('node:test')
const { faults, serve, MESSAGES } = require('./helpers')

// The official SDK reads our answers as it reads the vendor's: an independent judge of their shape.

const REQUEST = { model: 'gpt-4o', messages: MESSAGES }

function clientOf(server, options = {}) {
  return new OpenAI({ apiKey: 'sk-test', baseURL: server.url, maxRetries: 0, ...options })
}

async function read(stream) {
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  return text
}

test('the SDK reads whole answers, streams, tool calls and models', async (t) => {
  const server = serve(t)
  const client = clientOf(server)
  const whole = await client.chat.completions.create(REQUEST)
  assert.equal(whole.choices[0].message.content, 'Hello from A')
  assert.equal(whole._request_id, 'req_A_1')
  assert.equal(await read(await client.chat.completions.create({ ...REQUEST, stream: true })), 'Hello from A')
  server.script(faults.toolCalls({ name: 'weather', arguments: { city: 'Zürich' } }))
  const final = await client.chat.completions.stream({ ...REQUEST, stream_options: { include_usage: true } }).finalChatCompletion()
  assert.equal(final.choices[0].message.tool_calls[0].function.arguments, '{"city":"Zürich"}')
  assert.ok(final.usage.total_tokens > 0)
  const models = []
  for await (const model of client.models.list()) models.push(model.id)
  assert.ok(models.includes('gpt-4o'))
})

test('the SDK reads every spelling and every split of a stream', async (t) => {
  const server = serve(t)
  const client = clientOf(server)
  for (const fault of [faults.byteAtATime(), faults.sseStyle({ lineEnding: '\r\n' }), faults.sseStyle({ comments: true }), faults.sseStyle({ multiLine: true }), faults.omit('blankLine'), faults.missingDone(), faults.keepAlive('1ms', { for: '4ms' }), faults.gzip()]) {
    server.script(fault)
    assert.equal(await read(await client.chat.completions.create({ ...REQUEST, stream: true })), 'Hello from A', fault.name)
  }
})

test('the SDK raises the class it knows for each error', async (t) => {
  const server = serve(t)
  const client = clientOf(server)
  for (const [fault, type, code] of [
    [faults.rateLimited(), OpenAI.RateLimitError, 'rate_limit_exceeded'], [faults.auth(), OpenAI.AuthenticationError, 'invalid_api_key'],
    [faults.permission(), OpenAI.PermissionDeniedError, 'unsupported_country_region_territory'], [faults.notFound(), OpenAI.NotFoundError, 'model_not_found'],
    [faults.contextLength(), OpenAI.BadRequestError, 'context_length_exceeded'], [faults.conflict(), OpenAI.ConflictError, null],
    [faults.unprocessable(), OpenAI.UnprocessableEntityError, null], [faults.overloaded(), OpenAI.InternalServerError, 'server_is_overloaded'],
  ]) {
    server.script(fault)
    await assert.rejects(client.chat.completions.create(REQUEST), (error) => error instanceof type && error.code === code, fault.name)
  }
  server.script(faults.reset())
  await assert.rejects(client.chat.completions.create(REQUEST), OpenAI.APIConnectionError)
})

test('an error event in a stream is an error to the SDK', async (t) => {
  const server = serve(t)
  const client = clientOf(server)
  for (const form of ['data', 'event']) {
    server.script(faults.errorEvent('overloaded', { after: 1, form }))
    await assert.rejects(async () => read(await client.chat.completions.create({ ...REQUEST, stream: true })), OpenAI.APIError)
  }
})

test('the SDK obeys retry-after-ms, and the journal shows its retry', async (t) => {
  const server = serve(t)
  server.script(faults.rateLimited({ retryAfter: 5, as: 'ms' }))
  await clientOf(server, { maxRetries: 1 }).chat.completions.create(REQUEST)
  assert.deepEqual(server.hits().map((hit) => [hit.fault, hit.headers['x-stainless-retry-count']]), [['rateLimited', '0'], ['healthy', '1']])
})
