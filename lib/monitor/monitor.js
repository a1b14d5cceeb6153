'use strict'

const { types } = require('node:util')
const bridge = require('../native/bridge')
const { SubscriptionEmitter, EVENTS } = require('../util/emitter')
const { optionalName, readOptions, readLimit } = require('../config/arguments')
const { UserCallbacks, invokeCallback } = require('../config/callbacks')
const { encodeOptions, mergeOptions, createNativeClient } = require('../config/options')
const { clientClosedError, configError } = require('../util/errors')
const { quote } = require('../util/serialize-options')
const { onAbort } = require('../util/signal')

/** Running monitors: one that was started lives until it is stopped, even without a reference to it. */
const runningMonitors = new Set()

/** Marks calls of the constructor from this file. */
const INTERNAL = Symbol('internal')

class HealthMonitor extends SubscriptionEmitter {
  #native
  /** A client's monitor keeps its client alive, because they share the native part. */
  #owner
  #running = false
  #referenced = true
  #keepsAlive = false
  /** Whether the signal that stops it has fired. */
  #aborted = () => false

  /**
   * @param {unknown} [apiKeyOrOptions]
   * @param {unknown} [more]
   */
  constructor (apiKeyOrOptions, more) {
    const shared = /** @type {any} */ (more)?.[INTERNAL]
    super(shared?.changed ?? (() => this.#native?.setWantedEvents(this.subscriptions)))
    if (shared !== undefined) {
      this.#native = shared.native
      this.#owner = shared.owner
      return
    }
    const { options, sources, signal } = mergeOptions(apiKeyOrOptions, more)
    const callbacks = new UserCallbacks()
    const { json } = encodeOptions(options, sources, callbacks)
    const listener = {
      deliver: (/** @type {number} */ kind, /** @type {string} */ payload) => this.deliver(EVENTS[kind], JSON.parse(payload)),
      invoke: (/** @type {number} */ number, /** @type {string | undefined} */ argument) => invokeCallback(callbacks, number, argument),
      native: /** @type {any} */ (undefined)
    }
    const native = createNativeClient(bridge.getHub(), bridge.registerListener(listener), json, true)
    listener.native = native
    this.#native = native
    this.#owner = listener
    this.#aborted = () => signal?.aborted === true
    const self = new WeakRef(this)
    if (signal?.aborted === false) onAbort(signal, () => { self.deref()?.stopMonitoring() })
  }

  /**
   * Creates the monitor of a client.
   * @param {import('../../native').NativeClient} native
   * @param {object} owner
   * @param {() => void} changed
   */
  static ofClient (native, owner, changed) {
    return new HealthMonitor(undefined, { [INTERNAL]: { native, owner, changed } })
  }

  /** @param {string} [endpoint] */
  async checkEndpointHealth (endpoint) {
    optionalName(endpoint, 'endpoint')
    return bridge.startOperation((slot) => this.#native.check(slot, endpoint, false), JSON.parse, clientClosedError)
  }

  /** @param {string} [endpoint] */
  async checkServiceAvailability (endpoint) {
    optionalName(endpoint, 'endpoint')
    return bridge.startOperation((slot) => this.#native.check(slot, endpoint, true), JSON.parse, clientClosedError)
  }

  /** @returns {Promise<void>} */
  startMonitoring () {
    this.#running = true
    runningMonitors.add(this)
    this.#updateKeepAlive()
    if (this.#aborted()) {
      this.stopMonitoring()
      return Promise.reject(clientClosedError())
    }
    const started = bridge.startOperation((slot) => this.#native.startMonitoring(slot), () => undefined, clientClosedError)
    // The monitor of a closed client does not start and keeps nothing alive.
    started.catch(() => this.stopMonitoring())
    return started
  }

  stopMonitoring () {
    this.#native.stopMonitoring()
    this.#running = false
    runningMonitors.delete(this)
    this.#updateKeepAlive()
  }

  ref () {
    this.#referenced = true
    this.#updateKeepAlive()
    return this
  }

  unref () {
    this.#referenced = false
    this.#updateKeepAlive()
    return this
  }

  /** @param {import('../..').HistoryFilter} [filter] */
  getHealthHistory (filter) {
    return JSON.parse(this.#native.healthHistory(...readFilter(filter)))
  }

  /** @param {import('../..').HistoryFilter} [filter] */
  getAvailabilityPercentage (filter) {
    return this.#native.availability(...readFilter(filter))
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

  #updateKeepAlive () {
    const keep = this.#running && this.#referenced
    if (keep === this.#keepsAlive) return
    this.#keepsAlive = keep
    if (keep) bridge.keepProcessAlive()
    else bridge.releaseProcess()
  }
}

/**
 * @param {import('../..').HistoryFilter} [filter]
 * @returns {[string | undefined, number | undefined, number | undefined]}
 */
function readFilter (filter) {
  if (filter === undefined) return [undefined, undefined, undefined]
  const { endpoint, since, limit } = readOptions(filter, ['endpoint', 'since', 'limit'], 'filter')
  optionalName(endpoint, 'filter.endpoint')
  const isTime = types.isDate(since) || typeof since === 'string' || typeof since === 'number'
  const at = isTime ? new Date(since).getTime() : NaN
  const problems = []
  if (since !== undefined && Number.isNaN(at)) {
    problems.push({ path: 'filter.since', message: `must be a Date, an ISO 8601 string or milliseconds since 1970, got ${quote(since)}` })
  }
  const most = readLimit(limit, 'filter.limit', problems)
  if (problems.length > 0) throw configError(problems)
  return [endpoint, since === undefined ? undefined : at, most]
}

module.exports = { HealthMonitor }
