'use strict'

// Runs a chat completion or a passthrough request and answers with a Response in the dialect of the request.

const bridge = require('../native/bridge')
const { StreamState } = require('../call/stream-state')
const { classes: { FailoverError } } = require('../util/errors')
const { onAbort } = require('../util/signal')
const { hasSubscribers, traceCall } = require('../telemetry/trace')
const { errorResponse } = require('./error-response')

/** A body that is not read for this long is cancelled, together with its connection. */
const UNREAD_TIMEOUT_MS = 60_000

/** Headers of a translated stream. */
const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' }
/** Responses with these statuses have no body. */
const STATUSES_WITHOUT_BODY = new Set([204, 205, 304])

const encoder = new TextEncoder()

/**
 * @typedef {{ client: unknown, native: import('../../native').NativeClient }} OpenClient
 * @typedef {(controller: ReadableStreamDefaultController<Uint8Array>, error: unknown) => void} FailStream Reports a failure in a stream that has begun.
 */

/**
 * @param {OpenClient} owner
 * @param {import('./vendor-routes').Route} route
 * @param {Uint8Array} body
 * @param {{ headers: Headers, signal: AbortSignal | undefined }} request
 * @param {FailStream} failStream
 * @returns {Promise<Response>}
 */
function exchange ({ client, native }, route, body, { headers, signal }, failStream) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAnswer = (/** @type {InstanceType<typeof StreamState>} */ state) => {
      // A complete answer arrives with its end; a stream arrives with a preamble first.
      const { end } = state
      if (end !== undefined && 'body' in end && state.chunks.length === 0) resolve(completeResponse(route, end))
      else resolve(streamResponse(route, state, failStream))
    }
    const onFailure = (/** @type {unknown} */ error) => {
      if (FailoverError.isInstance(error)) resolve(errorResponse(route.dialect, error))
      else reject(error)
    }
    const state = new StreamState(client, onAnswer, onFailure)
    const submitted = hasSubscribers() ? traceCall(state, { client, ...traceOptions(route, body) }) : undefined
    const id = bridge.openSlot(state)
    bridge.keepProcessAlive()
    state.id = id
    try {
      if (signal !== undefined) abortWith(state, signal)
      native.submitVendorRequest(id, body, JSON.stringify({ ...route, headers: [...headers] }), undefined)
      submitted?.()
    } catch (error) {
      bridge.abandonSlot(id)
      state.abort(error)
    }
  })
}

/**
 * @param {import('./vendor-routes').Route} route
 * @param {Uint8Array} body
 */
function traceOptions (route, body) {
  const request = () => ({ ...(route.model === undefined ? {} : { model: route.model }), ...JSON.parse(Buffer.from(body).toString()) })
  const operation = route.path === undefined ? 'chat' : route.path[0].split(/[/:]/).filter(Boolean).at(-1) ?? 'other'
  return { operation, via: /** @type {const} */ ('fetch'), stream: route.stream, request }
}

/**
 * A function of its own, so that a long-lived signal does not hold the promise and its response.
 * @param {InstanceType<typeof StreamState>} state
 * @param {AbortSignal} signal
 */
function abortWith (state, signal) {
  state.signal = signal
  state.settled = onAbort(signal, () => {
    state.abort(signal.reason)
    bridge.getHub().abort(state.id)
  })
}

/**
 * @param {import('./vendor-routes').Route} route
 * @param {{ body: string, report: string }} end
 */
function completeResponse (route, { body, report }) {
  const { requestId, endpoint, model, attempts } = JSON.parse(report)
  const vendorRequestId = attempts[attempts.length - 1]?.vendorRequestId
  const headers = responseHeaders(route, { requestId, endpoint, model, vendorRequestId, attempts: attempts.length })
  headers.set('content-type', 'application/json')
  return new Response(body, { headers })
}

/**
 * @param {import('./vendor-routes').Route} route
 * @param {InstanceType<typeof StreamState>} state
 * @param {FailStream} failStream
 */
function streamResponse (route, state, failStream) {
  const preamble = JSON.parse(state.chunks[state.head++])
  const headers = responseHeaders(route, preamble)
  const isPassthrough = route.path !== undefined
  const { status = 200, headers: vendorHeaders = STREAM_HEADERS } = preamble
  for (const name in vendorHeaders) headers.set(name, toAscii(vendorHeaders[name]))
  state.hasReader = true
  const abandon = (/** @type {unknown} */ reason) => {
    const ended = state.end !== undefined
    state.abort(reason)
    if (!ended) bridge.getHub().abort(state.id)
  }
  // Waiting for the vendor counts as reading.
  let isRead = false
  const unread = setTimeout(() => {
    if (!isRead) abandon(new Error(`the body of a response was not read for ${UNREAD_TIMEOUT_MS / 1000} s`))
  }, UNREAD_TIMEOUT_MS).unref()
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
          const text = value + state.takeBuffered()
          // Bytes of a passthrough body arrive as Latin-1 characters.
          controller.enqueue(isPassthrough ? Buffer.from(text, 'latin1') : encoder.encode(text))
        }
      } catch (error) {
        clearTimeout(unread)
        failStream(controller, error)
      }
    },
    cancel (reason) {
      clearTimeout(unread)
      abandon(reason ?? new DOMException('The stream was cancelled', 'AbortError'))
    }
  }, { highWaterMark: 0 })
  if (STATUSES_WITHOUT_BODY.has(status)) {
    clearTimeout(unread)
    // Only the end can follow.
    state.next(() => undefined).catch(() => {})
    return new Response(null, { status, headers })
  }
  return new Response(body, { status, headers })
}

/**
 * @param {import('./vendor-routes').Route} route
 * @param {{ requestId: string, endpoint: string, model: string, vendorRequestId?: string, attempts?: number }} who
 */
function responseHeaders ({ dialect }, { requestId, endpoint, model, vendorRequestId, attempts }) {
  const headers = new Headers({ 'x-bellwether-request-id': requestId })
  // Names may contain characters that a header may not.
  headers.set('x-bellwether-endpoint', encodeURIComponent(endpoint))
  if (model !== '') headers.set('x-bellwether-model', encodeURIComponent(model))
  if (attempts !== undefined) headers.set('x-bellwether-attempts', String(attempts))
  headers.set(dialect === 'anthropic' ? 'request-id' : 'x-request-id', toAscii(vendorRequestId ?? requestId))
  return headers
}

/**
 * Replaces characters that a header may not contain with an ellipsis, such as those of a redacted key.
 * @param {string} text
 */
function toAscii (text) {
  return text.replace(/[^\t -~]+/g, '...')
}

module.exports = { exchange }
