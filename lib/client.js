'use strict'

const hub = require('./hub')
const { WantedEmitter, EVENTS } = require('./emitter')
const { name: nameOf, encode, ask, merge, read, create } = require('./options')
const { HealthMonitor } = require('./monitor')
const { closed, ofProblems } = require('./errors')
const duration = require('./duration')
const { onAbort } = require('./signal')
// Not when first needed: whoever empties the module registry meanwhile, as Jest's resetModules does, would have these on
// a hub of their own, where no answer arrives.
const { call } = require('./call')
const { createFetch } = require('./wire/fetch')
const { createHandler } = require('./wire/handler')
const { DurableQueue, queuesByDefault } = require('./queue')

const MONITOR_EVENTS = EVENTS.indexOf('healthCheck')
/** How long `close()` waits for calls under way. */
const DRAIN = 30_000

class FailoverClient extends WantedEmitter {
  #native
  #monitor
  #functions
  /** @type {Promise<void> | undefined} */
  #closing
  #forgetSignal = () => {}
  /** @type {typeof globalThis.fetch | undefined} */
  #fetch
  /** @type {InstanceType<typeof import('./costs').CostLedger> | undefined} */
  #costs
  /** @type {((request: Request) => Promise<Response>) | undefined} */
  #handler
  metrics
  queue

  /**
   * @param {unknown} [apiKeyOrOptions]
   * @param {unknown} [more]
   */
  constructor (apiKeyOrOptions, more) {
    super(() => this.#listen())
    const { options, above, signal } = merge(apiKeyOrOptions, more)
    const { json, functions } = encode(options, above)
    this.#functions = functions
    const listener = {
      deliver: (/** @type {number} */ kind, /** @type {string} */ payload) => this.#deliver(kind, payload),
      ask: (/** @type {number} */ number, /** @type {string | undefined} */ argument) => ask(this.#functions, number, argument),
      native: /** @type {any} */ (undefined)
    }
    const native = create(hub.getHub(), hub.register(listener), json, false)
    listener.native = native
    this.#native = native
    // The hub holds its listener weakly: it lives as long as its client.
    hold(this, listener)
    this.#monitor = HealthMonitor.over(native, this, () => this.#listen())
    this.metrics = Object.freeze({ snapshot: () => JSON.parse(native.snapshot()) })
    this.queue = new DurableQueue(this, native)
    this.#watchQueue(options)
    if (signal?.aborted) {
      this.close()
    } else if (signal) {
      // Weakly: a signal that lives for the whole process must not keep its clients alive.
      const self = new WeakRef(this)
      this.#forgetSignal = onAbort(signal, () => { self.deref()?.close() })
    }
  }

  get monitor () {
    return this.#monitor
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
      return call(this, this.#native, first, second, third)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** @param {any} prompt @param {any} [options] @returns {Promise<any>} */
  async complete (prompt, options) {
    return require('./complete').complete(this, this.#native, prompt, options)
  }

  /** @param {any} text @param {any} [options] @returns {Promise<any>} */
  async processLongContext (text, options) {
    return require('./long-context').processLongContext(this, this.#native.models(), text, options)
  }

  /** Made when first asked for. @type {typeof globalThis.fetch} */
  get fetch () {
    this.#fetch ??= createFetch(() => this.#owner())
    return this.#fetch
  }

  /** Made when first asked for. @type {(request: Request) => Promise<Response>} */
  get handler () {
    this.#handler ??= createHandler(() => this.#owner())
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
    if (options.onUnavailable === 'queue') queuesByDefault(this)
    const self = new WeakRef(this)
    this.queue.ready().catch(({ message, reason }) => {
      if (reason !== 'closed') self.deref()?.deliver('config', { message })
    })
  }

  #listen () {
    // The first listeners may come while the constructor is still at work.
    this.#native?.setWantedEvents(this.wanted | (this.#monitor?.wanted ?? 0))
  }

  /** @param {number} kind @param {string} json */
  #deliver (kind, json) {
    const payload = JSON.parse(json)
    this.deliver(EVENTS[kind], payload)
    if (kind >= MONITOR_EVENTS) this.#monitor.deliver(EVENTS[kind], payload)
  }
}

/** @type {WeakMap<object, object>} */
const held = new WeakMap()

/** @param {object} owner @param {object} thing */
function hold (owner, thing) {
  held.set(owner, thing)
}

module.exports = { FailoverClient }
