'use strict'

// From the arguments of `chatCompletion` to the wire request and the options of the call.

const native = require('./native')
const { encode } = require('./encode')
const { badRequest, ofProblems } = require('./errors')
const { stringify, visible } = require('./plain')

/** Options of the short form that are fields of the request, and their names on the wire. */
const FIELDS = Object.freeze({
  stream: 'stream',
  temperature: 'temperature',
  maxTokens: 'max_tokens',
  topP: 'top_p',
  stop: 'stop',
  seed: 'seed',
  tools: 'tools',
  toolChoice: 'tool_choice',
  responseFormat: 'response_format'
})

const CALL_OPTIONS = ['signal', 'timeout', 'maxRetries', 'endpoints', 'fallbackModels', 'onUnavailable', 'streams', 'hedge', 'queuePriority', 'tags', 'idempotencyKey']
const CHAT_OPTIONS = [...Object.keys(FIELDS), 'extraBody', ...CALL_OPTIONS]

/**
 * @param {unknown} first
 * @param {unknown} second
 * @param {unknown} third
 * @returns {{ body: ReturnType<typeof encode>, stream: boolean, options: string | undefined, signal: AbortSignal | undefined }}
 */
function prepare (first, second, third) {
  if (typeof first === 'string') {
    const options = object(third, 'options')
    const request = { model: first, messages: typeof second === 'string' ? [{ role: 'user', content: second }] : second }
    return finish(shortForm(request, options), split(options, CHAT_OPTIONS))
  }
  if (typeof first !== 'object' || first === null || Array.isArray(first)) {
    throw badRequest(`model: must be a model's name, or a whole request, got ${describe(first)}`)
  }
  return finish(first, split(object(second, 'options'), CALL_OPTIONS))
}

/**
 * @param {any} request
 * @param {{ options: string | undefined, signal: AbortSignal | undefined }} call
 */
function finish (request, call) {
  let body
  try {
    body = encode(request)
  } catch (error) {
    throw badRequest(`request: must be plain data: ${/** @type {Error} */ (error).message}`)
  }
  if (typeof body.json !== 'string') throw badRequest('request: must be a plain object')
  const { stream } = request
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') {
    throw badRequest(`stream: must be true or false, got ${describe(stream)}`)
  }
  return { body, stream: stream === true, ...call }
}

/**
 * @param {any} request
 * @param {any} options
 */
function shortForm (request, options) {
  for (const name in options) {
    const wire = FIELDS[/** @type {keyof typeof FIELDS} */ (name)]
    if (wire !== undefined) request[wire] = options[name]
  }
  const extra = options?.extraBody
  return extra === undefined ? request : Object.assign(request, object(extra, 'options.extraBody'))
}

/**
 * What Rust is told beside the request; most calls need nothing.
 * @param {any} options
 * @param {string[]} accepted
 */
function split (options, accepted) {
  if (options === undefined) return { options: undefined, signal: undefined }
  const { signal, ...rest } = options
  if (signal !== undefined && signal !== null && !(signal instanceof AbortSignal)) {
    throw ofProblems([{ path: 'options.signal', message: `must be an AbortSignal, got ${describe(signal)}` }])
  }
  /** @type {Record<string, unknown>} */
  const call = {}
  let any = false
  for (const name in rest) {
    if (!accepted.includes(name)) {
      throw ofProblems([{ path: `options.${name}`, message: native.refuseName(name, accepted) }])
    }
    if (name === 'extraBody' || name in FIELDS || rest[name] === undefined) continue
    call[name] = rest[name]
    any = true
  }
  return { options: any ? stringify(call, visible, 'options') : undefined, signal: signal ?? undefined }
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {any}
 */
function object (value, name) {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'object' && !Array.isArray(value)) return value
  throw ofProblems([{ path: name, message: `must be an object, got ${describe(value)}` }])
}

/** @param {unknown} value */
function describe (value) {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

module.exports = { prepare }
