'use strict'

// Encodes options for Rust: plain data as JSON, with a number in place of each function. Rust validates them; values
// that JSON cannot hold are described, so that Rust refuses them with their path.

const native = require('../native/addon')
const { configError } = require('../util/errors')
const { describe, isPlainObject, toPlainData } = require('../util/serialize-options')
const { isAbortSignal, readMembers } = require('./arguments')
const { awaitForward } = require('./callbacks')
const { readEnvironment } = require('./environment')

/** Paths at which a function, or a Buffer, is accepted. */
const FUNCTION_PATHS = /^(?:endpoints\[\d+\]\.)?apiKey(?:\[\d+\])?$|^fallbackResponse$|^transport$|^alerts\.forward$/
const BUFFER_PATHS = /^tls\.ca(?:\[\d+\])?$/
const QUEUE_KEY_PATH = 'queue.encryptionKey'
/** Addresses, keys and secrets of alert receivers. */
const RECEIVER_PATHS = /^alerts\.(?:slack|discord|pagerduty|webhook)(?:\.|$)/

/**
 * Returns the options as JSON for Rust, and the numbers of the functions in them.
 * @param {object} options
 * @param {object[]} sources The objects from which the options were copied.
 * @param {InstanceType<typeof import('./callbacks').UserCallbacks>} callbacks
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

module.exports = { encodeOptions, mergeOptions, createNativeClient, withConfigErrors }
