'use strict'

// A listener that reads server-sent events. What it has not read waits in a queue of its own, whose entries all
// listeners share; one that falls too far behind is told so and let go.

const { Frame } = require('./frame')

/** How long a browser waits before it comes back. */
const RETRY = Buffer.from('retry: 3000\n\n')
/** Bytes. */
const MAX_WRITE_BYTES = 64 << 10
const HEARTBEAT = Buffer.from(': heartbeat\n\n')

class SseListener {
  #feed
  #limits
  /** @type {Buffer[]} */
  #queue = [RETRY]
  #unsent = RETRY.length
  /** Of what waits, as much as it was given to begin with: nobody is too slow for that. */
  #initialBytes = 0
  #idleMs = 0
  #stalledMs = 0
  /** What was first in the queue when time was last told. @type {Buffer | undefined} */
  #first
  #lastId = 0
  #isEnding = false
  #isClosed = false
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
  start (frames) {
    for (const { bytes, id } of frames) {
      this.#push(bytes)
      this.#lastId = id
    }
    this.#initialBytes = this.#unsent
  }

  /** @param {InstanceType<typeof Frame>} frame */
  send (frame) {
    if (this.#isEnding) return
    this.#lastId = frame.id
    if (this.#queue.length === 0) this.#initialBytes = 0
    // One event may be larger than the bound: who has read all is not slow for it.
    if (this.#queue.length > 0 && this.#unsent + frame.bytes.length > this.#limits.maxUnsent + this.#initialBytes) return this.#drop('unsent', `${this.#unsent} bytes were not read`)
    this.#push(frame.bytes)
  }

  /** @param {number} elapsed */
  tick (elapsed) {
    const [first] = this.#queue
    this.#stalledMs = first !== undefined && first === this.#first ? this.#stalledMs + elapsed : 0
    this.#first = first
    if (this.#stalledMs >= this.#limits.patience) {
      if (this.#isEnding) return this.#break()
      return this.#drop('stuck', `nothing was read for ${Math.round(this.#stalledMs)} ms`)
    }
    this.#idleMs += elapsed
    if (this.#idleMs >= this.#limits.heartbeat && first === undefined && !this.#isEnding) this.#push(HEARTBEAT)
  }

  /** What waits is still sent. */
  end () {
    this.#isEnding = true
    this.#wake()
  }

  /** Who listened has gone. */
  leave () {
    this.#isEnding = true
    this.#isClosed = true
    this.#queue = []
    this.#feed.leave(this)
    this.#wake()
  }

  /** @param {Buffer} bytes */
  #push (bytes) {
    this.#queue.push(bytes)
    this.#unsent += bytes.length
    this.#idleMs = 0
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
    this.#stalledMs = 0
    this.#isEnding = true
    this.#wake()
  }

  /** It does not even read why. */
  #break () {
    this.leave()
    this.#controller?.error(new Error('the listener is too slow'))
  }

  /** As much as is worth a write: what is taken out is the connection's, and a copy for each. */
  #takeBatch () {
    let size = this.#queue[0].length
    let count = 1
    while (count < this.#queue.length && size + this.#queue[count].length <= MAX_WRITE_BYTES) size += this.#queue[count++].length
    const taken = this.#queue.splice(0, count)
    return count === 1 ? taken[0] : Buffer.concat(taken)
  }

  async #pull () {
    if (this.#queue.length === 0 && !this.#isEnding) await new Promise((resolve) => { this.#wake = () => resolve(undefined) })
    if (this.#isClosed) return
    if (this.#queue.length > 0) {
      const bytes = this.#takeBatch()
      this.#unsent -= bytes.length
      this.#controller?.enqueue(bytes)
    }
    if (this.#isEnding && this.#queue.length === 0) {
      this.#isClosed = true
      this.#controller?.close()
      this.#feed.leave(this)
    }
  }
}

module.exports = { SseListener }
