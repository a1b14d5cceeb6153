'use strict'

// The latest events, so that a listener that comes back misses none: bounded by number and by weight.

/** @typedef {InstanceType<typeof import('./frame').Frame>} Frame */

const MOST = 1_000
const HEAVIEST = 1 << 20

class Ring {
  /** @type {Frame[]} */
  #frames = []
  #head = 0
  #bytes = 0
  #last
  /** Of what came before the first that is here. */
  #floor

  /** @param {number} floor Where ids begin. */
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

  /** @param {Frame} frame Its id is the next. */
  add (frame) {
    this.#last = frame.id
    this.#frames.push(frame)
    this.#bytes += frame.bytes.length
    while (this.size > MOST || (this.#bytes > HEAVIEST && this.size > 0)) {
      const { id, bytes } = this.#frames[this.#head]
      this.#frames[this.#head++] = /** @type {any} */ (undefined)
      this.#bytes -= bytes.length
      this.#floor = id
    }
    if (this.#head >= MOST) {
      this.#frames = this.#frames.slice(this.#head)
      this.#head = 0
    }
  }

  /**
   * All that came after an event; undefined if not all of it is here, or the event is none of these.
   * @param {number} id
   */
  after (id) {
    if (!(id >= this.#floor && id <= this.#last)) return undefined
    return this.#frames.slice(this.#head + (id - this.#floor))
  }
}

module.exports = { Ring, MOST, HEAVIEST }
