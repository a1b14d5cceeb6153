'use strict'

// Implements OpenAI's chat completions, as DeepSeek, Azure, relays and local servers do.

const { error, KINDS } = require('./openai-errors')
const { bearer, counted, lengthOf, pieces, textOf, tokens } = require('./reply')

/** @typedef {import('./index').Dialect} Dialect */
/** @typedef {import('./index').Event} Event */
/** @typedef {import('../index').Hit} Hit */
/** @typedef {import('../index').Reply} Reply */

/** @type {Dialect['key']} */
const key = (hit) => bearer(hit) ?? hit.headers['api-key']

/** @type {Dialect['asked']} */
const asked = ({ body }) => ({ model: typeof body?.model === 'string' ? body.model : undefined, stream: body?.stream === true })

/** @type {Dialect['validate']} */
const validate = ({ body }) => {
  if (body === null || typeof body !== 'object') {
    return { kind: 'badRequest', options: { message: 'We could not parse the JSON body of your request. (HINT: This likely means you aren\'t using your HTTP library correctly.)' } }
  }
  if (typeof body.model !== 'string') return { kind: 'badRequest', options: { message: 'you must provide a model parameter' } }
  if (!Array.isArray(body.messages)) return { kind: 'badRequest', options: { message: "Missing required parameter: 'messages'.", param: 'messages', code: 'missing_required_parameter' } }
  return undefined
}

/** @type {Dialect['completion']} */
const completion = (hit, reply, identity) => {
  const message = {
    role: 'assistant',
    content: reply.toolCalls || reply.refusal ? null : textOf(reply, identity.name),
    refusal: reply.refusal ?? null,
    ...(reply.reasoning === undefined ? {} : { reasoning_content: reply.reasoning }),
    ...(reply.toolCalls === undefined ? {} : { tool_calls: reply.toolCalls.map((call, i) => toolCall(call, i)) }),
  }
  return {
    ...common(hit, reply, identity, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(reply) }],
    ...(reply.usage === false ? {} : { usage: usageOf(hit, reply, identity.name) }),
  }
}

/** @type {Dialect['events']} */
const events = (hit, reply, identity) => {
  const base = common(hit, reply, identity, 'chat.completion.chunk')
  const wantsUsage = reply.usage !== false && (reply.usage !== undefined || Boolean(hit.body?.stream_options?.include_usage))
  const usage = wantsUsage || reply.usageOnFinish ? usageOf(hit, reply, identity.name) : undefined
  const chunkUsage = usage === undefined || reply.usageOnFinish ? {} : { usage: null }
  /** @param {object} delta @param {string | null} [finish] */
  const chunk = (delta, finish = null) => ({ ...base, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], ...chunkUsage })

  /** @type {Event[]} */
  const out = [{ kind: 'role', data: chunk({ role: 'assistant', content: '', refusal: null }) }]
  for (const delta of deltas(reply, identity.name)) out.push({ kind: 'content', data: chunk(delta) })
  out.push({ kind: 'finish', data: { ...chunk({}, finishReason(reply)), ...(reply.usageOnFinish ? { usage } : {}) } })
  if (usage !== undefined && !reply.usageOnFinish) out.push({ kind: 'usage', data: { ...base, choices: [], usage } })
  out.push({ kind: 'done', data: '[DONE]' })
  return out
}

/** @param {Reply} reply @param {string} name @returns {object[]} */
function deltas(reply, name) {
  const out = []
  if (reply.reasoning !== undefined) out.push(...pieces(reply.reasoning, reply.chunks).map((piece) => ({ reasoning_content: piece })))
  if (reply.refusal !== undefined) return [...out, ...pieces(reply.refusal, reply.chunks).map((piece) => ({ refusal: piece }))]
  if (reply.toolCalls === undefined) return [...out, ...pieces(textOf(reply, name), reply.chunks).map((piece) => ({ content: piece }))]
  for (const [index, given] of reply.toolCalls.entries()) {
    const call = toolCall(given, index)
    out.push({ tool_calls: [{ index, ...call, function: { name: call.function.name, arguments: '' } }] })
    for (const piece of pieces(call.function.arguments, reply.chunks)) out.push({ tool_calls: [{ index, function: { arguments: piece } }] })
  }
  return out
}

/** @param {import('../index').ToolCall} call @param {number} index */
function toolCall({ name, arguments: args = {}, id }, index) {
  return { id: id ?? `call_${index + 1}`, type: 'function', function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) } }
}

/** @param {Hit} hit @param {Reply} reply @param {import('./index').Identity} identity @param {string} object */
function common(hit, reply, identity, object) {
  return {
    id: reply.id ?? `chatcmpl-${identity.name}-${hit.n}`, object, created: Math.floor(hit.at / 1000),
    model: reply.model ?? hit.model ?? 'unknown', system_fingerprint: `fp_${identity.name}`,
  }
}

/** @param {Reply} reply */
const finishReason = (reply) => reply.finishReason ?? (reply.toolCalls === undefined ? 'stop' : 'tool_calls')

/** @param {Hit} hit @param {Reply} reply @param {string} name */
function usageOf(hit, reply, name) {
  if (reply.usage !== undefined && typeof reply.usage === 'object') return reply.usage
  const prompt = tokens(lengthOf(hit.body?.messages, 'content'))
  const { reasoning, said } = counted(reply, name)
  const output = reasoning + said
  return {
    prompt_tokens: prompt, completion_tokens: output, total_tokens: prompt + output,
    prompt_tokens_details: { cached_tokens: 0 }, completion_tokens_details: { reasoning_tokens: reasoning },
  }
}

/** @type {Dialect['odd']} */
const odd = {
  empty: { data: { object: 'chat.completion.chunk', choices: [{ index: 0, delta: {}, finish_reason: null }] } },
  malformed: { data: '{"choices":[{"delta":{"content":"bro' },
  huge: (padding) => ({ data: `{"choices":[],"padding":"${padding}"}` }),
}

/** @type {Dialect['model']} */
const model = (id) => ({ id, object: 'model', created: 1_700_000_000, owned_by: 'bellwether' })

/** @type {Dialect} */
module.exports = {
  name: 'openai',
  bases: ['', '/v1'],
  models: ['gpt-5', 'gpt-4o', 'gpt-4o-mini'],
  isCall: (route) => route === '/chat/completions',
  asked, key, validate, completion, events, odd, model, error,
  modelList: (models) => ({ object: 'list', data: models.map(model) }),
  errorKinds: Object.keys(KINDS),
  headers: (identity, n) => ({ 'x-request-id': `req_${identity.name}_${n}`, 'openai-version': '2020-10-01', 'openai-processing-ms': '1' }),
}
