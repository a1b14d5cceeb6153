'use strict'

// `client.handler`: the client as a vendor of its own, for whoever speaks HTTP. From a web-standard Request to a
// Response, in the dialect of the route.

const { BadRequestError, NotFoundError } = require('../util/errors').classes
const { closed } = require('../util/errors')
const { chatRoute, passRoute, decode, dialectOf } = require('./routes')
const { errorBody, errorResponse, statusOf } = require('./error-response')
const { exchange } = require('./exchange')
const { readBody } = require('./request-body')
const { shown } = require('../util/serialize-options')

/** The largest request that is taken. */
const LARGEST = 64 << 20
const VENDORS = ['content-type', 'accept', 'anthropic-version', 'anthropic-beta', 'openai-beta']
const PARAMETERS = /^(?:include(?:\[\d*\])?|include_obfuscation|starting_after|after|before|limit|order|stream|beta|alt|\$alt|api-version)$/
const MODELS = /\/models(?:\/(.*[^/]))?\/?$/

const encoder = new TextEncoder()

/**
 * @param {() => import('./exchange').Owner | undefined} open `undefined` once the client is closed.
 * @returns {(request: Request) => Promise<Response>}
 */
function createHandler (open) {
  return async function handler (request) {
    const url = new URL(request.url)
    const { pathname } = url
    // Like headers, what is not meant for a vendor may be a token of this server's.
    for (const name of [...url.searchParams.keys()]) if (!PARAMETERS.test(name)) url.searchParams.delete(name)
    const own = request.method === 'GET' && MODELS.test(pathname)
    const route = own ? undefined : chatRoute(request.method, pathname) ?? passRoute(request.method, url, request.headers)
    const dialect = route?.dialect ?? dialectOf(request.headers, pathname)
    const owner = open()
    if (owner === undefined) return errorResponse(dialect, closed())
    if (route === undefined) return models(request, pathname, dialect, owner.native.models())
    const encoding = request.headers.get('content-encoding') ?? 'identity'
    if (request.method !== 'GET' && !/^identity$/i.test(encoding)) {
      return errorResponse(dialect, new BadRequestError(`request: must not be compressed, got content-encoding ${shown(encoding)}`, { status: 415 }))
    }
    const body = await read(request)
    if (body === undefined) {
      return errorResponse(dialect, new BadRequestError(`request: must not be larger than ${LARGEST} bytes`, { status: 413 }))
    }
    const asked = { headers: ofVendors(request.headers), signal: request.signal }
    return exchange(owner, route, body, asked, (controller, error) => {
      if (route.path !== undefined) return controller.error(error)
      // The headers are out: the error is an event, and what is missing behind it says that this is no end.
      controller.enqueue(encoder.encode(errorEvent(dialect, error)))
      controller.close()
    })
  }
}

/**
 * What is meant for a vendor. All else is between this server and its clients: their tokens, their addresses.
 * @param {Headers} headers
 */
function ofVendors (headers) {
  return new Headers([...headers].filter(([name]) => VENDORS.includes(name)))
}

/**
 * A body, unless it is too large.
 * @param {Request} request
 */
async function read ({ method, headers, body, signal }) {
  if (Number(headers.get('content-length')) > LARGEST) return undefined
  return readBody(method === 'GET' ? null : body, signal, LARGEST)
}

/** @param {'openai' | 'anthropic' | 'google'} dialect @param {unknown} error */
function errorEvent (dialect, error) {
  const data = JSON.stringify(errorBody(dialect, error, statusOf(error)))
  if (dialect === 'anthropic') return `event: error\ndata: ${data}\n\n`
  return `data: ${data}${dialect === 'google' ? '\r\n\r\n' : '\n\n'}`
}

/**
 * The models that aliases and endpoints name, and each by itself.
 * @param {Request} request
 * @param {string} pathname
 * @param {'openai' | 'anthropic' | 'google'} dialect
 * @param {string[]} names
 */
function models ({ method }, pathname, dialect, names) {
  const found = MODELS.exec(pathname)
  if (found === null || method !== 'GET') {
    return errorResponse(dialect, new NotFoundError(`there is nothing at ${method} ${pathname}`, { status: 404, reason: 'notFound' }))
  }
  const name = found[1] === undefined ? undefined : decode(found[1])
  if (name === undefined) return Response.json(list(dialect, names))
  if (names.includes(name)) return Response.json(one(dialect, name))
  return errorResponse(dialect, new NotFoundError(`no alias and no endpoint names the model '${name}'`, { status: 404, reason: 'notFound' }))
}

/** @param {'openai' | 'anthropic' | 'google'} dialect @param {string[]} names */
function list (dialect, names) {
  const data = names.map((name) => one(dialect, name))
  if (dialect === 'google') return { models: data }
  if (dialect === 'anthropic') return { data, has_more: false, first_id: names[0] ?? null, last_id: names.at(-1) ?? null }
  return { object: 'list', data }
}

/** @param {'openai' | 'anthropic' | 'google'} dialect @param {string} name */
function one (dialect, name) {
  if (dialect === 'google') return { name: `models/${name}`, displayName: name, supportedGenerationMethods: ['generateContent'] }
  if (dialect === 'anthropic') return { type: 'model', id: name, display_name: name, created_at: '1970-01-01T00:00:00Z' }
  return { id: name, object: 'model', created: 0, owned_by: 'bellwether' }
}

module.exports = { createHandler }
