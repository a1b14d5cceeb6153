'use strict'

// What has arrived of a streamed answer, until it is read: chunks, and how it ended. It keeps the process alive while somebody waits.

const hub = require('../native/bridge')
const { fromWire, closed } = require('../util/errors')
const { withReport } = require('./report')

/** Rust is told of chunks read in lots, so that no chunk costs a crossing of its own. */
const LOT = 16

/** @typedef {{ promise: Promise<any>, resolve: (value: any) => void, reject: (reason: unknown) => void }} Final */

/** What arrives for a stream, until it is read. It is the slot of its call. */
class StreamState {
  id = -1
  /** @type {(() => void) | undefined} */
  settled
  /** The caller's. After the end nobody listens to it, but what is left to read is given up by it. @type {AbortSignal | undefined} */
  signal
  /** @type {string[]} */
  chunks = []
  head = 0
  read = 0
  /** Readers that were faster than the vendor, in order. */
  /** @type {{ read: (text: string) => unknown, resolve: (result: IteratorResult<any>) => void, reject: (reason: unknown) => void }[]} */
  waiting = []
  /** The end: a completion and its report, or what went wrong. */
  /** @type {{ body: string, report: string } | { error: unknown } | undefined} */
  end
  /** What the caller gets instead of a stream: nobody was there, and the request was queued. @type {{ status: 'queued', id: string } | undefined} */
  queued
  #client
  /** @type {((state: StreamState) => void) | undefined} */
  #opened
  /** @type {((reason: unknown) => void) | undefined} */
  #reject
  #retained = true
  /** @type {Final | undefined} */
  #final
  #finalSettled = false
  #finalRetained = false
  /** Somebody reads the chunks; without, only the whole is wanted, and they come unhindered. */
  taken = false

  /**
   * @param {unknown} client
   * @param {(state: StreamState) => void} opened
   * @param {(reason: unknown) => void} reject
   */
  constructor (client, opened, reject) {
    this.#client = client
    this.#opened = opened
    this.#reject = reject
  }

  /** @param {string} text */
  chunk (text) {
    if (this.end !== undefined) return
    const reader = this.waiting.shift()
    if (reader !== undefined) {
      if (this.waiting.length === 0) this.#release()
      this.#count()
      try {
        reader.resolve({ done: false, value: reader.read(text) })
      } catch (error) {
        reader.reject(error)
      }
      return
    }
    this.chunks.push(text)
    if (this.#final !== undefined && !this.taken) this.#count()
    this.#open()
  }

  /** @param {string} body @param {string} report */
  resolve (body, report) {
    if (report === '') this.queued = JSON.parse(body)
    this.#finish({ body, report })
  }

  /** @param {string} error */
  reject (error) {
    this.#finish({ error: fromWire(error) })
  }

  dropped () {
    this.#finish({ error: closed() })
  }

  /**
   * Ends the stream from this side.
   * @param {unknown} reason
   */
  abort (reason) {
    if (this.end !== undefined && this.head === this.chunks.length) return
    this.chunks = []
    this.head = 0
    // What had come but was not read is given up as well.
    this.end = undefined
    this.#finish({ error: reason })
  }

  /**
   * The next chunk as `read` makes it of its text.
   * @param {(text: string) => unknown} read
   * @returns {Promise<IteratorResult<any>>}
   */
  next (read) {
    if (this.signal?.aborted && this.end !== undefined) this.abort(this.signal.reason)
    if (this.head < this.chunks.length) {
      const text = this.chunks[this.head++]
      if (this.head === this.chunks.length) {
        this.chunks = []
        this.head = 0
        this.#settle()
      }
      this.#count()
      try {
        return Promise.resolve({ done: false, value: read(text) })
      } catch (error) {
        return Promise.reject(error)
      }
    }
    const { end } = this
    if (end !== undefined) return 'error' in end ? Promise.reject(end.error) : Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.waiting.push({ read, resolve, reject })
      this.#retain()
    })
  }

  /** What else has come, as one text: a reader of bytes need not be woken for each chunk. */
  takeRest () {
    if (this.head === this.chunks.length) return ''
    const rest = this.chunks.slice(this.head)
    this.chunks = []
    this.head = 0
    for (let i = 0; i < rest.length; i++) this.#count()
    this.#settle()
    return rest.join('')
  }

  get final () {
    if (this.#final === undefined) {
      /** @type {any} */
      const final = {}
      final.promise = new Promise((resolve, reject) => Object.assign(final, { resolve, reject }))
      // Whoever reads the stream hears of its failure there; this promise alone must not end the process.
      final.promise.catch(() => {})
      this.#final = final
      // Whoever waits for the whole waits for the vendor.
      hub.retain()
      this.#finalRetained = true
      if (!this.taken) for (let i = 0; i < this.chunks.length; i++) this.#count()
      this.#settle()
    }
    return /** @type {Final} */ (this.#final).promise
  }

  /** @param {NonNullable<StreamState['end']>} end */
  #finish (end) {
    if (this.end !== undefined) return
    this.end = end
    this.settled?.()
    this.#client = undefined
    const reject = this.#reject
    if ('error' in end && reject !== undefined) {
      this.#release()
      this.#forget()
      reject(end.error)
      return
    }
    this.#open()
    this.#release()
    for (const reader of this.waiting.splice(0)) {
      if ('error' in end) reader.reject(end.error)
      else reader.resolve({ done: true, value: undefined })
    }
    this.#settle()
  }

  #open () {
    const opened = this.#opened
    if (opened === undefined) return
    // An open stream that nobody is waiting for does not keep the process alive.
    this.#release()
    this.#forget()
    opened(this)
  }

  /** They hold the promise, and with it an answer that its owner may have dropped long before its end. */
  #forget () {
    this.#opened = undefined
    this.#reject = undefined
  }

  /** Settles the promise of the whole once everything before the end was read. */
  #settle () {
    const { end } = this
    if (this.#final === undefined || this.#finalSettled || end === undefined) return
    // The vendor is done: whether somebody reads on is no reason to keep the process alive.
    if (this.#finalRetained) hub.release()
    this.#finalRetained = false
    if ('body' in end && this.taken && this.chunks.length > 0) return
    this.#finalSettled = true
    if ('error' in end) this.#final.reject(end.error)
    else this.#final.resolve(withReport(JSON.parse(end.body), end.report))
  }

  #count () {
    if (++this.read === LOT) {
      this.read = 0
      if (this.end === undefined) hub.getHub().credit(this.id, LOT)
    }
  }

  #retain () {
    if (!this.#retained) hub.retain()
    this.#retained = true
  }

  #release () {
    if (this.#retained) hub.release()
    this.#retained = false
  }
}

module.exports = { StreamState }
