'use strict'

// Another configuration for a client: by hand, or because its file changed.

const hub = require('../native/bridge')
const { encode, merge } = require('../config/options')
const { takeLogger } = require('../telemetry/logger')
const { closed, ofProblems, lineOf } = require('../util/errors')

/** @returns {typeof import('../config/config-file')} */
const documents = () => require('../config/config-file')

/**
 * What a client was made with: its functions, those of them that its configuration uses, and what a document's options give way to
 * when it is read again.
 * @typedef {{ functions: InstanceType<typeof import('../config/options').Functions>, used: Set<number>, overrides: { options: object, above: object[] } }} Configured
 */

/** @typedef {{ tell: (event: import('../..').ConfigEvent) => void, isClosing: () => boolean, replaced: () => void }} Host */

class Reloading {
  #native
  #functions
  #overrides
  /** The functions of the configuration that is. */
  #used
  #host
  /** Reloads follow one another. @type {Promise<unknown>} */
  #last = Promise.resolve()
  #unwatch = () => {}

  /**
   * @param {any} native
   * @param {Configured} configured
   * @param {Host} host
   */
  constructor (native, { functions, used, overrides }, host) {
    this.#native = native
    this.#functions = functions
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
    const document = isPath ? await documents().read(documents().nameOf(given)) : undefined
    const { options, above } = document === undefined ? merge(given, undefined) : this.#overrides
    // It stays what it was.
    takeLogger(options)
    const changes = await this.#replace(options, above, document)
    this.#host.tell({ message: summaryOf(changes, document?.file), ...(document === undefined ? {} : { file: document.file }), changes })
  }

  /**
   * @param {object} options
   * @param {object[]} above
   * @param {import('../config/config-file').Document} [document]
   * @returns {Promise<import('../..').ConfigChanges>}
   */
  async #replace (options, above, document) {
    if (this.#host.isClosing()) throw closed()
    const { json, used } = encode(options, above, this.#functions, document)
    const lingers = this.#native.lingers()
    const { changes, problems } = await hub.ask((slot) => this.#native.reload(slot, json, document?.bytes), JSON.parse, closed)
    if (problems !== undefined) throw ofProblems(problems)
    // Those of the configuration before this one may still be asked.
    if (!lingers) this.#functions.keepOnly(new Set([...used, ...this.#used]))
    this.#used = used
    this.#host.replaced()
    return changes
  }

  /** @param {import('../config/config-file').Document} document */
  watch (document) {
    const { file, path } = document
    /** What it said when it was last read; undefined of a file that cannot be. @type {Buffer | undefined} */
    let bytes = Buffer.from(document.bytes)
    /** Why it cannot be read: said once, as long as that is so. @type {string | undefined} */
    let unreadable
    const read = async () => {
      const found = await documents().read(file, path).catch((error) => {
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
      const why = (error.problems ?? []).map(lineOf).join('; ') || error.message
      if (bytes === undefined && unreadable === why) return
      unreadable = bytes === undefined ? why : undefined
      return { message: `${file} is not valid, and nothing has changed: ${why}`, file, problems: error.problems ?? [] }
    }
    // Weakly: a client that nobody holds is not kept by its file, and its file is watched no longer.
    const self = new WeakRef(this)
    const unwatch = require('../config/watch-file').watch(path, () => {
      const reloading = self.deref()
      if (reloading === undefined) return unwatch()
      reloading.#last = reloading.#last.then(() => reloading.#follow(file, read, failed))
    })
    this.#unwatch = unwatch
    forgotten.register(this, unwatch)
  }

  /**
   * A file that is watched may have changed.
   * @param {string} file
   * @param {() => Promise<import('../config/config-file').Document | undefined>} read
   * @param {(error: unknown) => import('../..').ConfigEvent | undefined} failed
   */
  async #follow (file, read, failed) {
    if (this.#host.isClosing()) return
    try {
      const found = await read()
      if (found === undefined) return
      const changes = await this.#replace(this.#overrides.options, this.#overrides.above, found)
      this.#host.tell({ message: summaryOf(changes, file), file, changes })
    } catch (error) {
      const event = this.#host.isClosing() ? undefined : failed(error)
      if (event !== undefined) this.#host.tell(event)
    }
  }

  unwatch () {
    this.#unwatch()
  }
}

/** Ends the watching for clients that were collected. */
const forgotten = new FinalizationRegistry((/** @type {() => void} */ unwatch) => unwatch())

/**
 * @param {import('../..').ConfigChanges} changes
 * @param {string} [file]
 */
function summaryOf ({ added, removed, changed, reordered, options }, file) {
  const lists = { added, removed, changed, options }
  const parts = Object.entries(lists).filter(([, list]) => list.length > 0).map(([name, list]) => `${name} ${list.join(', ')}`)
  if (reordered) parts.push('endpoints in another order')
  return `reloaded${file === undefined ? '' : ` from ${file}`}: ${parts.join('; ') || 'nothing changed'}`
}

module.exports = { Reloading }
