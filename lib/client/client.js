'use strict'

const bridge = require('../native/bridge')
const { SubscriptionEmitter, EVENTS } = require('../util/emitter')
const { optionalName: nameOf, readOptions, readLimit } = require('../config/arguments')
const { UserCallbacks, invokeCallback } = require('../config/callbacks')
const { encodeOptions, mergeOptions, createNativeClient } = require('../config/options')
const { HealthMonitor } = require('../monitor/monitor')
const { clientClosedError, configError } = require('../util/errors')
const { createMetrics } = require('../telemetry/metrics')
const { takeLogger, attachLogger } = require('../telemetry/logger')
const duration = require('../util/duration')
const { describe } = require('../util/serialize-options')
const { markClosing } = require('../util/shutdown')

// The rest is loaded on first use: loading it costs more than running it.
/** @type {typeof import('../call/call').startCall | undefined} */
let startCall
/** @returns {typeof import('../config/config-file')} */
const configFiles = () => require('../config/config-file')

const MONITOR_EVENTS = EVENTS.indexOf('healthCheck')
const INCIDENT = EVENTS.indexOf('incident')
/** Default time that `close()` gives calls in flight, in milliseconds. */
const DRAIN_MS = 30_000

class FailoverClient extends SubscriptionEmitter {
  #native
  #monitor
  /** @type {import('./config-reload').Configured} */
  #configured
  /** @type {InstanceType<typeof import('./config-reload').ConfigReloader> | undefined} */
  #reloader
  /** @type {Promise<void> | undefined} */
  #closing
  #removeAbortListener = () => {}
  /** @type {typeof globalThis.fetch | undefined} */
  #fetch
  /** @type {InstanceType<typeof import('./queue').DurableQueue> | undefined} */
  #queue
  /** @type {InstanceType<typeof import('./costs').CostLedger> | undefined} */
  #costs
  /** @type {((request: Request) => Promise<Response>) | undefined} */
  #handler
  /** Scheduled drills. `spec` is their configuration as JSON. @type {{ spec: string | undefined, stop: () => void }} */
  #drills = { spec: undefined, stop: () => {} }
  metrics

  /**
   * @param {unknown} [apiKeyOrOptions]
   * @param {unknown} [more]
   */
  constructor (apiKeyOrOptions, more) {
    super(() => this.#updateSubscriptions())
    const { options, sources, signal } = mergeOptions(apiKeyOrOptions, more)
    const document = configFileFor(apiKeyOrOptions, more)
    const watches = document !== undefined && takeWatch(options)
    const logger = takeLogger(options)
    const callbacks = new UserCallbacks()
    const { json, used } = encodeOptions(options, sources, callbacks, document)
    // Options given beside a file also override it when the file is reloaded.
    this.#configured = { callbacks, used, overrides: document === undefined ? { options: {}, sources: [] } : { options, sources } }
    const listener = {
      deliver: (/** @type {number} */ kind, /** @type {string} */ payload) => this.#deliver(kind, payload),
      invoke: (/** @type {number} */ number, /** @type {string | undefined} */ argument) => invokeCallback(callbacks, number, argument),
      native: /** @type {any} */ (undefined)
    }
    const native = createNativeClient(bridge.getHub(), bridge.registerListener(listener), json, false, document?.bytes)
    listener.native = native
    this.#native = native
    // The bridge holds the listener weakly: it lives as long as its client.
    retainListener(this, listener)
    this.#monitor = HealthMonitor.ofClient(native, this, () => this.#updateSubscriptions())
    this.metrics = createMetrics(native)
    this.#reportQueueProblem(options)
    attachLogger(this, logger, native.logLevel())
    this.#scheduleDrills()
    if (signal?.aborted) {
      this.close()
    } else if (signal) {
      // Weakly: a signal that lives as long as the process must not keep its clients alive.
      const self = new WeakRef(this)
      this.#removeAbortListener = require('../util/signal').onAbort(signal, () => { self.deref()?.close() })
    }
    if (document !== undefined && watches && !signal?.aborted) this.#getReloader().watch(document)
  }

  /**
   * @param {string | URL} [path]
   * @param {any} [overrides]
   */
  static fromConfig (path, overrides) {
    const { options, signal } = mergeOptions(overrides, undefined)
    return new this({ ...options, ...(signal === undefined ? {} : { signal }), [CONFIG_FILE]: configFiles().readConfigFileSync(configFiles().configFileName(path)) })
  }

  /**
   * @param {any} given
   * @returns {Promise<void>}
   */
  reload (given) {
    return this.#getReloader().reload(given)
  }

  /** Created on first use: most clients are never reloaded. */
  #getReloader () {
    this.#reloader ??= new (require('./config-reload').ConfigReloader)(this.#native, this.#configured, {
      emit: (event) => this.deliver('config', event),
      isClosing: () => this.#closing !== undefined,
      onReload: () => this.#scheduleDrills()
    })
    return this.#reloader
  }

  get monitor () {
    return this.#monitor
  }

  /** Created on first use. */
  get queue () {
    this.#queue ??= new (require('./queue').DurableQueue)(this, this.#native)
    return this.#queue
  }

  /** Created on first use. */
  get costs () {
    this.#costs ??= new (require('./costs').CostLedger)(this.#native)
    return this.#costs
  }

  /**
   * @param {any} first
   * @param {any} [second]
   * @param {any} [third]
   * @returns {Promise<any>}
   */
  chatCompletion (first, second, third) {
    if (this.#closing !== undefined) return Promise.reject(clientClosedError())
    try {
      startCall ??= require('../call/call').startCall
      return startCall(this, this.#native, first, second, third)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** @param {any} prompt @param {any} [options] @returns {Promise<any>} */
  async complete (prompt, options) {
    return require('../call/complete').complete(this, this.#native, prompt, options)
  }

  /** @param {any} text @param {any} [options] @returns {Promise<any>} */
  async processLongContext (text, options) {
    return require('../call/long-context').processLongContext(this, this.#native.models(), text, options)
  }

  /** Created on first use. @type {typeof globalThis.fetch} */
  get fetch () {
    this.#fetch ??= require('../gateway/fetch').createFetch(() => this.#openClient())
    return this.#fetch
  }

  /** Created on first use. @type {(request: Request) => Promise<Response>} */
  get handler () {
    this.#handler ??= require('../gateway/handler').createHandler(() => this.#openClient())
    return this.#handler
  }

  #openClient () {
    return this.#closing === undefined ? { client: this, native: this.#native } : undefined
  }

  /** @param {string} [name] */
  getEndpointStatus (name) {
    nameOf(name, 'name')
    /** @type {any[]} */
    const all = JSON.parse(this.#native.endpointStatus())
    return name === undefined ? all : all.find((status) => status.name === name)
  }

  getSummary () {
    return JSON.parse(this.#native.summary())
  }

  getHealthReport () {
    return this.#monitor.getHealthReport()
  }

  /** @param {{ limit?: number }} [options] */
  getIncidents (options) {
    const { withFormatters } = require('../monitor/incident-report')
    /** @type {import('../..').ConfigProblem[]} */
    const problems = []
    const limit = options === undefined ? undefined : readLimit(readOptions(options, ['limit'], 'options').limit, 'options.limit', problems)
    if (problems.length > 0) throw configError(problems)
    return JSON.parse(this.#native.incidents(limit)).map(withFormatters)
  }

  /** @param {any} [scenarios] @param {any} [options] */
  async drill (scenarios, options) {
    if (this.#closing !== undefined) throw clientClosedError()
    return require('../drill').drill(this, this.#native, scenarios, options)
  }

  /** @param {string} [endpoint] */
  async validateApiKey (endpoint) {
    nameOf(endpoint, 'endpoint')
    return bridge.startOperation((slot) => this.#native.validateApiKey(slot, endpoint), JSON.parse, clientClosedError)
  }

  /** @param {string} endpoint */
  isolate (endpoint) {
    if (endpoint === undefined) throw configError([{ path: 'endpoint', message: 'must be a string, got undefined' }])
    nameOf(endpoint, 'endpoint')
    if (!this.#native.isolate(endpoint, true)) {
      const names = this.getEndpointStatus().map((/** @type {{ name: string }} */ status) => status.name).join(', ')
      throw configError([{ path: 'endpoint', message: `must be one of ${names}, got '${endpoint}'` }])
    }
    let isolated = true
    return {
      [Symbol.dispose]: () => {
        if (isolated) this.#native.isolate(endpoint, false)
        isolated = false
      }
    }
  }

  /** @returns {Promise<{ delivered: number, failed: number, remaining: number }>} */
  async retryQueuedRequests () {
    return bridge.startOperation((slot) => this.#native.queueRetryAll(slot), JSON.parse, clientClosedError)
  }

  /** @returns {Promise<void>} */
  warmup () {
    return bridge.startOperation((slot) => this.#native.warmup(slot), () => undefined, clientClosedError)
  }

  /**
   * @param {{ drain?: number | string }} [options]
   * @returns {Promise<void>}
   */
  close (options) {
    const given = readOptions(options, ['drain'], 'options')
    const drain = duration.parseDuration(given.drain, 'options.drain', DRAIN_MS)
    this.#removeAbortListener()
    this.#reloader?.unwatch()
    this.#drills.stop()
    markClosing(this)
    this.#closing ??= bridge.startOperation((slot) => this.#native.close(slot, drain), () => undefined, clientClosedError).then(() => {
      this.#monitor.stopMonitoring()
    })
    return this.#closing
  }

  async [Symbol.asyncDispose] () {
    await this.close()
  }

  /**
   * Emits a `config` event if the queue's file cannot be used, before a call needs it. @param {Record<string, any>}
   * options
   */
  #reportQueueProblem (options) {
    if (!options.queue) return
    if (options.onUnavailable === 'queue') require('../call/require-answer').queuesByDefault(this)
    const self = new WeakRef(this)
    this.queue.ready().catch(({ message, reason }) => {
      if (reason !== 'closed') self.deref()?.deliver('config', { message })
    })
  }

  /** A reload that leaves the schedule unchanged does not postpone the next drill. */
  #scheduleDrills () {
    const spec = this.#native.drills() ?? undefined
    if (spec === this.#drills.spec) return
    this.#drills.stop()
    this.#drills = { spec, stop: spec === undefined ? () => {} : require('../drill/schedule').schedule(/** @type {any} */ (this), JSON.parse(spec)) }
  }

  #updateSubscriptions () {
    // Listeners may be added before the constructor has finished.
    this.#native?.setWantedEvents(this.subscriptions | (this.#monitor?.subscriptions ?? 0))
  }

  /** @param {number} kind @param {string} json */
  #deliver (kind, json) {
    const parsed = JSON.parse(json)
    const payload = kind === INCIDENT ? require('../monitor/incident-report').withFormatters(parsed) : parsed
    this.deliver(EVENTS[kind], payload)
    if (kind >= MONITOR_EVENTS) this.#monitor.deliver(EVENTS[kind], payload)
  }
}

/** The member of the options that holds the configuration file. */
const CONFIG_FILE = Symbol('document')

/**
 * Returns the configuration file of a new client: the one that `fromConfig` read or, without any argument, the default
 * one.
 * @param {any} first
 * @param {unknown} second
 * @returns {import('../config/config-file').ConfigFile | undefined}
 */
function configFileFor (first, second) {
  if (first === undefined && second === undefined) {
    const found = configFiles().findConfigFile()
    return found === undefined ? undefined : configFiles().readConfigFileSync(found)
  }
  return typeof first === 'object' ? first?.[CONFIG_FILE] : undefined
}

/** @param {any} options */
function takeWatch (options) {
  const { watch } = options
  delete options.watch
  if (watch !== undefined && typeof watch !== 'boolean') throw configError([{ path: 'watch', message: `must be true or false, got ${describe(watch)}` }])
  return watch === true
}

/** @type {WeakMap<object, object>} */
const listeners = new WeakMap()

/** @param {object} owner @param {object} thing */
function retainListener (owner, thing) {
  listeners.set(owner, thing)
}

module.exports = { FailoverClient }
