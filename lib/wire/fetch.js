'use strict'

// `client.fetch`: what the official SDKs are given in place of the platform's fetch. A chat completion in whatever
// dialect becomes a call of ours and is answered in that dialect; everything else is none of our business.

const hub = require('../hub')
const { StreamState } = require('../stream')
const { classes: { FailoverError }, closed } = require('../errors')
const { onAbort } = require('../signal')
const { chatRoute } = require('./routes')
const { errorResponse } = require('./errors')

/** A body that nobody reads on for this long is given up, and its connection with it. */
const UNREAD = 60_000

const encoder = new TextEncoder()

/**
 * @param {() => { client: unknown, native: import('../../native').NativeClient } | undefined} open `undefined` once the client is closed.
 * @returns {typeof globalThis.fetch}
 */
function createFetch (open) {
  return async function fetch (input, init) {
    const asked = describe(input, init)
    const route = chatRoute(asked.method, asked.pathname)
    if (route === undefined) return globalThis.fetch(input, init)
    if (asked.signal?.aborted) throw asked.signal.reason
    const body = await bytes(asked.body)
    if (asked.signal?.aborted) throw asked.signal.reason
    const owner = open()
    if (owner === undefined) return errorResponse(route.dialect, closed())
    return exchange(owner, route, body, asked)
  }
}

/**
 * @typedef {object} Asked
 * @property {string} method
 * @property {string} pathname
 * @property {Headers} headers
 * @property {any} body
 * @property {AbortSignal | undefined} signal
 */

/**
 * @param {string | URL | Request} input
 * @param {RequestInit} [init]
 * @returns {Asked}
 */
function describe (input, init) {
  const request = typeof input === 'object' && 'url' in input ? input : undefined
  const url = request === undefined ? String(input) : request.url
  return {
    method: (init?.method ?? request?.method ?? 'GET').toUpperCase(),
    pathname: URL.canParse(url) ? new URL(url).pathname : '',
    headers: new Headers(init?.headers ?? request?.headers),
    body: init?.body ?? request?.body,
    signal: init?.signal ?? request?.signal ?? undefined
  }
}

/** @param {any} body @returns {Promise<Uint8Array>} */
async function bytes (body) {
  if (typeof body === 'string') return Buffer.from(body)
  if (body === null || body === undefined) return new Uint8Array()
  if (body instanceof Uint8Array) return body
  return new Uint8Array(await new Response(body).arrayBuffer())
}

/**
 * @param {{ client: unknown, native: import('../../native').NativeClient }} owner
 * @param {import('./routes').Route} route
 * @param {Uint8Array} body
 * @param {Asked} asked
 * @returns {Promise<Response>}
 */
function exchange ({ client, native }, route, body, { headers, signal }) {
  return new Promise((resolve, reject) => {
    const answered = (/** @type {InstanceType<typeof StreamState>} */ state) => {
      // A whole answer comes with its end, a stream with a word on who answers.
      const { end } = state
      if (end !== undefined && 'body' in end && state.chunks.length === 0) resolve(whole(route, end))
      else resolve(streamed(route, state))
    }
    const refused = (/** @type {unknown} */ error) => {
      if (FailoverError.isInstance(error)) resolve(errorResponse(route.dialect, error))
      else reject(error)
    }
    const state = new StreamState(client, answered, refused)
    const id = hub.open(state)
    hub.retain()
    state.id = id
    try {
      if (signal !== undefined) {
        state.signal = signal
        state.settled = onAbort(signal, () => {
          state.abort(signal.reason)
          hub.getHub().abort(id)
        })
      }
      native.submitWire(id, body, JSON.stringify({ ...route, headers: [...headers] }), undefined)
    } catch (error) {
      hub.abandon(id)
      state.abort(error)
    }
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
 */
function streamed (route, state) {
  const introduction = state.chunks[state.head++]
  const headers = told(route, JSON.parse(introduction))
  headers.set('content-type', 'text/event-stream; charset=utf-8')
  headers.set('cache-control', 'no-cache')
  state.taken = true
  const give = (/** @type {unknown} */ reason) => {
    const ended = state.end !== undefined
    state.abort(reason)
    if (!ended) hub.getHub().abort(state.id)
  }
  const unread = setTimeout(() => give(new Error(`the body of a response was not read for ${UNREAD / 1000} s`)), UNREAD).unref()
  const body = new ReadableStream({
    async pull (controller) {
      unread.refresh()
      try {
        const { done, value } = await state.next((/** @type {string} */ text) => text)
        unread.refresh()
        if (done) {
          clearTimeout(unread)
          controller.close()
        } else {
          controller.enqueue(encoder.encode(value + state.takeRest()))
        }
      } catch (error) {
        clearTimeout(unread)
        controller.error(error)
      }
    },
    cancel (reason) {
      clearTimeout(unread)
      give(reason ?? new DOMException('The stream was cancelled', 'AbortError'))
    }
  }, { highWaterMark: 0 })
  return new Response(body, { headers })
}

/**
 * @param {import('./routes').Route} route
 * @param {{ requestId: string, endpoint: string, model: string, vendorRequestId?: string, attempts?: number }} who
 */
function told ({ dialect }, { requestId, endpoint, model, vendorRequestId, attempts }) {
  const headers = new Headers({ 'x-bellwether-request-id': requestId })
  // Names may hold what a header may not.
  headers.set('x-bellwether-endpoint', encodeURIComponent(endpoint))
  headers.set('x-bellwether-model', encodeURIComponent(model))
  if (attempts !== undefined) headers.set('x-bellwether-attempts', String(attempts))
  headers.set(dialect === 'anthropic' ? 'request-id' : 'x-request-id', vendorRequestId ?? requestId)
  return headers
}

module.exports = { createFetch }
