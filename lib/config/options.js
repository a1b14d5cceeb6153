'use strict'

// Encodes options for Rust: plain data as JSON, with a number in place of each function. Rust validates them; values
// that JSON cannot hold are described, so that Rust refuses them with their path.

const fs = require('node:fs')
const native = require('../native/addon')
const { configError } = require('../util/errors')
const { toPlainData, describe, readMember, isPlainObject } = require('../util/serialize-options')

const ENVIRONMENT_VARIABLES = [
  'HOLYSHEEP_API_KEY', 'HOLYSHEEP_BASE_URL', 'OPENAI_API_KEY', 'OPENAI_BASE_URL', 'ANTHROPIC_API_KEY',
  'GEMINI_API_KEY', 'DEEPSEEK_API_KEY', 'BELLWETHER_BASE_URL',
  'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'
]

function readEnvironment () {
  /** @type {Record<string, string | undefined>} */
  const found = {}
  for (const name of ENVIRONMENT_VARIABLES) found[name] = process.env[name]
  const extra = process.env.NODE_EXTRA_CA_CERTS
  if (extra) {
    try {
      found.NODE_EXTRA_CA_CERTS = fs.readFileSync(extra, 'utf8')
    } catch {
      // Node itself warns about a file that cannot be read.
    }
  }
  return found
}

/** Paths at which a function, or a Buffer, is accepted. */
const FUNCTION_PATHS = /^(?:endpoints\[\d+\]\.)?apiKey(?:\[\d+\])?$|^fallbackResponse$|^transport$|^alerts\.forward$/
const BUFFER_PATHS = /^tls\.ca(?:\[\d+\])?$/
const QUEUE_KEY_PATH = 'queue.encryptionKey'
/** Addresses, keys and secrets of alert receivers. */
const RECEIVER_PATHS = /^alerts\.(?:slack|discord|pagerduty|webhook)(?:\.|$)/

/** The number of the platform's fetch among the callbacks; the same as in src/config/connections.rs. */
const GLOBAL_FETCH = 2 ** 32 - 1

/** The user's functions by the numbers under which Rust calls them. A function keeps its number across reloads. */
class UserCallbacks {
  /** @type {Map<number, Function>} */
  #byNumber = new Map()
  /** @type {Map<Function, number>} */
  #numbers = new Map()
  #next = 0

  /** @param {Function} given @param {(given: Function) => Function} make Wraps the function. */
  add (given, make = (given) => given) {
    const known = this.#numbers.get(given)
    if (known !== undefined) return known
    const number = this.#next++
    this.#numbers.set(given, number)
    this.#byNumber.set(number, make(given))
    return number
  }

  /** @param {number} number */
  get (number) {
    if (number === GLOBAL_FETCH && !this.#byNumber.has(number)) {
      // Looked up for each exchange, so that an interceptor that is installed later is used.
      const fetch = (/** @type {[any, any]} */ ...given) => globalThis.fetch(...given)
      this.#byNumber.set(number, require('../native/transport').createTransport(fetch))
    }
    return this.#byNumber.get(number)
  }

  /** Removes all functions but these. @param {Set<number>} numbers */
  keepOnly (numbers) {
    for (const [given, number] of this.#numbers) {
      if (numbers.has(number)) continue
      this.#numbers.delete(given)
      this.#byNumber.delete(number)
    }
  }
}

/**
 * Returns the options as JSON for Rust, and the numbers of the functions in them.
 * @param {object} options
 * @param {object[]} sources What the options were copied from.
 * @param {UserCallbacks} callbacks
 * @param {import('./config-file').ConfigFile} [document] The file that these options override.
 */
function encodeOptions (options, sources, callbacks, document) {
  /** @type {Set<number>} */
  const used = new Set()
  const copy = toPlainData(options, {
    ofFunction: (value, path) => {
      if (!FUNCTION_PATHS.test(path)) return undefined
      const number = path === 'transport'
        ? callbacks.add(value, (given) => require('../native/transport').createTransport(/** @type {any} */ (given)))
        : path === 'alerts.forward' ? callbacks.add(value, awaitForward) : callbacks.add(value)
      used.add(number)
      return { $function: number }
    },
    isSecret: (path) => FUNCTION_PATHS.test(path) || path === QUEUE_KEY_PATH || RECEIVER_PATHS.test(path),
    ofBuffer: (value, path) => BUFFER_PATHS.test(path) ? value.toString('utf8') : path === QUEUE_KEY_PATH ? value.toString('hex') : undefined
  }, '', sources)
  const fileInput = document === undefined ? {} : { file: document.file, variables: document.variables }
  return { json: JSON.stringify({ options: copy, environment: readEnvironment(), ...fileInput }), used }
}

/** Wraps `alerts.forward`: its completion is reported to Rust as an empty text. @param {Function} given */
function awaitForward (given) {
  return async (/** @type {unknown} */ alert) => {
    await given(alert)
    return ''
  }
}

/**
 * Calls a function of the user's by its number.
 * @param {UserCallbacks} callbacks
 * @param {number} number
 * @param {string | undefined} argument A request as JSON; undefined for a function that returns a key.
 * @returns {Promise<unknown>}
 */
async function invokeCallback (callbacks, number, argument) {
  const asked = callbacks.get(number)
  return argument === undefined ? asked?.() : asked?.(JSON.parse(argument))
}

/**
 * Merges `(options)`, `(apiKey, options)` or no arguments into one object, apart from `signal`.
 * @param {unknown} first
 * @param {unknown} second
 */
function mergeOptions (first, second) {
  if (first !== undefined && typeof first !== 'string' && !isPlainObject(first)) {
    throw configError([{ path: 'options', message: `must be an API key or a plain object, got ${describe(first)}` }])
  }
  if (second !== undefined && !isPlainObject(second)) {
    throw configError([{ path: 'options', message: `must be a plain object, got ${describe(second)}` }])
  }
  const { signal, ...options } = /** @type {any} */ ({ ...readMembers(typeof first === 'string' ? { apiKey: first } : first, 'options'), ...readMembers(second, 'options') })
  if (signal !== undefined && !isAbortSignal(signal)) {
    throw configError([{ path: 'signal', message: `must be an AbortSignal, got ${describe(signal)}` }])
  }
  // A circular reference is found by the identity of the original, not of the copy.
  const sources = /** @type {object[]} */ ([first, second].filter((given) => typeof given === 'object'))
  return { options, sources, signal: /** @type {AbortSignal | undefined} */ (signal) }
}

/**
 * Reads each member of an object once. If its getter throws, a member becomes a marker, which validation refuses.
 * @param {any} object
 * @param {string} path
 * @returns {Record<string, any>}
 */
function readMembers (object, path) {
  const copy = Object.create(null)
  if (object === undefined) return copy
  let names
  try {
    names = Object.keys(object)
  } catch {
    throw configError([{ path, message: 'must be a plain object, got an object that cannot be read' }])
  }
  for (const name of names) copy[name] = readMember(object, name)
  return copy
}

/** @param {unknown} value */
function isAbortSignal (value) {
  try {
    return value instanceof AbortSignal && typeof value.aborted === 'boolean'
  } catch {
    return false
  }
}

/**
 * Reads an object of known options. Throws a ConfigError that names the nearest known option.
 * @param {object | undefined} options
 * @param {string[]} accepted
 * @param {string} path
 */
function readOptions (options, accepted, path) {
  if (options !== undefined && !isPlainObject(options)) {
    throw configError([{ path, message: `must be a plain object, got ${describe(options)}` }])
  }
  const copy = readMembers(options, path)
  for (const name in copy) {
    if (!accepted.includes(name)) {
      throw configError([{ path: `${path}.${name}`, message: native.refuseName(name, accepted) }])
    }
  }
  return copy
}

/**
 * Reads an optional limit, capped at what Rust can count.
 * @param {unknown} given
 * @param {string} path
 * @param {import('../..').ConfigProblem[]} problems
 */
function readLimit (given, path, problems) {
  if (given === undefined) return undefined
  if (typeof given === 'number' && Number.isInteger(given) && given >= 0) return Math.min(given, 2 ** 32 - 1)
  problems.push({ path, message: `must be a whole number from 0, got ${typeof given === 'number' ? given : describe(given)}` })
  return undefined
}

/**
 * Creates the native client. Throws a ConfigError with every invalid option.
 * @param {import('../../native').Hub} hub
 * @param {number} id
 * @param {string} json
 * @param {boolean} monitor
 * @param {Uint8Array} [document]
 */
function createNativeClient (hub, id, json, monitor, document) {
  return withConfigErrors(() => native.NativeClient.create(hub, id, json, monitor, document))
}

/**
 * Runs `make` and turns the problems that Rust reports into one ConfigError.
 * @template T
 * @param {() => T} make
 * @returns {T}
 */
function withConfigErrors (make) {
  try {
    return make()
  } catch (error) {
    let problems
    try {
      problems = JSON.parse(/** @type {Error} */ (error).message)
    } catch {
      throw error
    }
    throw configError(problems)
  }
}

/**
 * Reads an optional name.
 * @param {unknown} value
 * @param {string} path
 */
function optionalName (value, path) {
  if (value === undefined || typeof value === 'string') return value
  throw configError([{ path, message: `must be a string, got ${describe(value)}` }])
}

module.exports = { UserCallbacks, readEnvironment, optionalName, encodeOptions, invokeCallback, mergeOptions, readMembers, isAbortSignal, readOptions, readLimit, createNativeClient, withConfigErrors }
