'use strict'

// The tracing channel `bellwether:call` of node:diagnostics_channel: what begins and ends, for those who subscribe. Without
// subscribers a call pays one look.

const { tracingChannel } = require('node:diagnostics_channel')
const { fromWire, closed } = require('../util/errors')

const CHANNEL = 'bellwether:call'
const channel = tracingChannel(CHANNEL)

/** Whether anybody wants to know of calls. */
function isWatched () {
  // Absent in older versions of Node 20 that the types know.
  return /** @type {any} */ (channel).hasSubscribers === true
}

/** What subscribers are given: one object for all of a call's moments. */
class CallTrace {
  client
  /** `chat`, or the last part of the path of what is no chat: `embeddings`. */
  operation
  /** `client`, or `fetch` for what came through `client.fetch` and `client.handler`. */
  via
  /** @type {unknown} */
  error
  #request
  /** @type {string | undefined} */
  #body
  /** @type {string | undefined} */
  #report
  /** @type {any} */
  #read = {}

  /** @type {boolean | undefined} */
  #stream

  /** @param {{ client: any, operation: string, via: 'client' | 'fetch', stream?: boolean, request: () => any }} call */
  constructor ({ client, operation, via, stream, request }) {
    this.client = client
    this.operation = operation
    this.via = via
    this.#stream = stream
    this.#request = request
  }

  /** The request as the caller wrote it, in his dialect. It holds what people said. */
  get request () {
    return this.#once('request', this.#request)
  }

  get stream () {
    return this.#stream ?? this.request?.stream === true
  }

  get model () {
    return this.request?.model
  }

  /** The completion, once there is one. Parsed when it is looked at. */
  get result () {
    return this.#once('result', () => this.#body === undefined ? undefined : JSON.parse(this.#body))
  }

  /** The report of an answered call. */
  get report () {
    return this.#once('report', () => this.#report ? JSON.parse(this.#report) : undefined)
  }

  /** @param {string} body @param {string} report */
  answered (body, report) {
    this.#body = body
    this.#report = report
    this.#read = { request: this.#read.request }
  }

  /** @param {string} name @param {() => any} read */
  #once (name, read) {
    try {
      this.#read[name] ??= read()
    } catch {
      // What is no JSON is told as nothing.
    }
    return this.#read[name]
  }
}

/**
 * Begins to follow a call by its slot. Call what it returns once the call was handed over.
 * @param {any} slot
 * @param {ConstructorParameters<typeof CallTrace>[0]} call
 */
function follow (slot, call) {
  const trace = new CallTrace(call)
  let over = false
  const end = (/** @type {() => void} */ note) => {
    if (over) return
    over = true
    note()
    if (trace.error !== undefined) channel.error.publish(/** @type {any} */ (trace))
    channel.asyncStart.publish(/** @type {any} */ (trace))
    channel.asyncEnd.publish(/** @type {any} */ (trace))
  }
  const { resolve, reject, dropped, abort } = slot
  slot.resolve = (/** @type {string} */ body, /** @type {string} */ report) => {
    end(() => trace.answered(body, report))
    resolve.call(slot, body, report)
  }
  slot.reject = (/** @type {string} */ error) => {
    end(() => { trace.error = fromWire(error) })
    reject.call(slot, error)
  }
  slot.dropped = () => {
    end(() => { trace.error = closed() })
    dropped.call(slot)
  }
  slot.abort = (/** @type {unknown} */ reason) => {
    end(() => { trace.error = reason ?? new DOMException('The call was aborted', 'AbortError') })
    abort.call(slot, reason)
  }
  channel.start.publish(/** @type {any} */ (trace))
  return () => channel.end.publish(/** @type {any} */ (trace))
}

module.exports = { isWatched, follow, CHANNEL }
