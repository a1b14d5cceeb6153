'use strict'

// `client.fetch`: what the official SDKs are given in place of the platform's fetch. A chat completion in whatever
// dialect becomes a call of ours and is answered in that dialect; everything else is none of our business.

const { closed } = require('../errors')
const { chatRoute } = require('./routes')
const { errorResponse } = require('./errors')
const { exchange } = require('./exchange')

/**
 * @param {() => import('./exchange').Owner | undefined} open `undefined` once the client is closed.
 * @returns {typeof globalThis.fetch}
 */
function createFetch (open) {
  // As it is now: later this function itself may stand in its place, alone or wrapped.
  const platform = globalThis.fetch
  return async function fetch (input, init) {
    const asked = describe(input, init)
    const route = chatRoute(asked.method, asked.pathname)
    if (route === undefined) return platform(input, init)
    if (asked.signal?.aborted) throw asked.signal.reason
    const body = await bytes(asked.body)
    if (asked.signal?.aborted) throw asked.signal.reason
    const owner = open()
    if (owner === undefined) return errorResponse(route.dialect, closed())
    // An SDK hears of a break as it would from a connection that was lost.
    return exchange(owner, route, body, asked, (controller, error) => controller.error(error))
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

module.exports = { createFetch }
