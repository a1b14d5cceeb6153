'use strict'

const { EventEmitter } = require('node:events')

// The order of src/base/event.rs: an event's index is its bit in the mask.
const EVENTS = ['attempt', 'retry', 'failover', 'breaker', 'cooldown', 'rateLimit', 'config', 'budget', 'queue', 'incident', 'healthCheck', 'alert', 'authError', 'forward']

/** An EventEmitter that reports to Rust which events have listeners, so that other events are never serialized. */
class SubscriptionEmitter extends EventEmitter {
  /** @type {() => void} */
  #changed

  /** @param {() => void} changed */
  constructor (changed) {
    super()
    this.#changed = changed
  }

  get subscriptions () {
    let mask = 0
    for (let i = 0; i < EVENTS.length; i++) if (this.listenerCount(EVENTS[i]) > 0) mask |= 1 << i
    return mask
  }

  /** @param {string} name @param {(...args: any[]) => void} listener */
  on (name, listener) {
    super.on(name, listener)
    this.#changed()
    return this
  }

  /** @param {string} name @param {(...args: any[]) => void} listener */
  addListener (name, listener) {
    return this.on(name, listener)
  }

  /** @param {string} name @param {(...args: any[]) => void} listener */
  prependListener (name, listener) {
    super.prependListener(name, listener)
    this.#changed()
    return this
  }

  /** @param {string} name @param {(...args: any[]) => void} listener */
  removeListener (name, listener) {
    super.removeListener(name, listener)
    this.#changed()
    return this
  }

  /** @param {string} name @param {(...args: any[]) => void} listener */
  off (name, listener) {
    return this.removeListener(name, listener)
  }

  /** @param {string} [name] */
  removeAllListeners (name) {
    if (name === undefined) super.removeAllListeners()
    else super.removeAllListeners(name)
    this.#changed()
    return this
  }

  /**
   * Calls the listeners. An error thrown by one reaches `uncaughtException`; the other listeners still run.
   * @param {string} name
   * @param {object} payload
   */
  deliver (name, payload) {
    for (const listener of this.rawListeners(name)) {
      try {
        const result = listener.call(this, payload)
        // As with `captureRejections`: the rejection of an async listener is not lost.
        if (typeof result?.then === 'function') result.then(undefined, rethrow)
      } catch (error) {
        rethrow(error)
      }
    }
  }
}

/** @param {unknown} error */
function rethrow (error) {
  setImmediate(() => { throw error })
}

module.exports = { SubscriptionEmitter, EVENTS }
