'use strict'

// `client.fetch`: what the official SDKs are given in place of the platform's fetch. A chat completion in whatever
// dialect becomes a call of ours and is answered in that dialect, and what else models do goes to an endpoint of its
// dialect; everything else is none of our business.

const { closed } = require('../util/errors')
const { chatRoute, passRoute } = require('./routes')
const { errorResponse } = require('./error-response')
const { exchange } = require('./exchange')
const { readBody } = require('./request-body')

/**
 * @param {() => import('./exchange').Owner | undefined} open `undefined` once the client is closed.
 * @returns {typeof globalThis.fetch}
 */
function createFetch (open) {
  // As it is now: later this function itself may stand in its place, alone or wrapped.
  const platform = globalThis.fetch
  return async function fetch (input, init) {
    const asked = describe(input, init)
    const { url, headers } = asked
    const route = url && (chatRoute(asked.method, url.pathname) ?? passRoute(asked.method, url, headers))
    if (route === undefined) return platform(input, init)
    if (asked.signal?.aborted) throw asked.signal.reason
    // As the platform has it: behind the head of a GET a body would be a request of its own.
    if (asked.method === 'GET' && asked.body) throw new TypeError('a request with method GET cannot have a body')
    const { body, type } = await read(asked.body, asked.signal)
    if (type !== null && !headers.has('content-type')) headers.set('content-type', type)
    const owner = open()
    if (owner === undefined) return errorResponse(route.dialect, closed())
    // An SDK hears of a break as it would from a connection that was lost: a turn after what came before, for an error
    // empties the pipes that it runs through.
    return exchange(owner, route, body, asked, (controller, error) => { setImmediate(() => controller.error(error)) })
  }
}

/**
 * @typedef {object} Asked
 * @property {string} method
 * @property {URL | undefined} url
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
    url: URL.canParse(url) ? new URL(url) : undefined,
    headers: new Headers(init?.headers ?? request?.headers),
    body: init?.body ?? request?.body,
    signal: init?.signal ?? request?.signal ?? undefined
  }
}

/**
 * A body's bytes, and the type that the platform would give it.
 * @param {any} body
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<{ body: Uint8Array, type: string | null }>}
 */
async function read (body, signal) {
  if (typeof body === 'string') return { body: Buffer.from(body), type: null }
  if (body === null || body === undefined) return { body: new Uint8Array(), type: null }
  // A copy: the caller may write over it.
  if (body instanceof Uint8Array) return { body: Buffer.from(body), type: null }
  const response = new Response(body)
  const bytes = /** @type {Uint8Array} */ (await readBody(response.body, signal))
  return { body: bytes, type: response.headers.get('content-type') }
}

module.exports = { createFetch }
