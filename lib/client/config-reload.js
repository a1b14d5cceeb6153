'use strict'

// Reloads a client's configuration: on request, or when its file changes.

const bridge = require('../native/bridge')
const { encodeOptions, mergeOptions } = require('../config/options')
const { takeLogger } = require('../telemetry/logger')
const { clientClosedError, configError, formatProblem } = require('../util/errors')

/** @returns {typeof import('../config/config-file')} */
const configFiles = () => require('../config/config-file')

/**
 * What a client was created with: its functions, the numbers of those in use, and the options that override a file.
 * @typedef {{ callbacks: InstanceType<typeof import('../config/callbacks').UserCallbacks>, used: Set<number>, overrides: { options: object, sources: object[] } }} Configured
 */

/** @typedef {{ emit: (event: import('../..').ConfigEvent) => void, isClosing: () => boolean, onReload: () => void }} Host */

class ConfigReloader {
  #native
  #callbacks
  #overrides
  /** Functions of the current configuration. */
  #used
  #host
  /** The latest reload. Reloads run one after the other. @type {Promise<unknown>} */
  #last = Promise.resolve()
  #unwatch = () => {}

  /**
   * @param {import('../../native').NativeClient} native
   * @param {Configured} configured
   * @param {Host} host
   */
  constructor (native, { callbacks, used, overrides }, host) {
    this.#native = native
    this.#callbacks = callbacks
    this.#used = used
    this.#overrides = overrides
    this.#host = host
  }

  /**
   * @param {any} given
   * @returns {Promise<void>}
   */
  reload (given) {
    const reloaded = this.#last.then(() => this.#reload(given))
    this.#last = reloaded.catch(() => {})
    return reloaded
  }

  /** @param {any} given */
  async #reload (given) {
    const isPath = given === undefined || typeof given === 'string' || given instanceof URL
    const document = isPath ? await configFiles().readConfigFile(configFiles().configFileName(given)) : undefined
    const { options, sources } = document === undefined ? mergeOptions(given, undefined) : this.#overrides
    // A reload keeps the logger.
    takeLogger(options)
    const changes = await this.#replace(options, sources, document)
    this.#host.emit({ message: summarize(changes, document?.file), ...(document === undefined ? {} : { file: document.file }), changes })
  }

  /**
   * @param {object} options
   * @param {object[]} sources
   * @param {import('../config/config-file').ConfigFile} [document]
   * @returns {Promise<import('../..').ConfigChanges>}
   */
  async #replace (options, sources, document) {
    if (this.#host.isClosing()) throw clientClosedError()
    const { json, used } = encodeOptions(options, sources, this.#callbacks, document)
    const isDraining = this.#native.hasDrainingCalls()
    const { changes, problems } = await bridge.startOperation((slot) => this.#native.reload(slot, json, document?.bytes), JSON.parse, clientClosedError)
    if (problems !== undefined) throw configError(problems)
    // Calls of the previous configuration may still need its functions.
    if (!isDraining) this.#callbacks.keepOnly(new Set([...used, ...this.#used]))
    this.#used = used
    this.#host.onReload()
    return changes
  }

  /** @param {import('../config/config-file').ConfigFile} document */
  watch (document) {
    const { file, path } = document
    /** The file's content at the last read; undefined while it cannot be read. @type {Buffer | undefined} */
    let bytes = Buffer.from(document.bytes)
    /** Why the file cannot be read. The same reason is reported once. @type {string | undefined} */
    let unreadable
    const read = async () => {
      const found = await configFiles().readConfigFile(file, path).catch((error) => {
        bytes = undefined
        throw error
      })
      if (bytes?.equals(found.bytes)) return
      bytes = Buffer.from(found.bytes)
      unreadable = undefined
      return found
    }
    /** @param {any} error */
    const failed = (error) => {
      const why = (error.problems ?? []).map(formatProblem).join('; ') || error.message
      if (bytes === undefined && unreadable === why) return
      unreadable = bytes === undefined ? why : undefined
      return { message: `${file} is invalid, and the previous configuration stays in use: ${why}`, file, problems: error.problems ?? [] }
    }
    // Weakly: watching a file does not keep its client alive, and ends when the client is collected.
    const self = new WeakRef(this)
    const unwatch = require('../config/watch-file').watchFile(path, () => {
      const reloading = self.deref()
      if (reloading === undefined) return unwatch()
      reloading.#last = reloading.#last.then(() => reloading.#reloadFromFile(file, read, failed))
    })
    this.#unwatch = unwatch
    finalizers.register(this, unwatch)
  }

  /**
   * Reloads a watched file if its content changed.
   * @param {string} file
   * @param {() => Promise<import('../config/config-file').ConfigFile | undefined>} read
   * @param {(error: unknown) => import('../..').ConfigEvent | undefined} failed
   */
  async #reloadFromFile (file, read, failed) {
    if (this.#host.isClosing()) return
    try {
      const found = await read()
      if (found === undefined) return
      const changes = await this.#replace(this.#overrides.options, this.#overrides.sources, found)
      this.#host.emit({ message: summarize(changes, file), file, changes })
    } catch (error) {
      const event = this.#host.isClosing() ? undefined : failed(error)
      if (event !== undefined) this.#host.emit(event)
    }
  }

  unwatch () {
    this.#unwatch()
  }
}

/** Stops watching for clients that were collected. */
const finalizers = new FinalizationRegistry((/** @type {() => void} */ unwatch) => unwatch())

/**
 * @param {import('../..').ConfigChanges} changes
 * @param {string} [file]
 */
function summarize ({ added, removed, changed, reordered, options }, file) {
  const lists = { added, removed, changed, options }
  const parts = Object.entries(lists).filter(([, list]) => list.length > 0).map(([name, list]) => `${name} ${list.join(', ')}`)
  if (reordered) parts.push('endpoints in another order')
  return `reloaded${file === undefined ? '' : ` from ${file}`}: ${parts.join('; ') || 'nothing changed'}`
}

module.exports = { ConfigReloader }
