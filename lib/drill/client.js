'use strict'

// A second client for drills: it has the configuration of the original, but its exchanges run through a function. The
// original client is not affected.

const bridge = require('../native/bridge')
const { EventEmitter } = require('node:events')
const { EVENTS } = require('../util/emitter')
const { startCall } = require('../call/call')
const { clientClosedError } = require('../util/errors')
const { createTransport } = require('../native/transport')
const { withFormatters } = require('../monitor/incident-report')

/** The number of its only function. */
const TRANSPORT = 0

class DrillClient extends EventEmitter {
  #native
  #listener

  /**
   * @param {import('../../native').NativeClient} original
   * @param {(url: string, init: RequestInit) => Promise<Response>} exchange
   * @param {number} quietMs
   */
  constructor (original, exchange, quietMs) {
    super()
    const transport = createTransport(exchange)
    this.#listener = {
      deliver: (/** @type {number} */ kind, /** @type {string} */ payload) => { this.emit(EVENTS[kind], JSON.parse(payload)) },
      invoke: async (/** @type {number} */ number, /** @type {string | undefined} */ argument) => {
        return number === TRANSPORT && argument !== undefined ? transport(JSON.parse(argument)) : undefined
      },
      native: /** @type {any} */ (undefined)
    }
    this.#native = original.drillClient(bridge.getHub(), bridge.registerListener(this.#listener), TRANSPORT, quietMs)
    this.#listener.native = this.#native
    this.#native.setWantedEvents(1 << EVENTS.indexOf('attempt'))
  }

  /** @param {object} request @param {object} [options] */
  chatCompletion (request, options) {
    return startCall(/** @type {any} */ (this), this.#native, request, options, undefined)
  }

  /**
   * Returns when an endpoint may be called again, in milliseconds since 1970; 0 if it may be called now. @param
   * {string} name @returns {number}
   */
  cooldownUntil (name) {
    const status = JSON.parse(this.#native.endpointStatus()).find((/** @type {any} */ status) => status.name === name)
    return status?.cooldownUntil ?? 0
  }

  get incidents () {
    return JSON.parse(this.#native.incidents()).map(withFormatters)
  }

  /** @returns {Promise<void>} */
  close () {
    return bridge.startOperation((slot) => this.#native.close(slot, 0), () => undefined, clientClosedError)
  }
}

module.exports = { DrillClient }
