'use strict'

// Implements `client.handler`: the client as an HTTP server that speaks vendors' dialects, from a web-standard Request
// to a Response.

const { BadRequestError, NotFoundError } = require('../util/errors').classes
const { clientClosedError } = require('../util/errors')
const { chatRoute, passthroughRoute, decodeSegment, dialectOf } = require('./vendor-routes')
const { errorBody, errorResponse, statusOf } = require('./error-response')
const { exchange } = require('./exchange')
const { readBody } = require('./request-body')
const { quote } = require('../util/serialize-options')

/** Larger requests are refused with status 413. */
const MAX_REQUEST_BYTES = 64 << 20
const FORWARDED_HEADERS = ['content-type', 'accept', 'anthropic-version', 'anthropic-beta', 'openai-beta']
const FORWARDED_PARAMETERS = /^(?:include(?:\[\d*\])?|include_obfuscation|starting_after|after|before|limit|order|stream|beta|alt|\$alt|api-version)$/
const MODELS = /\/models(?:\/(.*[^/]))?\/?$/

const encoder = new TextEncoder()

/**
 * @param {() => import('./exchange').OpenClient | undefined} getOpenClient `undefined` once the client is closed.
 * @returns {(request: Request) => Promise<Response>}
 */
function createHandler (getOpenClient) {
  return async function handler (request) {
    const url = new URL(request.url)
    const { pathname } = url
    // Other parameters may be meant for this server, such as its token.
    for (const name of [...url.searchParams.keys()]) if (!FORWARDED_PARAMETERS.test(name)) url.searchParams.delete(name)
    const isModelsRequest = request.method === 'GET' && MODELS.test(pathname)
    const route = isModelsRequest ? undefined : chatRoute(request.method, pathname) ?? passthroughRoute(request.method, url, request.headers)
    const dialect = route?.dialect ?? dialectOf(request.headers, pathname)
    const openClient = getOpenClient()
    if (openClient === undefined) return errorResponse(dialect, clientClosedError())
    if (route === undefined) return modelsResponse(request, pathname, dialect, openClient.native.models())
    const encoding = request.headers.get('content-encoding') ?? 'identity'
    if (request.method !== 'GET' && !/^identity$/i.test(encoding)) {
      return errorResponse(dialect, new BadRequestError(`request: must not be compressed, got content-encoding ${quote(encoding)}`, { status: 415 }))
    }
    const body = await readRequestBody(request)
    if (body === undefined) {
      return errorResponse(dialect, new BadRequestError(`request: must not be larger than ${MAX_REQUEST_BYTES} bytes`, { status: 413 }))
    }
    const forwarded = { headers: forwardedHeaders(request.headers), signal: request.signal }
    return exchange(openClient, route, body, forwarded, (controller, error) => {
      if (route.path !== undefined) return controller.error(error)
      // The response headers are sent, so the error is sent as an event; the missing end marker shows that the answer
      // is incomplete.
      controller.enqueue(encoder.encode(errorEvent(dialect, error)))
      controller.close()
    })
  }
}

/**
 * Returns the headers that are forwarded. Others concern this server and its clients, such as tokens and addresses.
 * @param {Headers} headers
 */
function forwardedHeaders (headers) {
  return new Headers([...headers].filter(([name]) => FORWARDED_HEADERS.includes(name)))
}

/** Reads a body; undefined if it is too large. @param {Request} request */
async function readRequestBody ({ method, headers, body, signal }) {
  if (Number(headers.get('content-length')) > MAX_REQUEST_BYTES) return undefined
  return readBody(method === 'GET' ? null : body, signal, MAX_REQUEST_BYTES)
}

/** @param {'openai' | 'anthropic' | 'google'} dialect @param {unknown} error */
function errorEvent (dialect, error) {
  const data = JSON.stringify(errorBody(dialect, error, statusOf(error)))
  if (dialect === 'anthropic') return `event: error\ndata: ${data}\n\n`
  return `data: ${data}${dialect === 'google' ? '\r\n\r\n' : '\n\n'}`
}

/**
 * Answers requests for the list of models, or for one model: those that aliases and endpoints name.
 * @param {Request} request
 * @param {string} pathname
 * @param {'openai' | 'anthropic' | 'google'} dialect
 * @param {string[]} names
 */
function modelsResponse ({ method }, pathname, dialect, names) {
  const found = MODELS.exec(pathname)
  if (found === null || method !== 'GET') {
    return errorResponse(dialect, new NotFoundError(`no route for ${method} ${pathname}`, { status: 404, reason: 'notFound' }))
  }
  const name = found[1] === undefined ? undefined : decodeSegment(found[1])
  if (name === undefined) return Response.json(modelList(dialect, names))
  if (names.includes(name)) return Response.json(modelEntry(dialect, name))
  return errorResponse(dialect, new NotFoundError(`model '${name}' is not configured: no alias or endpoint names it`, { status: 404, reason: 'notFound' }))
}

/** @param {'openai' | 'anthropic' | 'google'} dialect @param {string[]} names */
function modelList (dialect, names) {
  const data = names.map((name) => modelEntry(dialect, name))
  if (dialect === 'google') return { models: data }
  if (dialect === 'anthropic') return { data, has_more: false, first_id: names[0] ?? null, last_id: names.at(-1) ?? null }
  return { object: 'list', data }
}

/** @param {'openai' | 'anthropic' | 'google'} dialect @param {string} name */
function modelEntry (dialect, name) {
  if (dialect === 'google') return { name: `models/${name}`, displayName: name, supportedGenerationMethods: ['generateContent'] }
  if (dialect === 'anthropic') return { type: 'model', id: name, display_name: name, created_at: '1970-01-01T00:00:00Z' }
  return { id: name, object: 'model', created: 0, owned_by: 'bellwether' }
}

module.exports = { createHandler }
