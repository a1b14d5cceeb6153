'use strict'

// A streamed answer: chunks arrive as text and are parsed when they are read.

const hub = require('./hub')
const { fromWire, closed, classes } = require('./errors')
const { withReport } = require('./report')

/** Rust is told of chunks read in lots, so that no chunk costs a crossing of its own. */
const LOT = 16

const encoder = new TextEncoder()

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

class ChatStream {
  #state
  #taken = false

  /** @param {StreamState} state */
  constructor (state) {
    this.#state = state
  }

  get finalCompletion () {
    return this.#state.final
  }

  /** @returns {AsyncIterableIterator<any>} */
  [Symbol.asyncIterator] () {
    return this.#iterate((text) => JSON.parse(text))
  }

  /** @returns {AsyncIterable<string>} */
  get textStream () {
    return { [Symbol.asyncIterator]: () => textOf(this[Symbol.asyncIterator]()) }
  }

  /** @returns {ReadableStream<Uint8Array>} */
  toReadableStream () {
    return this.#bytes((controller, error) => controller.error(error))
  }

  /** @param {ResponseInit} [init] */
  toResponse (init) {
    const headers = new Headers(init?.headers)
    if (!headers.has('content-type')) headers.set('content-type', 'text/event-stream; charset=utf-8')
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-cache')
    if (!headers.has('x-accel-buffering')) headers.set('x-accel-buffering', 'no')
    // Headers are out when a stream fails: the error is an event, and the missing [DONE] says it is no end.
    const body = this.#bytes((controller, error) => {
      controller.enqueue(encoder.encode(`data: ${JSON.stringify({ error: errorBody(error) })}\n\n`))
      controller.close()
    })
    return new Response(body, { ...init, headers })
  }

  /** @param {unknown} [reason] */
  abort (reason) {
    const state = this.#state
    const ended = state.end !== undefined
    state.abort(reason ?? new DOMException('The stream was aborted', 'AbortError'))
    if (!ended) hub.getHub().abort(state.id)
  }

  async [Symbol.asyncDispose] () {
    this.abort()
  }

  /**
   * @param {(controller: ReadableStreamDefaultController<Uint8Array>, error: unknown) => void} failed
   * @returns {ReadableStream<Uint8Array>}
   */
  #bytes (failed) {
    const iterator = this.#iterate((text) => text)
    return new ReadableStream({
      async pull (controller) {
        try {
          const { done, value } = await iterator.next()
          controller.enqueue(encoder.encode(done ? 'data: [DONE]\n\n' : `data: ${eachLine(value)}\n\n`))
          if (done) controller.close()
        } catch (error) {
          failed(controller, error)
        }
      },
      cancel: async (reason) => { this.abort(reason) }
    }, { highWaterMark: 0 })
  }

  /**
   * @param {(text: string) => any} read
   * @returns {AsyncIterableIterator<any>}
   */
  #iterate (read) {
    if (this.#taken) {
      throw new classes.FailoverError('a stream can be read once', { code: 'STREAM_TAKEN', reason: 'closed' })
    }
    this.#taken = true
    const state = this.#state
    state.taken = true
    let left = false
    return {
      next: () => (left ? Promise.resolve({ done: true, value: undefined }) : state.next(read)),
      return: async (value) => {
        left = true
        this.abort()
        return { done: true, value }
      },
      [Symbol.asyncIterator] () { return this }
    }
  }
}

/**
 * The text of the first choice. No generator: one that was never started would not pass on `return`.
 * @param {AsyncIterableIterator<any>} chunks
 * @returns {AsyncIterableIterator<string>}
 */
function textOf (chunks) {
  let told = ''
  return {
    async next () {
      for (;;) {
        const { done, value } = await chunks.next()
        if (done) return { done: true, value: undefined }
        // A text alone cannot say that it begins anew.
        if (value.bellwether?.event === 'restart' && told !== '') {
          await /** @type {any} */ (chunks).return()
          throw restarted(value.bellwether, told)
        }
        const text = value.choices?.[0]?.delta?.content
        if (typeof text !== 'string' || text === '') continue
        told += text
        return { done: false, value: text }
      }
    },
    return: (value) => /** @type {any} */ (chunks).return(value),
    [Symbol.asyncIterator] () { return this }
  }
}

/**
 * @param {import('..').StreamTakeover} takeover
 * @param {string} partial
 */
function restarted ({ from, to, reason }, partial) {
  const message = `the stream broke after content was delivered, and ${to.endpoint} began anew, which a text alone cannot tell: read the chunks instead`
  return new classes.StreamInterruptedError(message, { code: 'STREAM_INTERRUPTED', reason, endpoint: from.endpoint, retryable: true, interrupted: { partial, partialCompletion: /** @type {any} */ (undefined), usage: null } })
}

/**
 * An event's data may have lines, and each needs its own field.
 * @param {string} text
 */
function eachLine (text) {
  return text.includes('\n') ? text.replaceAll('\n', '\ndata: ') : text
}

/** @param {any} error */
function errorBody (error) {
  return { message: String(error?.message ?? error), type: error?.reason ?? 'api_error', param: null, code: error?.code ?? null }
}

module.exports = { ChatStream, StreamState }
