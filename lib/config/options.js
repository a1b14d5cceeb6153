'use strict'

// Options on their way to Rust: plain data as JSON, with a number in place of each function. Rust validates
// them whole; what is no plain data is named first.

const fs = require('node:fs')
const native = require('../native/addon')
const { ofProblems } = require('../util/errors')
const { plain, what, member, isObject } = require('../util/serialize-options')

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

/** Where a function is accepted, and where a Buffer is. */
const FUNCTIONS = /^(?:endpoints\[\d+\]\.)?apiKey(?:\[\d+\])?$|^fallbackResponse$|^transport$|^alerts\.forward$/
const BUFFERS = /^tls\.ca(?:\[\d+\])?$/
const QUEUE_KEY = 'queue.encryptionKey'
/** Addresses, keys and secrets of those who are told of alerts. */
const RECEIVERS = /^alerts\.(?:slack|discord|pagerduty|webhook)(?:\.|$)/

/** The platform's fetch among a client's functions, as in src/config/connections.rs. */
const GLOBAL_FETCH = 2 ** 32 - 1

/** A client's functions by the numbers under which Rust knows them. The same function keeps its number. */
class Functions {
  /** @type {Map<number, Function>} */
  #byNumber = new Map()
  /** @type {Map<Function, number>} */
  #numbers = new Map()
  #next = 0

  /** @param {Function} given @param {(given: Function) => Function} make What is called in its place. */
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
      // Looked up for each exchange: what intercepts it may come later.
      const fetch = (/** @type {[any, any]} */ ...given) => globalThis.fetch(...given)
      this.#byNumber.set(number, require('../native/transport').createTransport(fetch))
    }
    return this.#byNumber.get(number)
  }

  /** Forgets all but these. @param {Set<number>} numbers */
  keepOnly (numbers) {
    for (const [given, number] of this.#numbers) {
      if (numbers.has(number)) continue
      this.#numbers.delete(given)
      this.#byNumber.delete(number)
    }
  }
}

/**
 * JSON for Rust, and the numbers of the functions that are in it.
 * @param {object} options
 * @param {object[]} above What the options were copied from.
 * @param {Functions} functions
 * @param {import('./config-file').Document} [document] Whose options these take the place of.
 */
function encode (options, above, functions, document) {
  /** @type {Set<number>} */
  const used = new Set()
  const copy = plain(options, {
    ofFunction: (value, path) => {
      if (!FUNCTIONS.test(path)) return undefined
      const number = path === 'transport'
        ? functions.add(value, (given) => require('../native/transport').createTransport(/** @type {any} */ (given)))
        : path === 'alerts.forward' ? functions.add(value, forwarding) : functions.add(value)
      used.add(number)
      return { $function: number }
    },
    isSecret: (path) => FUNCTIONS.test(path) || path === QUEUE_KEY || RECEIVERS.test(path),
    ofBuffer: (value, path) => BUFFERS.test(path) ? value.toString('utf8') : path === QUEUE_KEY ? value.toString('hex') : undefined
  }, '', above)
  const beside = document === undefined ? {} : { file: document.file, variables: document.variables }
  return { json: JSON.stringify({ options: copy, environment: environment(), ...beside }), used }
}

/** What is called in the place of `alerts.forward`: a text says that it came to its end. @param {Function} given */
function forwarding (given) {
  return async (/** @type {unknown} */ alert) => {
    await given(alert)
    return ''
  }
}

/**
 * Calls one of the functions that were in some options.
 * @param {Functions} functions
 * @param {number} number
 * @param {string | undefined} argument A request as JSON; keys are asked for without one.
 * @returns {Promise<unknown>}
 */
async function ask (functions, number, argument) {
  const asked = functions.get(number)
  return argument === undefined ? asked?.() : asked?.(JSON.parse(argument))
}

/**
 * `(options)`, `(apiKey, options)` or nothing, as one object without `signal`.
 * @param {unknown} first
 * @param {unknown} second
 */
function merge (first, second) {
  if (first !== undefined && typeof first !== 'string' && !isObject(first)) {
    throw ofProblems([{ path: 'options', message: `must be an API key or a plain object, got ${what(first)}` }])
  }
  if (second !== undefined && !isObject(second)) {
    throw ofProblems([{ path: 'options', message: `must be a plain object, got ${what(second)}` }])
  }
  const { signal, ...options } = /** @type {any} */ ({ ...members(typeof first === 'string' ? { apiKey: first } : first, 'options'), ...members(second, 'options') })
  if (signal !== undefined && !isSignal(signal)) {
    throw ofProblems([{ path: 'signal', message: `must be an AbortSignal, got ${what(signal)}` }])
  }
  // An object that holds itself must be known by itself, not by its copy.
  const above = /** @type {object[]} */ ([first, second].filter((given) => typeof given === 'object'))
  return { options, above, signal: /** @type {AbortSignal | undefined} */ (signal) }
}

/**
 * An object's members, read once each. One that cannot be read is refused by whoever wants it.
 * @param {any} object
 * @param {string} path
 * @returns {Record<string, any>}
 */
function members (object, path) {
  const copy = Object.create(null)
  if (object === undefined) return copy
  let names
  try {
    names = Object.keys(object)
  } catch {
    throw ofProblems([{ path, message: 'must be a plain object, got an object that cannot be read' }])
  }
  for (const name of names) copy[name] = member(object, name)
  return copy
}

/** @param {unknown} value */
function isSignal (value) {
  try {
    return value instanceof AbortSignal && typeof value.aborted === 'boolean'
  } catch {
    return false
  }
}

/**
 * An object's members, of which all must be options; one that is not is refused, naming the nearest that is.
 * @param {object | undefined} options
 * @param {string[]} accepted
 * @param {string} path
 */
function read (options, accepted, path) {
  if (options !== undefined && !isObject(options)) {
    throw ofProblems([{ path, message: `must be a plain object, got ${what(options)}` }])
  }
  const copy = members(options, path)
  for (const name in copy) {
    if (!accepted.includes(name)) {
      throw ofProblems([{ path: `${path}.${name}`, message: native.refuseName(name, accepted) }])
    }
  }
  return copy
}

/**
 * How many are asked for at most; beyond what Rust counts to there is nothing.
 * @param {unknown} given
 * @param {string} path
 * @param {import('../..').ConfigProblem[]} problems
 */
function limitOf (given, path, problems) {
  if (given === undefined) return undefined
  if (typeof given === 'number' && Number.isInteger(given) && given >= 0) return Math.min(given, 2 ** 32 - 1)
  problems.push({ path, message: `must be a whole number from 0, got ${typeof given === 'number' ? given : what(given)}` })
  return undefined
}

/**
 * Makes the native client, or throws everything that is wrong with the options at once.
 * @param {import('../../native').Hub} hub
 * @param {number} id
 * @param {string} json
 * @param {boolean} monitor
 * @param {Uint8Array} [document]
 */
function create (hub, id, json, monitor, document) {
  return made(() => native.NativeClient.create(hub, id, json, monitor, document))
}

/**
 * What Rust makes, or everything that is wrong with the options at once.
 * @template T
 * @param {() => T} make
 * @returns {T}
 */
function made (make) {
  try {
    return make()
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
  throw ofProblems([{ path, message: `must be a string, got ${what(value)}` }])
}

module.exports = { Functions, environment, name, encode, ask, merge, members, isSignal, read, limitOf, create, made }
