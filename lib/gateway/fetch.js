'use strict'

// Implements `client.fetch`, which SDKs use in place of the platform's fetch. Chat completions of any dialect become
// calls, other model requests pass through to an endpoint of their dialect, and everything else goes to the platform's
// fetch.

const { clientClosedError } = require('../util/errors')
const { chatRoute, passthroughRoute } = require('./vendor-routes')
const { errorResponse } = require('./error-response')
const { exchange } = require('./exchange')
const { readBody } = require('./request-body')

/**
 * @param {() => import('./exchange').OpenClient | undefined} getOpenClient `undefined` once the client is closed.
 * @returns {typeof globalThis.fetch}
 */
function createFetch (getOpenClient) {
  // Read now: this function may later replace globalThis.fetch.
  const platform = globalThis.fetch
  return async function fetch (input, init) {
    const request = readRequest(input, init)
    const { url, headers } = request
    const route = url && (chatRoute(request.method, url.pathname) ?? passthroughRoute(request.method, url, headers))
    if (route === undefined) return platform(input, init)
    if (request.signal?.aborted) throw request.signal.reason
    // As the platform does: the body of a GET would be taken for another request.
    if (request.method === 'GET' && request.body) throw new TypeError('a request with method GET cannot have a body')
    const { body, type } = await readBytes(request.body, request.signal)
    if (type !== null && !headers.has('content-type')) headers.set('content-type', type)
    const openClient = getOpenClient()
    if (openClient === undefined) return errorResponse(route.dialect, clientClosedError())
    // Errors the stream a turn after the last chunk, as a lost connection would: an error discards chunks that are
    // still buffered downstream.
    return exchange(openClient, route, body, request, (controller, error) => { setImmediate(() => controller.error(error)) })
  }
}

/**
 * @typedef {object} IncomingRequest
 * @property {string} method
 * @property {URL | undefined} url
 * @property {Headers} headers
 * @property {any} body
 * @property {AbortSignal | undefined} signal
 */

/**
 * @param {string | URL | Request} input
 * @param {RequestInit} [init]
 * @returns {IncomingRequest}
 */
function readRequest (input, init) {
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
 * Returns a body's bytes, and the content type that the platform would set.
 * @param {any} body
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<{ body: Uint8Array, type: string | null }>}
 */
async function readBytes (body, signal) {
  if (typeof body === 'string') return { body: Buffer.from(body), type: null }
  if (body === null || body === undefined) return { body: new Uint8Array(), type: null }
  // Copied, because the caller may overwrite it.
  if (body instanceof Uint8Array) return { body: Buffer.from(body), type: null }
  const response = new Response(body)
  const bytes = /** @type {Uint8Array} */ (await readBody(response.body, signal))
  return { body: bytes, type: response.headers.get('content-type') }
}

module.exports = { createFetch }
