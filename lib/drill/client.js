'use strict'

// A twin of a client: configured as it is, with exchanges that are made here. The client itself sees nothing of it.

const hub = require('../native/bridge')
const { EventEmitter } = require('node:events')
const { EVENTS } = require('../util/emitter')
const { call } = require('../call/call')
const { closed } = require('../util/errors')
const { createTransport } = require('../native/transport')
const { incidentReport } = require('../monitor/incident-report')

/** The number of the one function that it has. */
const TRANSPORT = 0

class Twin extends EventEmitter {
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
      ask: async (/** @type {number} */ number, /** @type {string | undefined} */ argument) => {
        return number === TRANSPORT && argument !== undefined ? transport(JSON.parse(argument)) : undefined
      },
      native: /** @type {any} */ (undefined)
    }
    this.#native = original.twin(hub.getHub(), hub.register(this.#listener), TRANSPORT, quietMs)
    this.#listener.native = this.#native
    this.#native.setWantedEvents(1 << EVENTS.indexOf('attempt'))
  }

  /** @param {object} request @param {object} [options] */
  chatCompletion (request, options) {
    return call(/** @type {any} */ (this), this.#native, request, options, undefined)
  }

  /** Until when nobody asks it; 0 if somebody may. @param {string} name @returns {number} */
  cooldownUntil (name) {
    const status = JSON.parse(this.#native.endpointStatus()).find((/** @type {any} */ status) => status.name === name)
    return status?.cooldownUntil ?? 0
  }

  get incidents () {
    return JSON.parse(this.#native.incidents()).map(incidentReport)
  }

  /** @returns {Promise<void>} */
  close () {
    return hub.ask((slot) => this.#native.close(slot, 0), () => undefined, closed)
  }
}

module.exports = { Twin }
