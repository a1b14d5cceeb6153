'use strict'

const assert = require('node:assert/strict')
const { Anthropic } = require('@anthropic-ai/sdk')
const { test } = require('node:test')
const { faults, serve, MESSAGES } = require('./helpers')

const REQUEST = { model: 'claude-sonnet-5-5', max_tokens: 100, messages: MESSAGES }
const VERSION = { 'anthropic-version': '2026-10-21' }

function post(server, body = {}, headers = VERSION) {
  return fetch(`${server.url}/v1/messages`, { method: 'POST', headers, body: JSON.stringify({ ...REQUEST, ...body }) })
}

function clientOf(server) {
  return new Anthropic({ apiKey: 'sk-ant-test', baseURL: server.url, maxRetries: 0 })
}

test('a whole answer is a message', async (t) => {
  const response = await post(serve(t, { dialect: 'anthropic' }))
  assert.equal(response.headers.get('request-id'), 'req_A_1')
  assert.equal(response.headers.get('anthropic-ratelimit-requests-remaining'), '3999')
  assert.match(response.headers.get('anthropic-ratelimit-requests-reset'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  assert.deepEqual(await response.json(), {
    id: 'msg_A_1', type: 'message', role: 'assistant', model: 'claude-sonnet-5-5',
    content: [{ type: 'text', text: 'Hello from A' }], stop_reason: 'end_turn', stop_sequence: null,
    usage: { input_tokens: 1, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 3, output_tokens_details: { thinking_tokens: 0 }, service_tier: 'standard' },
  })
})

test('the bytes of a stream', async (t) => {
  const server = serve(t, { dialect: 'anthropic' })
  server.script(faults.healthy({ content: 'Hi all', usage: { input_tokens: 3, output_tokens: 2 } }))
  assert.equal(await (await post(server, { stream: true })).text(), [
    'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_A_1","type":"message","role":"assistant","model":"claude-sonnet-5-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":1}}}\n\n',
    'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
    'event: ping\ndata: {"type":"ping"}\n\n',
    'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}\n\n',
    'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" all"}}\n\n',
    'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
    'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":3,"output_tokens":2}}\n\n',
    'event: message_stop\ndata: {"type":"message_stop"}\n\n',
  ].join(''))
})

test('faults of streams are made of this dialect’s events', async (t) => {
  const server = serve(t, { dialect: 'anthropic' })
  const names = async (fault) => {
    server.script(faults.combine(faults.healthy({ content: 'one two' }), fault))
    return [...(await (await post(server, { stream: true })).text()).matchAll(/^(?:event)?: (.*)$/gm)].map(([, name]) => name.replace('content_block_', ''))
  }
  assert.deepEqual(await names(faults.errorEvent('overloaded', { after: 1 })), ['message_start', 'start', 'ping', 'delta', 'error'])
  assert.deepEqual(await names(faults.errorEvent('overloaded')), ['error'])
  assert.deepEqual(await names(faults.missingDone()), ['message_start', 'start', 'ping', 'delta', 'delta', 'stop', 'message_delta'])
  assert.deepEqual(await names(faults.missingFinish()), ['message_start', 'start', 'ping', 'delta', 'delta', 'stop', 'message_stop'])
  assert.deepEqual(await names(faults.roleOnly()), ['message_start', 'message_stop'])
  assert.deepEqual(await names(faults.emptyChunks(2)), ['message_start', 'delta', 'delta', 'start', 'ping', 'delta', 'delta', 'stop', 'message_delta', 'message_stop'])
  assert.deepEqual((await names(faults.keepAlive('1ms', { for: '3ms' }))).slice(0, 4), ['ping', 'ping', 'ping', 'message_start'])
  assert.equal((await names(faults.keepAlive('1ms', { for: '1ms', text: 'here' })))[0], 'here')
  assert.equal((await names(faults.malformedEvents(1, { after: 0 })))[1], 'delta')
  assert.equal((await names(faults.hugeEvent(10, { after: 0 })))[1], 'ping')
})

test('requests that the vendor refuses', async (t) => {
  const server = serve(t, { dialect: 'anthropic' })
  const told = async (body, headers) => {
    const response = await post(server, body, headers)
    return response.status === 200 ? 'accepted' : (await response.json()).error.message
  }
  const call = { type: 'tool_use', id: 'c', name: 'f', input: {} }
  const result = { type: 'tool_result', tool_use_id: 'c', content: 'x' }
  const assistant = { role: 'assistant', content: [call] }
  for (const [message, body, headers] of [
    [/anthropic-version: header is required/, {}, {}],
    [/max_tokens: Field required/, { max_tokens: undefined }],
    [/max_tokens: Input/, { max_tokens: 0 }],
    [/temperature: Extra inputs are not permitted/, { temperature: 1 }],
    [/top_p: Extra/, { top_p: 1 }],
    [/top_k: Extra/, { top_k: 1 }],
    [/accepted/, { temperature: 1, top_p: 1, top_k: 1 }, { 'anthropic-version': '2023-06-01' }],
    [/less than or equal to 1/, { temperature: 1.5 }, { 'anthropic-version': '2023-06-01' }],
    [/seed: Extra/, { seed: 1 }],
    [/at least one message/, { messages: [] }],
    [/messages.0.role/, { messages: [{ role: 'tool', content: 'x' }] }],
    [/accepted/, { messages: [...MESSAGES, { role: 'system', content: 'x' }] }],
    [/messages.1.role/, { messages: [...MESSAGES, { role: 'system', content: 'x' }] }, { 'anthropic-version': '2023-06-01' }],
    [/non-whitespace/, { messages: [{ role: 'user', content: ' ' }] }],
    [/trailing whitespace/, { messages: [...MESSAGES, { role: 'assistant', content: 'Well, ' }] }],
    [/accepted/, { messages: [...MESSAGES, { role: 'assistant', content: 'Well,' }] }],
    [/without `tool_result`/, { messages: [...MESSAGES, assistant, ...MESSAGES] }],
    [/unexpected `tool_use_id`/, { messages: [{ role: 'user', content: [result] }] }],
    [/accepted/, { messages: [...MESSAGES, assistant, { role: 'user', content: [result] }] }],
  ]) assert.match(await told(body, headers), message)
})

const ERRORS = {
  rateLimited: [429, 'rate_limit_error'], slowDown: [429, 'rate_limit_error', 'ramp_limit_exceeded'], tooLargeForLimit: [429, 'rate_limit_error'],
  quota: [429, 'rate_limit_error', 'enforced_spend_limit_reached'], insufficientBalance: [402, 'billing_error'],
  overloaded: [529, 'overloaded_error'], serverError: [500, 'api_error'], unavailable: [503, 'api_error'], gatewayTimeout: [504, 'timeout_error'],
  requestTimeout: [408, 'timeout_error'], conflict: [409, 'conflict_error'], auth: [401, 'authentication_error'], permission: [403, 'permission_error'],
  notFound: [404, 'not_found_error'], badRequest: [400, 'invalid_request_error'], unsupportedParameter: [400, 'invalid_request_error'],
  unprocessable: [422, 'invalid_request_error'], tooLarge: [413, 'request_too_large'], contextLength: [400, 'invalid_request_error'],
  contentFilter: [400, 'invalid_request_error'],
}

test('every error in the vendor’s shape', async (t) => {
  const server = serve(t, { dialect: 'anthropic' })
  for (const [kind, [status, type, code]] of Object.entries(ERRORS)) {
    server.script(faults[kind]())
    const response = await post(server)
    const { error, ...rest } = await response.json()
    assert.deepEqual(rest, { type: 'error', request_id: response.headers.get('request-id') })
    assert.deepEqual([response.status, error.type, error.details?.error_code, error.message.length > 5], [status, type, code, true], kind)
  }
  server.script(faults.rateLimited({ retryAfter: '2s', limit: 'tokens', type: 'x', code: 'y' }))
  const response = await post(server)
  assert.deepEqual(['retry-after', 'anthropic-ratelimit-input-tokens-remaining'].map((name) => response.headers.get(name)), ['2', '0'])
  const { type, details } = (await response.json()).error
  assert.deepEqual([type, details.error_code], ['x', 'y'])
})

test('keys, models, filters and the journal', async (t) => {
  const server = serve(t, { dialect: 'anthropic', keys: ['right'], models: ['m1'] })
  assert.equal((await post(server)).status, 401)
  assert.equal((await post(server, { model: 'm1' }, { ...VERSION, 'x-api-key': 'right' })).status, 200)
  assert.equal((await post(server, { model: 'm1' }, { ...VERSION, authorization: 'Bearer right' })).status, 200)
  assert.equal((await post(server, {}, { ...VERSION, 'x-api-key': 'right' })).status, 404)
  assert.deepEqual(server.hits({ key: 'right' }).map((hit) => [hit.model, hit.route]), [['m1', '/messages'], ['m1', '/messages'], ['claude-sonnet-5-5', '/messages']])
  const headers = { 'x-api-key': 'right' }
  const list = await (await fetch(`${server.url}/v1/models`, { headers })).json()
  assert.deepEqual([list.data[0].id, list.has_more, list.last_id], ['m1', false, 'm1'])
  assert.equal((await (await fetch(`${server.url}/v1/models/m1`, { headers })).json()).type, 'model')
  const lost = await fetch(`${server.url}/v1/models/m2`, { headers })
  assert.deepEqual([lost.status, (await lost.json()).error.type], [404, 'not_found_error'])
})

test('the SDK reads messages, streams, tools, thoughts, refusals and models', async (t) => {
  const server = serve(t, { dialect: 'anthropic' })
  const client = clientOf(server)
  assert.equal((await client.messages.create(REQUEST)).content[0].text, 'Hello from A')
  const ask = async (...given) => {
    server.script(faults.combine(...given))
    return client.messages.stream(REQUEST).finalMessage()
  }
  const tools = await ask(faults.reasoning('let me think'), faults.toolCalls({ name: 'weather', arguments: { city: 'Zürich' } }, { name: 'time' }), faults.byteAtATime())
  assert.deepEqual(tools.content, [
    { type: 'thinking', thinking: 'let me think', signature: 'sig_A' },
    { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Zürich' } }, { type: 'tool_use', id: 'toolu_2', name: 'time', input: {} },
  ])
  assert.deepEqual([tools.stop_reason, tools.usage.output_tokens_details.thinking_tokens], ['tool_use', 3])
  assert.equal((await ask(faults.finish('length'))).stop_reason, 'max_tokens')
  assert.equal((await ask(faults.finish('pause_turn'))).stop_reason, 'pause_turn')
  const refused = await ask(faults.refusal('no'))
  assert.deepEqual([refused.content, refused.stop_reason, refused.stop_details.explanation], [[], 'refusal', 'no'])
  const models = []
  for await (const model of client.models.list()) models.push(model.id)
  assert.ok(models.includes('claude-sonnet-5-5'))
  assert.equal((await client.models.retrieve('x')).id, 'x')
})

test('the SDK raises the class it knows for each error', async (t) => {
  const server = serve(t, { dialect: 'anthropic' })
  const client = clientOf(server)
  for (const [fault, type] of [
    [faults.rateLimited(), Anthropic.RateLimitError], [faults.auth(), Anthropic.AuthenticationError], [faults.permission(), Anthropic.PermissionDeniedError],
    [faults.notFound(), Anthropic.NotFoundError], [faults.contextLength(), Anthropic.BadRequestError], [faults.overloaded(), Anthropic.InternalServerError],
  ]) {
    server.script(fault)
    await assert.rejects(client.messages.create(REQUEST), (error) => error instanceof type && error.requestID.startsWith('req_A_'), fault.name)
  }
  server.script(faults.errorEvent('overloaded', { after: 1 }))
  await assert.rejects(client.messages.stream(REQUEST).finalMessage(), (error) => error instanceof Anthropic.APIError && error.error.error.type === 'overloaded_error')
})
