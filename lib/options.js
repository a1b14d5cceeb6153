'use strict'

// Options on their way to Rust: plain data as JSON, with a number in place of each function. Rust validates
// them whole; what JSON would silently lose is made visible first.

const fs = require('node:fs')
const native = require('./native')
const { ofProblems } = require('./errors')
const { stringify, visible } = require('./plain')

const VARIABLES = [
  'HOLYSHEEP_API_KEY', 'HOLYSHEEP_BASE_URL', 'OPENAI_API_KEY', 'OPENAI_BASE_URL', 'ANTHROPIC_API_KEY',
  'GEMINI_API_KEY', 'DEEPSEEK_API_KEY', 'BELLWETHER_BASE_URL',
  'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'
]

function environment () {
  /** @type {Record<string, string | undefined>} */
  const found = {}
  for (const name of VARIABLES) found[name] = process.env[name]
  const extra = process.env.NODE_EXTRA_CA_CERTS
  if (extra) {
    try {
      found.NODE_EXTRA_CA_CERTS = fs.readFileSync(extra, 'utf8')
    } catch {
      // Node itself has warned about a file that cannot be read.
    }
  }
  return found
}

/**
 * JSON for Rust, and the functions that were in it.
 * @param {object} options
 */
function encode (options) {
  /** @type {Function[]} */
  const functions = []
  /** @this {any} @param {string} key @param {any} value */
  function numbered (key, value) {
    const original = this[key]
    // Ours alone: given as data it would stand for another function.
    if (typeof original === 'object' && original !== null && '$function' in original) {
      throw ofProblems([{ path: key, message: 'must not have a member named $function' }])
    }
    if (typeof original === 'function') return { $function: functions.push(original) - 1 }
    if (Buffer.isBuffer(original)) return original.toString('utf8')
    return visible.call(this, key, value)
  }
  return { json: stringify({ options, environment: environment() }, numbered, 'options'), functions }
}

/**
 * Calls one of the functions that were in some options.
 * @param {Function[]} functions
 * @param {number} number
 * @param {string | undefined} argument A request as JSON; keys are asked for without one.
 * @returns {Promise<unknown>}
 */
async function ask (functions, number, argument) {
  return argument === undefined ? functions[number]() : functions[number](JSON.parse(argument))
}

/**
 * `(options)`, `(apiKey, options)` or nothing, as one object without `signal`.
 * @param {unknown} first
 * @param {unknown} second
 */
function merge (first, second) {
  const isObject = (/** @type {unknown} */ value) => typeof value === 'object' && value !== null && !Array.isArray(value)
  const given = (/** @type {unknown} */ value) => (value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`)
  if (first !== undefined && typeof first !== 'string' && !isObject(first)) {
    throw ofProblems([{ path: 'options', message: `must be an API key or an object, got ${given(first)}` }])
  }
  if (second !== undefined && !isObject(second)) {
    throw ofProblems([{ path: 'options', message: `must be an object, got ${given(second)}` }])
  }
  const base = typeof first === 'string' ? { apiKey: first } : first
  const { signal, ...options } = /** @type {any} */ ({ .../** @type {object} */ (base), .../** @type {object} */ (second) })
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw ofProblems([{ path: 'signal', message: `must be an AbortSignal, got a ${typeof signal}` }])
  }
  return { options, signal: /** @type {AbortSignal | undefined} */ (signal) }
}

/**
 * Refuses members that are not options, naming the nearest that is.
 * @param {object | undefined} options
 * @param {string[]} accepted
 * @param {string} path
 */
function refuseUnknown (options, accepted, path) {
  if (options !== undefined && (typeof options !== 'object' || options === null)) {
    throw ofProblems([{ path, message: `must be an object, got ${options === null ? 'null' : `a ${typeof options}`}` }])
  }
  for (const name in options) {
    if (!accepted.includes(name)) {
      throw ofProblems([{ path: `${path}.${name}`, message: native.refuseName(name, accepted) }])
    }
  }
}

/**
 * Makes the native client, or throws everything that is wrong with the options at once.
 * @param {import('../native').Hub} hub
 * @param {number} id
 * @param {string} json
 * @param {boolean} monitor
 */
function create (hub, id, json, monitor) {
  try {
    return native.NativeClient.create(hub, id, json, monitor)
  } catch (error) {
    let problems
    try {
      problems = JSON.parse(/** @type {Error} */ (error).message)
    } catch {
      throw error
    }
    throw ofProblems(problems)
  }
}

/**
 * An optional name.
 * @param {unknown} value
 * @param {string} path
 */
function name (value, path) {
  if (value === undefined || typeof value === 'string') return value
  throw ofProblems([{ path, message: `must be a string, got ${value === null ? 'null' : `a ${typeof value}`}` }])
}

module.exports = { name, encode, ask, merge, refuseUnknown, create }
