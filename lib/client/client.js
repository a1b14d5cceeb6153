'use strict'

const hub = require('../native/bridge')
const { WantedEmitter, EVENTS } = require('../util/emitter')
const { Functions, name: nameOf, encode, ask, merge, read, limitOf, create } = require('../config/options')
const { HealthMonitor } = require('../monitor/monitor')
const { closed, ofProblems } = require('../util/errors')
const { metricsOf } = require('../telemetry/metrics')
const { takeLogger, log } = require('../telemetry/logger')
const duration = require('../util/duration')
const { what } = require('../util/serialize-options')
const { noteClosing } = require('../util/shutdown')

// The rest is loaded when first needed: loading costs more than running.
/** @type {typeof import('../call/call').call | undefined} */
let call
/** @returns {typeof import('../config/config-file')} */
const documents = () => require('../config/config-file')

const MONITOR_EVENTS = EVENTS.indexOf('healthCheck')
const INCIDENT = EVENTS.indexOf('incident')
/** How long `close()` waits for calls under way. */
const DRAIN = 30_000

class FailoverClient extends WantedEmitter {
  #native
  #monitor
  /** @type {import('./config-reload').Configured} */
  #configured
  /** @type {InstanceType<typeof import('./config-reload').Reloading> | undefined} */
  #reloading
  /** @type {Promise<void> | undefined} */
  #closing
  #forgetSignal = () => {}
  /** @type {typeof globalThis.fetch | undefined} */
  #fetch
  /** @type {InstanceType<typeof import('./queue').DurableQueue> | undefined} */
  #queue
  /** @type {InstanceType<typeof import('./costs').CostLedger> | undefined} */
  #costs
  /** @type {((request: Request) => Promise<Response>) | undefined} */
  #handler
  /** Drills that are held by themselves. @type {{ said: string | undefined, stop: () => void }} */
  #drills = { said: undefined, stop: () => {} }
  metrics

  /**
   * @param {unknown} [apiKeyOrOptions]
   * @param {unknown} [more]
   */
  constructor (apiKeyOrOptions, more) {
    super(() => this.#listen())
    const { options, above, signal } = merge(apiKeyOrOptions, more)
    const document = documentFor(apiKeyOrOptions, more)
    const watches = document !== undefined && takeWatch(options)
    const logger = takeLogger(options)
    const functions = new Functions()
    const { json, used } = encode(options, above, functions, document)
    // What was given beside a document goes before it also when it is read again.
    this.#configured = { functions, used, overrides: document === undefined ? { options: {}, above: [] } : { options, above } }
    const listener = {
      deliver: (/** @type {number} */ kind, /** @type {string} */ payload) => this.#deliver(kind, payload),
      ask: (/** @type {number} */ number, /** @type {string | undefined} */ argument) => ask(functions, number, argument),
      native: /** @type {any} */ (undefined)
    }
    const native = create(hub.getHub(), hub.register(listener), json, false, document?.bytes)
    listener.native = native
    this.#native = native
    // The hub holds its listener weakly: it lives as long as its client.
    hold(this, listener)
    this.#monitor = HealthMonitor.over(native, this, () => this.#listen())
    this.metrics = metricsOf(native)
    this.#watchQueue(options)
    log(this, logger, native.logLevel())
    this.#scheduleDrills()
    if (signal?.aborted) {
      this.close()
    } else if (signal) {
      // Weakly: a signal that lives for the whole process must not keep its clients alive.
      const self = new WeakRef(this)
      this.#forgetSignal = require('../util/signal').onAbort(signal, () => { self.deref()?.close() })
    }
    if (document !== undefined && watches && !signal?.aborted) this.#reloads().watch(document)
  }

  /**
   * @param {string | URL} [path]
   * @param {any} [overrides]
   */
  static fromConfig (path, overrides) {
    const { options, signal } = merge(overrides, undefined)
    return new this({ ...options, ...(signal === undefined ? {} : { signal }), [DOCUMENT]: documents().readSync(documents().nameOf(path)) })
  }

  /**
   * @param {any} given
   * @returns {Promise<void>}
   */
  reload (given) {
    return this.#reloads().reload(given)
  }

  /** Made when first needed: most clients stay as they were made. */
  #reloads () {
    this.#reloading ??= new (require('./config-reload').Reloading)(this.#native, this.#configured, {
      tell: (event) => this.deliver('config', event),
      isClosing: () => this.#closing !== undefined,
      replaced: () => this.#scheduleDrills()
    })
    return this.#reloading
  }

  get monitor () {
    return this.#monitor
  }

  /** Made when first asked for. */
  get queue () {
    this.#queue ??= new (require('./queue').DurableQueue)(this, this.#native)
    return this.#queue
  }

  /** Made when first asked for. */
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
    if (this.#closing !== undefined) return Promise.reject(closed())
    try {
      call ??= require('../call/call').call
      return call(this, this.#native, first, second, third)
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

  /** Made when first asked for. @type {typeof globalThis.fetch} */
  get fetch () {
    this.#fetch ??= require('../gateway/fetch').createFetch(() => this.#owner())
    return this.#fetch
  }

  /** Made when first asked for. @type {(request: Request) => Promise<Response>} */
  get handler () {
    this.#handler ??= require('../gateway/handler').createHandler(() => this.#owner())
    return this.#handler
  }

  #owner () {
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
    const { incidentReport } = require('../monitor/incident-report')
    /** @type {import('../..').ConfigProblem[]} */
    const problems = []
    const limit = options === undefined ? undefined : limitOf(read(options, ['limit'], 'options').limit, 'options.limit', problems)
    if (problems.length > 0) throw ofProblems(problems)
    return JSON.parse(this.#native.incidents(limit)).map(incidentReport)
  }

  /** @param {any} [scenarios] @param {any} [options] */
  async drill (scenarios, options) {
    if (this.#closing !== undefined) throw closed()
    return require('../drill').drill(this, this.#native, scenarios, options)
  }

  /** @param {string} [endpoint] */
  async validateApiKey (endpoint) {
    nameOf(endpoint, 'endpoint')
    return hub.ask((slot) => this.#native.validateApiKey(slot, endpoint), JSON.parse, closed)
  }

  /** @param {string} endpoint */
  isolate (endpoint) {
    if (endpoint === undefined) throw ofProblems([{ path: 'endpoint', message: 'must be a string, got undefined' }])
    nameOf(endpoint, 'endpoint')
    if (!this.#native.isolate(endpoint, true)) {
      const names = this.getEndpointStatus().map((/** @type {{ name: string }} */ status) => status.name).join(', ')
      throw ofProblems([{ path: 'endpoint', message: `must be one of ${names}, got '${endpoint}'` }])
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
    return hub.ask((slot) => this.#native.queueRetryAll(slot), JSON.parse, closed)
  }

  /** @returns {Promise<void>} */
  warmup () {
    return hub.ask((slot) => this.#native.warmup(slot), () => undefined, closed)
  }

  /**
   * @param {{ drain?: number | string }} [options]
   * @returns {Promise<void>}
   */
  close (options) {
    const given = read(options, ['drain'], 'options')
    const drain = duration.ms(given.drain, 'options.drain', DRAIN)
    this.#forgetSignal()
    this.#reloading?.unwatch()
    this.#drills.stop()
    noteClosing(this)
    this.#closing ??= hub.ask((slot) => this.#native.close(slot, drain), () => undefined, closed).then(() => {
      this.#monitor.stopMonitoring()
    })
    return this.#closing
  }

  async [Symbol.asyncDispose] () {
    await this.close()
  }

  /** A queue that cannot be used is told before it is needed. @param {Record<string, any>} options */
  #watchQueue (options) {
    if (!options.queue) return
    if (options.onUnavailable === 'queue') require('../call/require-answer').queuesByDefault(this)
    const self = new WeakRef(this)
    this.queue.ready().catch(({ message, reason }) => {
      if (reason !== 'closed') self.deref()?.deliver('config', { message })
    })
  }

  /** Those that stay as they were are not put off by a reload. */
  #scheduleDrills () {
    const said = this.#native.drills() ?? undefined
    if (said === this.#drills.said) return
    this.#drills.stop()
    this.#drills = { said, stop: said === undefined ? () => {} : require('../drill/schedule').schedule(/** @type {any} */ (this), JSON.parse(said)) }
  }

  #listen () {
    // The first listeners may come while the constructor is still at work.
    this.#native?.setWantedEvents(this.wanted | (this.#monitor?.wanted ?? 0))
  }

  /** @param {number} kind @param {string} json */
  #deliver (kind, json) {
    const parsed = JSON.parse(json)
    const payload = kind === INCIDENT ? require('../monitor/incident-report').incidentReport(parsed) : parsed
    this.deliver(EVENTS[kind], payload)
    if (kind >= MONITOR_EVENTS) this.#monitor.deliver(EVENTS[kind], payload)
  }
}

/** With options that take the place of a document's. */
const DOCUMENT = Symbol('document')

/**
 * The document of a client that is made: the one that `fromConfig` read, or, without any argument, one that is found.
 * @param {any} first
 * @param {unknown} second
 * @returns {import('../config/config-file').Document | undefined}
 */
function documentFor (first, second) {
  if (first === undefined && second === undefined) {
    const found = documents().find()
    return found === undefined ? undefined : documents().readSync(found)
  }
  return typeof first === 'object' ? first?.[DOCUMENT] : undefined
}

/** @param {any} options */
function takeWatch (options) {
  const { watch } = options
  delete options.watch
  if (watch !== undefined && typeof watch !== 'boolean') throw ofProblems([{ path: 'watch', message: `must be true or false, got ${what(watch)}` }])
  return watch === true
}

/** @type {WeakMap<object, object>} */
const held = new WeakMap()

/** @param {object} owner @param {object} thing */
function hold (owner, thing) {
  held.set(owner, thing)
}

module.exports = { FailoverClient }
