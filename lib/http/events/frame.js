'use strict'

// One event as listeners are sent it: made once, whoever listens and however they do.

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
    /** As server-sent events have it. */
    this.bytes = Buffer.from(`id: ${id}\nevent: ${event}\ndata: ${data}\n\n`)
  }

  /** As a WebSocket has it. */
  get message () {
    this.#message ??= Buffer.from(`{"id":${this.id},"event":"${this.event}","data":${this.data}}`)
    return this.#message
  }
}

module.exports = { Frame }
