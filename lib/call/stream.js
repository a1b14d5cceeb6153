'use strict'

// The stream that a caller reads: chunks are parsed when they are read.

const bridge = require('../native/bridge')
const { classes } = require('../util/errors')

const encoder = new TextEncoder()

class ChatStream {
  #state
  #hasReader = false

  /** @param {InstanceType<typeof import('./stream-state').StreamState>} state */
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
    return { [Symbol.asyncIterator]: () => textChunks(this[Symbol.asyncIterator]()) }
  }

  /** @returns {ReadableStream<Uint8Array>} */
  toReadableStream () {
    return this.#byteStream((controller, error) => controller.error(error))
  }

  /** @param {ResponseInit} [init] */
  toResponse (init) {
    const headers = new Headers(init?.headers)
    if (!headers.has('content-type')) headers.set('content-type', 'text/event-stream; charset=utf-8')
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-cache')
    if (!headers.has('x-accel-buffering')) headers.set('x-accel-buffering', 'no')
    // The response headers are sent before a stream fails, so the error is sent as an event and `[DONE]` is left out.
    const body = this.#byteStream((controller, error) => {
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
    if (!ended) bridge.getHub().abort(state.id)
  }

  async [Symbol.asyncDispose] () {
    this.abort()
  }

  /**
   * @param {(controller: ReadableStreamDefaultController<Uint8Array>, error: unknown) => void} failed
   * @returns {ReadableStream<Uint8Array>}
   */
  #byteStream (failed) {
    const iterator = this.#iterate((text) => text)
    return new ReadableStream({
      async pull (controller) {
        try {
          const { done, value } = await iterator.next()
          controller.enqueue(encoder.encode(done ? 'data: [DONE]\n\n' : `data: ${sseData(value)}\n\n`))
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
    if (this.#hasReader) {
      throw new classes.FailoverError('the stream was already read: a stream can be read once', { code: 'STREAM_TAKEN', reason: 'closed' })
    }
    this.#hasReader = true
    const state = this.#state
    state.hasReader = true
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
 * Iterates over the text of the first choice. Not a generator: one that was never started would not pass on `return`.
 * @param {AsyncIterableIterator<any>} chunks
 * @returns {AsyncIterableIterator<string>}
 */
function textChunks (chunks) {
  let delivered = ''
  return {
    async next () {
      for (;;) {
        const { done, value } = await chunks.next()
        if (done) return { done: true, value: undefined }
        // Text alone cannot express that the answer begins again.
        if (value.bellwether?.event === 'restart' && delivered !== '') {
          await /** @type {any} */ (chunks).return()
          throw restartError(value.bellwether, delivered)
        }
        const text = value.choices?.[0]?.delta?.content
        if (typeof text !== 'string' || text === '') continue
        delivered += text
        return { done: false, value: text }
      }
    },
    return: (value) => /** @type {any} */ (chunks).return(value),
    [Symbol.asyncIterator] () { return this }
  }
}

/**
 * @param {import('../..').StreamTakeover} takeover
 * @param {string} partial
 */
function restartError ({ from, to, reason }, partial) {
  const message = `the stream broke after content was delivered, and ${to.endpoint} answers from the beginning, which textStream cannot express: iterate over the chunks instead`
  return new classes.StreamInterruptedError(message, { code: 'STREAM_INTERRUPTED', reason, endpoint: from.endpoint, retryable: true, interrupted: { partial, partialCompletion: /** @type {any} */ (undefined), usage: null } })
}

/** Data with several lines needs a `data:` field for each. @param {string} text */
function sseData (text) {
  return text.includes('\n') ? text.replaceAll('\n', '\ndata: ') : text
}

/** @param {any} error */
function errorBody (error) {
  return { message: String(error?.message ?? error), type: error?.reason ?? 'api_error', param: null, code: error?.code ?? null }
}

module.exports = { ChatStream }
