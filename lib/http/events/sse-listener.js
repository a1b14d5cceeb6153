'use strict'

// A listener that reads server-sent events. What it has not read waits in a queue of its own, whose entries all
// listeners share; one that falls too far behind is told so and let go.

const { Frame } = require('./frame')

/** How long a browser waits before it comes back. */
const RETRY = Buffer.from('retry: 3000\n\n')
/** Bytes. */
const WRITE = 64 << 10
const HEARTBEAT = Buffer.from(': heartbeat\n\n')

class SseListener {
  #feed
  #limits
  /** @type {Buffer[]} */
  #queue = [RETRY]
  #unsent = RETRY.length
  /** Of what waits, as much as it was given to begin with: nobody is too slow for that. */
  #beginning = 0
  #quiet = 0
  #stuck = 0
  /** What was first in the queue when time was last told. @type {Buffer | undefined} */
  #first
  #lastId = 0
  #ended = false
  #over = false
  /** @type {() => void} */
  #wake = () => {}
  /** @type {ReadableStreamDefaultController<Uint8Array> | undefined} */
  #controller

  /**
   * @param {InstanceType<typeof import('./feed').Feed>} feed
   * @param {import('../options').Push} limits
   */
  constructor (feed, limits) {
    this.#feed = feed
    this.#limits = limits
    this.body = new ReadableStream({
      start: (controller) => { this.#controller = controller },
      pull: () => this.#pull(),
      cancel: () => this.leave()
    }, { highWaterMark: 0 })
  }

  /** @param {InstanceType<typeof Frame>[]} frames */
  begin (frames) {
    for (const { bytes, id } of frames) {
      this.#push(bytes)
      this.#lastId = id
    }
    this.#beginning = this.#unsent
  }

  /** @param {InstanceType<typeof Frame>} frame */
  give (frame) {
    if (this.#ended) return
    this.#lastId = frame.id
    if (this.#queue.length === 0) this.#beginning = 0
    // One event may be larger than the bound: who has read all is not slow for it.
    if (this.#queue.length > 0 && this.#unsent + frame.bytes.length > this.#limits.maxUnsent + this.#beginning) return this.#drop('unsent', `${this.#unsent} bytes were not read`)
    this.#push(frame.bytes)
  }

  /** @param {number} elapsed */
  tick (elapsed) {
    const [first] = this.#queue
    this.#stuck = first !== undefined && first === this.#first ? this.#stuck + elapsed : 0
    this.#first = first
    if (this.#stuck >= this.#limits.patience) {
      if (this.#ended) return this.#break()
      return this.#drop('stuck', `nothing was read for ${Math.round(this.#stuck)} ms`)
    }
    this.#quiet += elapsed
    if (this.#quiet >= this.#limits.heartbeat && first === undefined && !this.#ended) this.#push(HEARTBEAT)
  }

  /** What waits is still sent. */
  end () {
    this.#ended = true
    this.#wake()
  }

  /** Who listened has gone. */
  leave () {
    this.#ended = true
    this.#over = true
    this.#queue = []
    this.#feed.leave(this)
    this.#wake()
  }

  /** @param {Buffer} bytes */
  #push (bytes) {
    this.#queue.push(bytes)
    this.#unsent += bytes.length
    this.#quiet = 0
    this.#wake()
  }

  /**
   * In place of all that it has not read it finds the reason, and the end.
   * @param {'unsent' | 'stuck'} reason @param {string} message
   */
  #drop (reason, message) {
    this.#feed.dropped++
    this.#queue = [new Frame('dropped', JSON.stringify({ reason, message }), this.#lastId).bytes]
    this.#unsent = this.#queue[0].length
    this.#stuck = 0
    this.#ended = true
    this.#wake()
  }

  /** It does not even read why. */
  #break () {
    this.leave()
    this.#controller?.error(new Error('the listener is too slow'))
  }

  /** As much as is worth a write: what is taken out is the connection's, and a copy for each. */
  #take () {
    let size = this.#queue[0].length
    let count = 1
    while (count < this.#queue.length && size + this.#queue[count].length <= WRITE) size += this.#queue[count++].length
    const taken = this.#queue.splice(0, count)
    return count === 1 ? taken[0] : Buffer.concat(taken)
  }

  async #pull () {
    if (this.#queue.length === 0 && !this.#ended) await new Promise((resolve) => { this.#wake = () => resolve(undefined) })
    if (this.#over) return
    if (this.#queue.length > 0) {
      const bytes = this.#take()
      this.#unsent -= bytes.length
      this.#controller?.enqueue(bytes)
    }
    if (this.#ended && this.#queue.length === 0) {
      this.#over = true
      this.#controller?.close()
      this.#feed.leave(this)
    }
  }
}

module.exports = { SseListener }
