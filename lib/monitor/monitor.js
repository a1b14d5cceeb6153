'use strict'

const { types } = require('node:util')
const hub = require('../native/bridge')
const { WantedEmitter, EVENTS } = require('../util/emitter')
const { Functions, name, encode, ask, merge, read, limitOf, create } = require('../config/options')
const { closed, ofProblems } = require('../util/errors')
const { shown } = require('../util/serialize-options')
const { onAbort } = require('../util/signal')

/** Monitors that were started live until they are stopped, also when nobody holds them. */
const running = new Set()

/** Says that the constructor is called from here. */
const INTERNAL = Symbol('internal')

class HealthMonitor extends WantedEmitter {
  #native
  /** A client's monitor keeps its client, whose native part it shares. */
  #owner
  #running = false
  #referenced = true
  #retained = false
  /** The signal that ends it has fired. */
  #aborted = () => false

  /**
   * @param {unknown} [apiKeyOrOptions]
   * @param {unknown} [more]
   */
  constructor (apiKeyOrOptions, more) {
    const shared = /** @type {any} */ (more)?.[INTERNAL]
    super(shared?.changed ?? (() => this.#native?.setWantedEvents(this.wanted)))
    if (shared !== undefined) {
      this.#native = shared.native
      this.#owner = shared.owner
      return
    }
    const { options, above, signal } = merge(apiKeyOrOptions, more)
    const functions = new Functions()
    const { json } = encode(options, above, functions)
    const listener = {
      deliver: (/** @type {number} */ kind, /** @type {string} */ payload) => this.deliver(EVENTS[kind], JSON.parse(payload)),
      ask: (/** @type {number} */ number, /** @type {string | undefined} */ argument) => ask(functions, number, argument),
      native: /** @type {any} */ (undefined)
    }
    const native = create(hub.getHub(), hub.register(listener), json, true)
    listener.native = native
    this.#native = native
    this.#owner = listener
    this.#aborted = () => signal?.aborted === true
    const self = new WeakRef(this)
    if (signal?.aborted === false) onAbort(signal, () => { self.deref()?.stopMonitoring() })
  }

  /**
   * The monitor of a client.
   * @param {import('../../native').NativeClient} native
   * @param {object} owner
   * @param {() => void} changed
   */
  static over (native, owner, changed) {
    return new HealthMonitor(undefined, { [INTERNAL]: { native, owner, changed } })
  }

  /** @param {string} [endpoint] */
  async checkEndpointHealth (endpoint) {
    name(endpoint, 'endpoint')
    return hub.ask((slot) => this.#native.check(slot, endpoint, false), JSON.parse, closed)
  }

  /** @param {string} [endpoint] */
  async checkServiceAvailability (endpoint) {
    name(endpoint, 'endpoint')
    return hub.ask((slot) => this.#native.check(slot, endpoint, true), JSON.parse, closed)
  }

  /** @returns {Promise<void>} */
  startMonitoring () {
    this.#running = true
    running.add(this)
    this.#keep()
    if (this.#aborted()) {
      this.stopMonitoring()
      return Promise.reject(closed())
    }
    const started = hub.ask((slot) => this.#native.startMonitoring(slot), () => undefined, closed)
    // A closed client's monitor does not start, and so keeps nothing alive.
    started.catch(() => this.stopMonitoring())
    return started
  }

  stopMonitoring () {
    this.#native.stopMonitoring()
    this.#running = false
    running.delete(this)
    this.#keep()
  }

  ref () {
    this.#referenced = true
    this.#keep()
    return this
  }

  unref () {
    this.#referenced = false
    this.#keep()
    return this
  }

  /** @param {import('../..').HistoryFilter} [filter] */
  getHealthHistory (filter) {
    return JSON.parse(this.#native.healthHistory(...filterOf(filter)))
  }

  /** @param {import('../..').HistoryFilter} [filter] */
  getAvailabilityPercentage (filter) {
    return this.#native.availability(...filterOf(filter))
  }

  getOptimalModel () {
    return this.#native.optimalModel() ?? null
  }

  getHealthReport () {
    return require('./health-report').healthReport(JSON.parse(this.#native.healthReport()))
  }

  async [Symbol.asyncDispose] () {
    this.stopMonitoring()
  }

  #keep () {
    const keep = this.#running && this.#referenced
    if (keep === this.#retained) return
    this.#retained = keep
    if (keep) hub.retain()
    else hub.release()
  }
}

/**
 * @param {import('../..').HistoryFilter} [filter]
 * @returns {[string | undefined, number | undefined, number | undefined]}
 */
function filterOf (filter) {
  if (filter === undefined) return [undefined, undefined, undefined]
  const { endpoint, since, limit } = read(filter, ['endpoint', 'since', 'limit'], 'filter')
  name(endpoint, 'filter.endpoint')
  const isTime = types.isDate(since) || typeof since === 'string' || typeof since === 'number'
  const at = isTime ? new Date(since).getTime() : NaN
  const problems = []
  if (since !== undefined && Number.isNaN(at)) {
    problems.push({ path: 'filter.since', message: `must be a Date, an ISO 8601 string or milliseconds since 1970, got ${shown(since)}` })
  }
  const most = limitOf(limit, 'filter.limit', problems)
  if (problems.length > 0) throw ofProblems(problems)
  return [endpoint, since === undefined ? undefined : at, most]
}

module.exports = { HealthMonitor }
