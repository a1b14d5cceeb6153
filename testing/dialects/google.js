'use strict'

// Implements Google's generateContent and streamGenerateContent.

const { error, isArray, KINDS } = require('./google-errors')
const { validate } = require('./google-requests')
const { argumentsOf, bearer, counted, decoded, finishOf, lengthOf, parameter, pieces, textOf, tokens } = require('./reply')

/** @typedef {import('./index').Dialect} Dialect */
/** @typedef {import('./index').Event} Event */
/** @typedef {import('../index').Hit} Hit */
/** @typedef {import('../index').Reply} Reply */

/** OpenAI's finish reasons, which scripts may use everywhere. @type {Record<string, string>} */
const FINISH_REASONS = { stop: 'STOP', length: 'MAX_TOKENS', tool_calls: 'STOP', content_filter: 'SAFETY' }
const CALL = /^\/(models|tunedModels)\/([^/]+)(?::|%3A)(generateContent|streamGenerateContent)$/i

/** @type {Dialect['key']} */
const key = (hit) => hit.headers['x-goog-api-key'] ?? parameter(hit.path, 'key') ?? bearer(hit)

/** @type {Dialect['asked']} */
const asked = ({ route }) => {
  const [, collection, model, method] = CALL.exec(route) ?? []
  if (model === undefined) return { model: undefined, stream: false }
  return { model: (collection === 'models' ? '' : `${collection}/`) + decoded(model), stream: method === 'streamGenerateContent' }
}

/** @type {Dialect['completion']} */
const completion = (hit, reply, identity) => (hit.stream
  ? events(hit, reply, identity).map(({ data }) => data)
  : answer(hit, reply, identity, parts(reply, identity.name), ending(reply), usageOf(hit, reply, identity.name)))

/** @type {Dialect['events']} */
const events = (hit, reply, identity) => {
  const usage = usageOf(hit, reply, identity.name)
  const early = usage && { promptTokenCount: usage.promptTokenCount, totalTokenCount: usage.promptTokenCount }
  /** @param {any} part */
  const content = (part) => /** @type {Event} */ ({ kind: 'content', data: answer(hit, reply, identity, [part], {}, early) })
  return [
    ...parts(reply, identity.name).flatMap((part) => (part.text === undefined ? [part] : pieces(part.text, reply.chunks).map((text) => ({ ...part, text })))).map(content),
    { kind: 'finish', data: answer(hit, reply, identity, [{ text: '' }], ending(reply), usage) },
  ]
}

/** @param {Hit} hit @param {Reply} reply @param {import('./index').Identity} identity @param {any[]} parts @param {object} end @param {object | undefined} usageMetadata */
function answer(hit, reply, identity, parts, end, usageMetadata) {
  return {
    candidates: [{ content: { ...(parts.length === 0 ? {} : { parts }), role: 'model' }, ...end, index: 0 }],
    ...(usageMetadata === undefined ? {} : { usageMetadata }),
    modelVersion: reply.model ?? hit.model ?? 'unknown', responseId: reply.id ?? `resp-${identity.name}-${hit.n}`,
  }
}

/** @param {Reply} reply @param {string} name @returns {any[]} */
function parts(reply, name) {
  const thought = reply.reasoning === undefined ? [] : [{ text: reply.reasoning, thought: true }]
  if (reply.refusal !== undefined) return thought
  if (reply.toolCalls === undefined) return [...thought, { text: textOf(reply, name) }]
  return [...thought, ...reply.toolCalls.map((call, i) => ({
    functionCall: { ...(call.id === undefined ? {} : { id: call.id }), name: call.name, args: argumentsOf(call.arguments) },
    // Of parallel calls, the first is signed.
    ...(i === 0 ? { thoughtSignature: Buffer.from(`signed by ${name}`).toString('base64') } : {}),
  }))]
}

/** @param {Reply} reply */
function ending(reply) {
  return { finishReason: finishOf(reply, FINISH_REASONS), ...(reply.refusal === undefined ? {} : { finishMessage: reply.refusal }) }
}

/** @param {Hit} hit @param {Reply} reply @param {string} name @returns {Record<string, any> | undefined} */
function usageOf(hit, reply, name) {
  if (reply.usage === false) return undefined
  if (typeof reply.usage === 'object') return reply.usage
  const prompt = tokens(lengthOf(hit.body?.contents, 'parts'))
  const { reasoning, said } = counted(reply, name)
  return {
    promptTokenCount: prompt, candidatesTokenCount: said, ...(reasoning === 0 ? {} : { thoughtsTokenCount: reasoning }),
    totalTokenCount: prompt + said + reasoning,
  }
}

/** @type {Dialect['odd']} */
const odd = {
  empty: { data: { candidates: [{ content: { parts: [{ text: '' }], role: 'model' }, index: 0 }] } },
  malformed: { data: '{"candidates": [{"content": {"parts": [{"text": "bro' },
  huge: (padding) => ({ data: `{"candidates":[],"padding":"${padding}"}` }),
}

/** @type {Dialect['model']} */
const model = (id) => ({
  name: id.includes('/') ? id : `models/${id}`, version: '001', displayName: id, inputTokenLimit: 1_048_576, outputTokenLimit: 65_536,
  supportedGenerationMethods: ['generateContent', 'streamGenerateContent'],
})

/** @type {Dialect} */
module.exports = {
  name: 'google',
  bases: ['', '/v1', '/v1beta', '/v1alpha'],
  models: ['gemini-3.8-flash', 'gemini-3-pro', 'gemini-2.5-flash'],
  isCall: (route) => CALL.test(route),
  asked, isArray, key, validate, completion, events, odd, model, error,
  lineEnding: '\r\n',
  hint: ['retryInfo'],
  modelList: (models) => ({ models: models.map(model) }),
  errorKinds: Object.keys(KINDS),
  headers: () => ({ 'server-timing': 'gfet4t7; dur=1', 'x-content-type-options': 'nosniff' }),
}
