'use strict'

// From the arguments of `chatCompletion` to the wire request and the options of the call.

const native = require('../native/addon')
const { encode } = require('./encode')
const { badRequest, ofProblems } = require('../util/errors')
const { members, isSignal } = require('../config/options')
const { plain, what, shown, isObject, isUnreadable } = require('../util/serialize-options')

const isString = (/** @type {unknown} */ value) => typeof value === 'string'

/** Options of the short form that are fields of the request: their names on the wire, and what they may be. */
const FIELDS = new Map(/** @type {[string, { wire: string, accepts: (value: any) => boolean, accepted: string }][]} */ ([
  ['stream', { wire: 'stream', accepts: (value) => typeof value === 'boolean', accepted: 'true or false' }],
  ['temperature', { wire: 'temperature', accepts: Number.isFinite, accepted: 'a number' }],
  ['maxTokens', { wire: 'max_tokens', accepts: Number.isInteger, accepted: 'a whole number' }],
  ['topP', { wire: 'top_p', accepts: Number.isFinite, accepted: 'a number' }],
  ['stop', { wire: 'stop', accepts: (value) => isString(value) || (Array.isArray(value) && value.every(isString)), accepted: 'a string or an array of strings' }],
  ['seed', { wire: 'seed', accepts: Number.isInteger, accepted: 'a whole number' }],
  ['tools', { wire: 'tools', accepts: Array.isArray, accepted: 'an array' }],
  ['toolChoice', { wire: 'tool_choice', accepts: (value) => isString(value) || isObject(value), accepted: 'a string or a plain object' }],
  ['responseFormat', { wire: 'response_format', accepts: isObject, accepted: 'a plain object' }]
]))

const CALL_OPTIONS = ['signal', 'timeout', 'maxRetries', 'endpoints', 'fallbackModels', 'onUnavailable', 'streams', 'hedge', 'queuePriority', 'tags', 'idempotencyKey', 'route', 'stickyKey']
const CHAT_OPTIONS = [...FIELDS.keys(), 'extraBody', ...CALL_OPTIONS]

/**
 * @param {unknown} first
 * @param {unknown} second
 * @param {unknown} third
 * @returns {{ body: ReturnType<typeof encode>, stream: boolean, request: any, options: string | undefined, signal: AbortSignal | undefined }}
 */
function prepare (first, second, third) {
  if (typeof first === 'string') {
    const options = object(third)
    const { call, fields } = split(options, CHAT_OPTIONS, third)
    const request = { model: first, messages: typeof second === 'string' ? [{ role: 'user', content: second }] : second, ...fields }
    return finish(request, call)
  }
  if (typeof first !== 'object' || first === null || Array.isArray(first)) {
    throw badRequest(`model: must be a model's name, or a whole request, got ${what(first)}`)
  }
  return finish(first, split(object(second), CALL_OPTIONS, second).call)
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
    throw badRequest(`request: must be plain data: ${error instanceof Error ? error.message : 'it could not be read'}`, error)
  }
  if (typeof body.json !== 'string') throw badRequest('request: must be a plain object')
  const { stream } = body
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') {
    throw badRequest(`stream: must be true or false, got ${what(stream)}`)
  }
  return { body, stream: stream === true, request, ...call }
}

/**
 * The fields of the request, and what Rust is told beside it; most calls need nothing.
 * @param {Record<string, any> | undefined} options
 * @param {string[]} accepted
 * @param {any} given What `options` is a copy of.
 * @returns {{ call: { options: string | undefined, signal: AbortSignal | undefined }, fields: Record<string, unknown> }}
 */
function split (options, accepted, given) {
  /** @type {Record<string, unknown>} */
  const fields = {}
  if (options === undefined) return { call: { options: undefined, signal: undefined }, fields }
  /** @type {Record<string, unknown>} */
  const told = {}
  /** @type {AbortSignal | undefined} */
  let signal
  let any = false
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
      if (isSignal(value)) signal = value
      else if (value !== null) problems.push({ path, message: `must be an AbortSignal, got ${what(value)}` })
    } else if (field !== undefined) {
      if (value === null || accepts(field, value)) fields[field.wire] = value
      else problems.push({ path, message: `must be ${field.accepted}, got ${shown(value)}` })
    } else if (name !== 'extraBody') {
      told[name] = value
      any = true
    } else if (value !== null && !isObject(value)) {
      problems.push({ path, message: `must be a plain object, got ${what(value)}` })
    }
  }
  const extra = isObject(options.extraBody) ? members(options.extraBody, 'options.extraBody') : {}
  for (const name in extra) {
    if (isUnreadable(extra[name])) problems.push({ path: `options.extraBody.${name}`, message: `must be plain data, got ${what(extra[name])}` })
  }
  if (problems.length > 0) throw ofProblems(problems)
  const json = any ? JSON.stringify(plain(told, {}, '', [given])) : undefined
  return { call: { options: json, signal }, fields: { ...fields, ...extra } }
}

/**
 * The members of a call's options, read once each.
 * @param {unknown} value
 * @returns {Record<string, any> | undefined}
 */
function object (value) {
  if (value === undefined || value === null) return undefined
  if (isObject(value)) return members(value, 'options')
  throw ofProblems([{ path: 'options', message: `must be a plain object, got ${what(value)}` }])
}

/**
 * @param {{ accepts: (value: any) => boolean }} field
 * @param {unknown} value
 */
function accepts (field, value) {
  try {
    return field.accepts(value)
  } catch {
    // A proxy that will not be looked at, or a getter in a list.
    return false
  }
}

module.exports = { prepare }
