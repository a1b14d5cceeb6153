'use strict'

// Turns the arguments of `chatCompletion` into a request and the options of its call.

const native = require('../native/addon')
const { encodeRequest } = require('./encode')
const { badRequestError, configError } = require('../util/errors')
const { readMembers, isAbortSignal } = require('../config/arguments')
const { toPlainData, describe, quote, isPlainObject, isUnreadable } = require('../util/serialize-options')

const isString = (/** @type {unknown} */ value) => typeof value === 'string'

/** Options of the short form that become fields of the request: their name there, and what they accept. */
const FIELDS = new Map(/** @type {[string, { wire: string, accepts: (value: any) => boolean, accepted: string }][]} */ ([
  ['stream', { wire: 'stream', accepts: (value) => typeof value === 'boolean', accepted: 'true or false' }],
  ['temperature', { wire: 'temperature', accepts: Number.isFinite, accepted: 'a number' }],
  ['maxTokens', { wire: 'max_tokens', accepts: Number.isInteger, accepted: 'a whole number' }],
  ['topP', { wire: 'top_p', accepts: Number.isFinite, accepted: 'a number' }],
  ['stop', { wire: 'stop', accepts: (value) => isString(value) || (Array.isArray(value) && value.every(isString)), accepted: 'a string or an array of strings' }],
  ['seed', { wire: 'seed', accepts: Number.isInteger, accepted: 'a whole number' }],
  ['tools', { wire: 'tools', accepts: Array.isArray, accepted: 'an array' }],
  ['toolChoice', { wire: 'tool_choice', accepts: (value) => isString(value) || isPlainObject(value), accepted: 'a string or a plain object' }],
  ['responseFormat', { wire: 'response_format', accepts: isPlainObject, accepted: 'a plain object' }]
]))

const CALL_OPTIONS = ['signal', 'timeout', 'maxRetries', 'endpoints', 'fallbackModels', 'onUnavailable', 'streams', 'hedge', 'queuePriority', 'tags', 'idempotencyKey', 'route', 'stickyKey']
const CHAT_OPTIONS = [...FIELDS.keys(), 'extraBody', ...CALL_OPTIONS]

/**
 * @param {unknown} first
 * @param {unknown} second
 * @param {unknown} third
 * @returns {{ body: ReturnType<typeof encodeRequest>, stream: boolean, request: any, options: string | undefined, signal: AbortSignal | undefined }}
 */
function prepareRequest (first, second, third) {
  if (typeof first === 'string') {
    const options = readCallOptions(third)
    const { call, fields } = splitOptions(options, CHAT_OPTIONS, third)
    const request = { model: first, messages: typeof second === 'string' ? [{ role: 'user', content: second }] : second, ...fields }
    return buildRequest(request, call)
  }
  if (typeof first !== 'object' || first === null || Array.isArray(first)) {
    throw badRequestError(`model: must be the name of a model, or a request object, got ${describe(first)}`)
  }
  return buildRequest(first, splitOptions(readCallOptions(second), CALL_OPTIONS, second).call)
}

/**
 * @param {any} request
 * @param {{ options: string | undefined, signal: AbortSignal | undefined }} call
 */
function buildRequest (request, call) {
  let body
  try {
    body = encodeRequest(request)
  } catch (error) {
    throw badRequestError(`request: must be plain data: ${error instanceof Error ? error.message : 'it cannot be read'}`, error)
  }
  if (typeof body.json !== 'string') throw badRequestError('request: must be a plain object')
  const { stream } = body
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') {
    throw badRequestError(`stream: must be true or false, got ${describe(stream)}`)
  }
  return { body, stream: stream === true, request, ...call }
}

/**
 * Splits options into fields of the request and options for Rust. Most calls have no options for Rust.
 * @param {Record<string, any> | undefined} options
 * @param {string[]} accepted
 * @param {any} given The original of `options`.
 * @returns {{ call: { options: string | undefined, signal: AbortSignal | undefined }, fields: Record<string, unknown> }}
 */
function splitOptions (options, accepted, given) {
  /** @type {Record<string, unknown>} */
  const fields = {}
  if (options === undefined) return { call: { options: undefined, signal: undefined }, fields }
  /** @type {Record<string, unknown>} */
  const callOptions = {}
  /** @type {AbortSignal | undefined} */
  let signal
  let hasCallOptions = false
  const problems = []
  for (const name in options) {
    const value = options[name]
    const path = `options.${name}`
    const field = FIELDS.get(name)
    if (!accepted.includes(name)) {
      problems.push({ path, message: native.refuseName(name, accepted) })
    } else if (value === undefined) {
      continue
    } else if (name === 'signal') {
      if (isAbortSignal(value)) signal = value
      else if (value !== null) problems.push({ path, message: `must be an AbortSignal, got ${describe(value)}` })
    } else if (field !== undefined) {
      if (value === null || accepts(field, value)) fields[field.wire] = value
      else problems.push({ path, message: `must be ${field.accepted}, got ${quote(value)}` })
    } else if (name !== 'extraBody') {
      callOptions[name] = value
      hasCallOptions = true
    } else if (value !== null && !isPlainObject(value)) {
      problems.push({ path, message: `must be a plain object, got ${describe(value)}` })
    }
  }
  const extra = isPlainObject(options.extraBody) ? readMembers(options.extraBody, 'options.extraBody') : {}
  for (const name in extra) {
    if (isUnreadable(extra[name])) problems.push({ path: `options.extraBody.${name}`, message: `must be plain data, got ${describe(extra[name])}` })
  }
  if (problems.length > 0) throw configError(problems)
  const json = hasCallOptions ? JSON.stringify(toPlainData(callOptions, {}, '', [given])) : undefined
  return { call: { options: json, signal }, fields: { ...fields, ...extra } }
}

/**
 * Reads each option of a call once.
 * @param {unknown} value
 * @returns {Record<string, any> | undefined}
 */
function readCallOptions (value) {
  if (value === undefined || value === null) return undefined
  if (isPlainObject(value)) return readMembers(value, 'options')
  throw configError([{ path: 'options', message: `must be a plain object, got ${describe(value)}` }])
}

/**
 * @param {{ accepts: (value: any) => boolean }} field
 * @param {unknown} value
 */
function accepts (field, value) {
  try {
    return field.accepts(value)
  } catch {
    // A proxy or a getter threw.
    return false
  }
}

module.exports = { prepareRequest }
