'use strict'

// Keeps the latest events for listeners that reconnect, bounded by number and bytes.

/** @typedef {InstanceType<typeof import('./frame').Frame>} Frame */

const MAX_FRAMES = 1_000
const MAX_BYTES = 1 << 20

class ReplayBuffer {
  /** @type {Frame[]} */
  #frames = []
  #head = 0
  #bytes = 0
  #last
  /** The id before the first event that is kept. */
  #floor

  /** @param {number} floor The id before the first event. */
  constructor (floor) {
    this.#floor = floor
    this.#last = floor
  }

  /** The id of the latest event. */
  get last () {
    return this.#last
  }

  get bytes () {
    return this.#bytes
  }

  get size () {
    return this.#frames.length - this.#head
  }

  /** @param {Frame} frame Its id follows the latest one. */
  add (frame) {
    this.#last = frame.id
    this.#frames.push(frame)
    this.#bytes += frame.bytes.length
    while (this.size > MAX_FRAMES || (this.#bytes > MAX_BYTES && this.size > 0)) {
      const { id, bytes } = this.#frames[this.#head]
      this.#frames[this.#head++] = /** @type {any} */ (undefined)
      this.#bytes -= bytes.length
      this.#floor = id
    }
    if (this.#head >= MAX_FRAMES) {
      this.#frames = this.#frames.slice(this.#head)
      this.#head = 0
    }
  }

  /** Returns the events after an id; undefined if some are no longer kept, or the id is unknown. @param {number} id */
  after (id) {
    if (!(id >= this.#floor && id <= this.#last)) return undefined
    return this.#frames.slice(this.#head + (id - this.#floor))
  }
}

module.exports = { ReplayBuffer, MAX_FRAMES, MAX_BYTES }
