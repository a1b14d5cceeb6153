'use strict'

// One event, encoded once for all listeners.

class Frame {
  /** @type {Buffer | undefined} */
  #message

  /**
   * @param {string} event
   * @param {string} data JSON, which has no line breaks.
   * @param {number} id
   */
  constructor (event, data, id) {
    this.event = event
    this.data = data
    this.id = id
    /** Encoded as a server-sent event. */
    this.bytes = Buffer.from(`id: ${id}\nevent: ${event}\ndata: ${data}\n\n`)
  }

  /** Encoded as a WebSocket message. */
  get message () {
    this.#message ??= Buffer.from(`{"id":${this.id},"event":"${this.event}","data":${this.data}}`)
    return this.#message
  }
}

module.exports = { Frame }
