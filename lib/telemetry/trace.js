'use strict'

// Publishes calls on the tracing channel `bellwether:call` of node:diagnostics_channel. Without subscribers a call
// costs one check.

const { tracingChannel } = require('node:diagnostics_channel')
const { errorFromNative, clientClosedError } = require('../util/errors')

const CHANNEL = 'bellwether:call'
const channel = tracingChannel(CHANNEL)

/** Whether the channel has a subscriber. */
function hasSubscribers () {
  // Older versions of Node 20 lack this property, although the types have it.
  return /** @type {any} */ (channel).hasSubscribers === true
}

/** The message of all events of one call. */
class CallTrace {
  client
  /** `chat`, or the last segment of a passthrough path, such as `embeddings`. */
  operation
  /** `client`, or `fetch` for calls through `client.fetch` and `client.handler`. */
  via
  /** @type {unknown} */
  error
  #request
  /** @type {string | undefined} */
  #body
  /** @type {string | undefined} */
  #report
  /** @type {any} */
  #cache = {}

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

  /** The request in the caller's dialect. It contains the users' prompts. */
  get request () {
    return this.#cached('request', this.#request)
  }

  get stream () {
    return this.#stream ?? this.request?.stream === true
  }

  get model () {
    return this.request?.model
  }

  /** The completion, once the call succeeded. Parsed at the first read. */
  get result () {
    return this.#cached('result', () => this.#body === undefined ? undefined : JSON.parse(this.#body))
  }

  /** The report of a call that succeeded. Parsed at the first read. */
  get report () {
    return this.#cached('report', () => this.#report ? JSON.parse(this.#report) : undefined)
  }

  /** @param {string} body @param {string} report */
  complete (body, report) {
    this.#body = body
    this.#report = report
    this.#cache = { request: this.#cache.request }
  }

  /** @param {string} name @param {() => any} read */
  #cached (name, read) {
    try {
      this.#cache[name] ??= read()
    } catch {
      // A request or result that is not JSON is published as undefined.
    }
    return this.#cache[name]
  }
}

/**
 * Publishes the start of a call and, through its slot, its end. Call the returned function once the call was
 * submitted.
 * @param {any} slot
 * @param {ConstructorParameters<typeof CallTrace>[0]} call
 */
function traceCall (slot, call) {
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
    end(() => trace.complete(body, report))
    resolve.call(slot, body, report)
  }
  slot.reject = (/** @type {string} */ error) => {
    end(() => { trace.error = errorFromNative(error) })
    reject.call(slot, error)
  }
  slot.dropped = () => {
    end(() => { trace.error = clientClosedError() })
    dropped.call(slot)
  }
  slot.abort = (/** @type {unknown} */ reason) => {
    end(() => { trace.error = reason ?? new DOMException('The call was aborted', 'AbortError') })
    abort.call(slot, reason)
  }
  channel.start.publish(/** @type {any} */ (trace))
  return () => channel.end.publish(/** @type {any} */ (trace))
}

module.exports = { hasSubscribers, traceCall, CHANNEL }
