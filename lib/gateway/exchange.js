'use strict'

// A chat completion in the dialect it was asked in, as a Response; or what else an endpoint answered, as it is.

const hub = require('../native/bridge')
const { StreamState } = require('../call/stream-state')
const { classes: { FailoverError } } = require('../util/errors')
const { onAbort } = require('../util/signal')
const { isWatched, follow } = require('../telemetry/trace')
const { errorResponse } = require('./error-response')

/** A body that nobody reads on for this long is given up, and its connection with it. */
const UNREAD = 60_000

/** Of a stream of ours. */
const EVENTS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' }
/** The answers of these have no body. */
const BODILESS = new Set([204, 205, 304])

const encoder = new TextEncoder()

/**
 * @typedef {{ client: unknown, native: import('../../native').NativeClient }} Owner
 * @typedef {(controller: ReadableStreamDefaultController<Uint8Array>, error: unknown) => void} Broken What a stream
 *   that has begun says of its failure.
 */

/**
 * @param {Owner} owner
 * @param {import('./routes').Route} route
 * @param {Uint8Array} body
 * @param {{ headers: Headers, signal: AbortSignal | undefined }} asked
 * @param {Broken} broken
 * @returns {Promise<Response>}
 */
function exchange ({ client, native }, route, body, { headers, signal }, broken) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const answered = (/** @type {InstanceType<typeof StreamState>} */ state) => {
      // A whole answer comes with its end, a stream with a word on who answers.
      const { end } = state
      if (end !== undefined && 'body' in end && state.chunks.length === 0) resolve(whole(route, end))
      else resolve(streamed(route, state, broken))
    }
    const refused = (/** @type {unknown} */ error) => {
      if (FailoverError.isInstance(error)) resolve(errorResponse(route.dialect, error))
      else reject(error)
    }
    const state = new StreamState(client, answered, refused)
    const submitted = isWatched() ? follow(state, { client, ...traced(route, body) }) : undefined
    const id = hub.open(state)
    hub.retain()
    state.id = id
    try {
      if (signal !== undefined) abortWith(state, signal)
      native.submitWire(id, body, JSON.stringify({ ...route, headers: [...headers] }), undefined)
      submitted?.()
    } catch (error) {
      hub.abandon(id)
      state.abort(error)
    }
  })
}

/**
 * @param {import('./routes').Route} route
 * @param {Uint8Array} body
 */
function traced (route, body) {
  const request = () => ({ ...(route.model === undefined ? {} : { model: route.model }), ...JSON.parse(Buffer.from(body).toString()) })
  const operation = route.path === undefined ? 'chat' : route.path[0].split(/[/:]/).filter(Boolean).at(-1) ?? 'other'
  return { operation, via: /** @type {const} */ ('fetch'), stream: route.stream, request }
}

/**
 * By itself, so that a signal that lives on does not hold the promise, and with it a response that nobody has any more.
 * @param {InstanceType<typeof StreamState>} state
 * @param {AbortSignal} signal
 */
function abortWith (state, signal) {
  state.signal = signal
  state.settled = onAbort(signal, () => {
    state.abort(signal.reason)
    hub.getHub().abort(state.id)
  })
}

/**
 * @param {import('./routes').Route} route
 * @param {{ body: string, report: string }} end
 */
function whole (route, { body, report }) {
  const { requestId, endpoint, model, attempts } = JSON.parse(report)
  const vendorRequestId = attempts[attempts.length - 1]?.vendorRequestId
  const headers = told(route, { requestId, endpoint, model, vendorRequestId, attempts: attempts.length })
  headers.set('content-type', 'application/json')
  return new Response(body, { headers })
}

/**
 * @param {import('./routes').Route} route
 * @param {InstanceType<typeof StreamState>} state
 * @param {Broken} broken
 */
function streamed (route, state, broken) {
  const introduction = JSON.parse(state.chunks[state.head++])
  const headers = told(route, introduction)
  const passed = route.path !== undefined
  const { status = 200, headers: theirs = EVENTS } = introduction
  for (const name in theirs) headers.set(name, ascii(theirs[name]))
  state.taken = true
  const give = (/** @type {unknown} */ reason) => {
    const ended = state.end !== undefined
    state.abort(reason)
    if (!ended) hub.getHub().abort(state.id)
  }
  // Who waits for the vendor does read.
  let isRead = false
  const unread = setTimeout(() => {
    if (!isRead) give(new Error(`the body of a response was not read for ${UNREAD / 1000} s`))
  }, UNREAD).unref()
  const body = new ReadableStream({
    async pull (controller) {
      isRead = true
      try {
        const { done, value } = await state.next((/** @type {string} */ text) => text)
        isRead = false
        unread.refresh()
        if (done) {
          clearTimeout(unread)
          controller.close()
        } else {
          const text = value + state.takeRest()
          // Of bytes that are no text each is a character of its own.
          controller.enqueue(passed ? Buffer.from(text, 'latin1') : encoder.encode(text))
        }
      } catch (error) {
        clearTimeout(unread)
        broken(controller, error)
      }
    },
    cancel (reason) {
      clearTimeout(unread)
      give(reason ?? new DOMException('The stream was cancelled', 'AbortError'))
    }
  }, { highWaterMark: 0 })
  if (BODILESS.has(status)) {
    clearTimeout(unread)
    // Nothing but the end can come.
    state.next(() => undefined).catch(() => {})
    return new Response(null, { status, headers })
  }
  return new Response(body, { status, headers })
}

/**
 * @param {import('./routes').Route} route
 * @param {{ requestId: string, endpoint: string, model: string, vendorRequestId?: string, attempts?: number }} who
 */
function told ({ dialect }, { requestId, endpoint, model, vendorRequestId, attempts }) {
  const headers = new Headers({ 'x-bellwether-request-id': requestId })
  // Names may hold what a header may not.
  headers.set('x-bellwether-endpoint', encodeURIComponent(endpoint))
  if (model !== '') headers.set('x-bellwether-model', encodeURIComponent(model))
  if (attempts !== undefined) headers.set('x-bellwether-attempts', String(attempts))
  headers.set(dialect === 'anthropic' ? 'request-id' : 'x-request-id', ascii(vendorRequestId ?? requestId))
  return headers
}

/**
 * What a vendor said, as a header may hold it: where it had quoted a key there is an ellipsis now.
 * @param {string} text
 */
function ascii (text) {
  return text.replace(/[^\t -~]+/g, '...')
}

module.exports = { exchange }
