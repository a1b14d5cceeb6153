'use strict'

// Implements Anthropic's Messages API.

const { validate } = require('./anthropic-requests')
const { error, KINDS, limits, requestId } = require('./anthropic-errors')
const { argumentsOf, bearer, counted, finishOf, lengthOf, pieces, textOf, tokens } = require('./reply')

/** @typedef {import('./index').Dialect} Dialect */
/** @typedef {import('./index').Event} Event */
/** @typedef {import('../index').Hit} Hit */
/** @typedef {import('../index').Reply} Reply */

/** OpenAI's finish reasons, which scripts may use everywhere. @type {Record<string, string>} */
const STOP_REASONS = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'refusal' }

/** @type {Dialect['key']} */
const key = (hit) => hit.headers['x-api-key'] ?? bearer(hit)

/** @type {Dialect['asked']} */
const asked = ({ body }) => ({ model: typeof body?.model === 'string' ? body.model : undefined, stream: body?.stream === true })

/** @type {Dialect['completion']} */
const completion = (hit, reply, identity) => ({
  ...common(hit, reply, identity),
  content: blocks(reply, identity.name),
  ...ending(reply),
  ...(reply.usage === false ? {} : { usage: usageOf(hit, reply, identity.name) }),
})

/** @type {Dialect['events']} */
const events = (hit, reply, identity) => {
  const usage = reply.usage === false ? undefined : usageOf(hit, reply, identity.name)
  const { stop_reason, stop_sequence, ...more } = ending(reply)
  const message = { ...common(hit, reply, identity), content: [], stop_reason: null, stop_sequence: null }
  return [
    event('role', { type: 'message_start', message: usage === undefined ? message : { ...message, usage: { ...usage, output_tokens: 1 } } }),
    ...blocks(reply, identity.name).flatMap((block, index) => framed(block, index, reply)),
    event('finish', { type: 'message_delta', delta: { stop_reason, stop_sequence, ...more }, ...(usage === undefined ? {} : { usage }) }),
    event('done', { type: 'message_stop' }),
  ]
}

/**
 * Each event has its name twice: in its `event` line, and in its data. @param {Event['kind']} kind @param
 * {Record<string, any>} data @returns {Event}
 */
function event(kind, data) {
  return { kind, event: data.type, data }
}

const PING = { event: 'ping', data: { type: 'ping' } }

/**
 * Splits a content block into events. @param {any} block @param {number} index @param {Reply} reply @returns {Event[]}
 */
function framed(block, index, reply) {
  /** @param {any} delta @param {Event['kind']} [kind] */
  const delta = (delta, kind = 'content') => event(kind, { type: 'content_block_delta', index, delta })
  /** @param {any} content_block @param {Event['kind']} [kind] */
  const start = (content_block, kind = 'block') => event(kind, { type: 'content_block_start', index, content_block })
  /** @type {Event[]} */
  const ping = index === 0 ? [{ kind: 'block', ...PING }] : []
  const stop = event('block', { type: 'content_block_stop', index })
  switch (block.type) {
    case 'thinking': return [
      start({ ...block, thinking: '', signature: '' }), ...ping,
      ...pieces(block.thinking, reply.chunks).map((thinking) => delta({ type: 'thinking_delta', thinking })),
      delta({ type: 'signature_delta', signature: block.signature }, 'block'), stop,
    ]
    case 'tool_use': {
      const text = typeof block.input === 'string' ? block.input : JSON.stringify(block.input)
      // The name counts as content; an empty input produces no further event.
      return [
        start({ ...block, input: {} }, 'content'), ...ping,
        ...(text === '{}' ? [''] : pieces(text, reply.chunks)).map((partial_json) => delta({ type: 'input_json_delta', partial_json })), stop,
      ]
    }
    default: return [
      start({ ...block, text: '' }), ...ping,
      ...pieces(block.text, reply.chunks).map((text) => delta({ type: 'text_delta', text })), stop,
    ]
  }
}

/** @param {Reply} reply @param {string} name @returns {any[]} */
function blocks(reply, name) {
  const thought = reply.reasoning === undefined ? [] : [{ type: 'thinking', thinking: reply.reasoning, signature: `sig_${name}` }]
  if (reply.refusal !== undefined) return thought
  if (reply.toolCalls === undefined) return [...thought, { type: 'text', text: textOf(reply, name) }]
  return [...thought, ...reply.toolCalls.map((call, i) => ({ type: 'tool_use', id: call.id ?? `toolu_${i + 1}`, name: call.name, input: argumentsOf(call.arguments) }))]
}

/** @param {Reply} reply */
function ending(reply) {
  const details = reply.refusal === undefined ? {} : { stop_details: { type: 'refusal', category: null, explanation: reply.refusal } }
  return { stop_reason: finishOf(reply, STOP_REASONS), stop_sequence: null, ...details }
}

/** @param {Hit} hit @param {Reply} reply @param {import('./index').Identity} identity */
function common(hit, reply, identity) {
  return { id: reply.id ?? `msg_${identity.name}_${hit.n}`, type: 'message', role: 'assistant', model: reply.model ?? hit.model ?? 'unknown' }
}

/** @param {Hit} hit @param {Reply} reply @param {string} name @returns {Record<string, any>} */
function usageOf(hit, reply, name) {
  if (reply.usage !== undefined && typeof reply.usage === 'object') return reply.usage
  const { reasoning, said } = counted(reply, name)
  return {
    input_tokens: tokens(lengthOf(hit.body?.messages, 'content')), cache_creation_input_tokens: 0, cache_read_input_tokens: 0,
    output_tokens: reasoning + said, output_tokens_details: { thinking_tokens: reasoning }, service_tier: 'standard',
  }
}

/** @type {Dialect['odd']} */
const odd = {
  empty: event('content', { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: '' } }),
  malformed: { event: 'content_block_delta', data: '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"bro' },
  huge: (padding) => ({ event: 'ping', data: `{"type":"ping","padding":"${padding}"}` }),
}

/** @type {Dialect['model']} */
const model = (id) => ({ type: 'model', id, display_name: id, created_at: '2023-11-14T22:13:20Z' })

/** @type {Dialect} */
module.exports = {
  name: 'anthropic',
  bases: ['', '/v1'],
  models: ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5'],
  isCall: (route) => route === '/messages',
  asked, key, validate, completion, events, odd, model, error,
  ping: PING,
  namesErrors: true,
  modelList: (models) => ({ data: models.map(model), has_more: false, first_id: models[0] ?? null, last_id: models.at(-1) ?? null }),
  errorKinds: Object.keys(KINDS),
  headers: (identity, n) => ({
    'request-id': requestId(identity, n), 'anthropic-organization-id': 'org-test',
    ...limits('requests', 4_000, 3_999, 1), ...limits('tokens', 4_000_000, 4_000_000, 0),
  }),
}
