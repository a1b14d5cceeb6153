'use strict'

// Buffers a streamed answer until it is read. A pending read keeps the process alive.

const bridge = require('../native/bridge')
const { errorFromNative, clientClosedError } = require('../util/errors')
const { withReport } = require('./report')

/** Chunks per credit: Rust is credited in batches, so that no chunk costs a crossing of its own. */
const CREDIT_BATCH = 16

/** @typedef {{ promise: Promise<any>, resolve: (value: any) => void, reject: (reason: unknown) => void }} Final */

/** The slot of a streamed call: chunks that were not read yet, and how the stream ended. */
class StreamState {
  id = -1
  /** @type {(() => void) | undefined} */
  settled
  /**
   * The caller's signal. After the end of the stream it still discards chunks that were not read. @type {AbortSignal |
   * undefined}
   */
  signal
  /** @type {string[]} */
  chunks = []
  head = 0
  read = 0
  /** Reads that wait for the next chunk, in order. */
  /** @type {{ read: (text: string) => unknown, resolve: (result: IteratorResult<any>) => void, reject: (reason: unknown) => void }[]} */
  waiting = []
  /** How the stream ended: with a completion and its report, or with an error. */
  /** @type {{ body: string, report: string } | { error: unknown } | undefined} */
  end
  /**
   * The receipt that the caller gets instead of a stream when the request was queued. @type {{ status: 'queued', id:
   * string } | undefined}
   */
  queued
  #client
  /** @type {((state: StreamState) => void) | undefined} */
  #onOpen
  /** @type {((reason: unknown) => void) | undefined} */
  #reject
  #retained = true
  /** @type {Final | undefined} */
  #final
  #finalSettled = false
  #finalRetained = false
  /**
   * True once a reader consumes the chunks. Without a reader only the completion is wanted, and chunks are credited as
   * they arrive.
   */
  hasReader = false

  /**
   * @param {unknown} client
   * @param {(state: StreamState) => void} opened
   * @param {(reason: unknown) => void} reject
   */
  constructor (client, opened, reject) {
    this.#client = client
    this.#onOpen = opened
    this.#reject = reject
  }

  /** @param {string} text */
  chunk (text) {
    if (this.end !== undefined) return
    const reader = this.waiting.shift()
    if (reader !== undefined) {
      if (this.waiting.length === 0) this.#release()
      this.#countRead()
      try {
        reader.resolve({ done: false, value: reader.read(text) })
      } catch (error) {
        reader.reject(error)
      }
      return
    }
    this.chunks.push(text)
    if (this.#final !== undefined && !this.hasReader) this.#countRead()
    this.#open()
  }

  /** @param {string} body @param {string} report */
  resolve (body, report) {
    if (report === '') this.queued = JSON.parse(body)
    this.#finish({ body, report })
  }

  /** @param {string} error */
  reject (error) {
    this.#finish({ error: errorFromNative(error) })
  }

  dropped () {
    this.#finish({ error: clientClosedError() })
  }

  /** Ends the stream on the caller's side. @param {unknown} reason */
  abort (reason) {
    if (this.end !== undefined && this.head === this.chunks.length) return
    this.chunks = []
    this.head = 0
    // Chunks that were received but not read are discarded.
    this.end = undefined
    this.#finish({ error: reason })
  }

  /**
   * Reads the next chunk. `read` decodes its text.
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
        this.#settleFinal()
      }
      this.#countRead()
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

  /** Returns all buffered chunks as one text, so that a reader of bytes wakes once. */
  takeBuffered () {
    if (this.head === this.chunks.length) return ''
    const rest = this.chunks.slice(this.head)
    this.chunks = []
    this.head = 0
    for (let i = 0; i < rest.length; i++) this.#countRead()
    this.#settleFinal()
    return rest.join('')
  }

  get final () {
    if (this.#final === undefined) {
      /** @type {any} */
      const final = {}
      final.promise = new Promise((resolve, reject) => Object.assign(final, { resolve, reject }))
      // A reader of the stream receives the error there; an unobserved `finalCompletion` must not end the process.
      final.promise.catch(() => {})
      this.#final = final
      // Waiting for the completion is waiting for the vendor.
      bridge.keepProcessAlive()
      this.#finalRetained = true
      if (!this.hasReader) for (let i = 0; i < this.chunks.length; i++) this.#countRead()
      this.#settleFinal()
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
      this.#dropCallbacks()
      reject(end.error)
      return
    }
    this.#open()
    this.#release()
    for (const reader of this.waiting.splice(0)) {
      if ('error' in end) reader.reject(end.error)
      else reader.resolve({ done: true, value: undefined })
    }
    this.#settleFinal()
  }

  #open () {
    const opened = this.#onOpen
    if (opened === undefined) return
    // A stream that is open but not being read does not keep the process alive.
    this.#release()
    this.#dropCallbacks()
    opened(this)
  }

  /** The callbacks hold the promise, and through it an answer that the caller may have dropped. */
  #dropCallbacks () {
    this.#onOpen = undefined
    this.#reject = undefined
  }

  /** Settles `finalCompletion` once every chunk before the end was read. */
  #settleFinal () {
    const { end } = this
    if (this.#final === undefined || this.#finalSettled || end === undefined) return
    // The vendor is done: reading the rest needs no process kept alive.
    if (this.#finalRetained) bridge.releaseProcess()
    this.#finalRetained = false
    if ('body' in end && this.hasReader && this.chunks.length > 0) return
    this.#finalSettled = true
    if ('error' in end) this.#final.reject(end.error)
    else this.#final.resolve(withReport(JSON.parse(end.body), end.report))
  }

  #countRead () {
    if (++this.read === CREDIT_BATCH) {
      this.read = 0
      if (this.end === undefined) bridge.getHub().credit(this.id, CREDIT_BATCH)
    }
  }

  #retain () {
    if (!this.#retained) bridge.keepProcessAlive()
    this.#retained = true
  }

  #release () {
    if (this.#retained) bridge.releaseProcess()
    this.#retained = false
  }
}

module.exports = { StreamState }
