'use strict'

// Sends server-sent events. Frames that were not read wait in a queue of references; a listener that falls too far
// behind receives a `dropped` event and is closed.

const { Frame } = require('./frame')

/** How long a browser waits before it reconnects. */
const RETRY = Buffer.from('retry: 3000\n\n')
/** Bytes per write. */
const MAX_WRITE_BYTES = 64 << 10
const HEARTBEAT = Buffer.from(': heartbeat\n\n')

class SseListener {
  #feed
  #limits
  /** @type {Buffer[]} */
  #queue = [RETRY]
  #unsent = RETRY.length
  /** Bytes of the backlog that were sent at the start: they do not count against `maxUnsent`. */
  #initialBytes = 0
  #idleMs = 0
  #stalledMs = 0
  /** The first frame of the queue at the last tick. @type {Buffer | undefined} */
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
    // A single event larger than the bound is sent to a listener that has read everything.
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

  /** Frames in the queue are still sent. */
  end () {
    this.#isEnding = true
    this.#wake()
  }

  /** Removes a listener after its connection ended. */
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
   * Replaces the unread frames with the reason, and ends.
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

  /** Breaks the connection: not even the reason is read. */
  #break () {
    this.leave()
    this.#controller?.error(new Error('the listener is too slow'))
  }

  /** Takes frames for one write. Several are copied into one buffer. */
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
