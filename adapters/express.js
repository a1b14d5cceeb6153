'use strict'

// `bellwether/express`: the client as middleware. It knows Node's requests and responses only, so that it also serves
// Connect and a bare http server.

const { Readable } = require('node:stream')
const { once } = require('node:events')
const { classes: { AuthenticationError }, ofProblems } = require('../lib/errors')
const { chatRoute, dialectOf } = require('../lib/wire/routes')
const { errorResponse } = require('../lib/wire/errors')

const ACCEPTED = ['authorize', 'proxy']
/** Beside a version of OpenAI's and Anthropic's stand Google's. */
const VERSIONS = ['v1', 'v1beta', 'v1alpha', 'v1beta1']

/**
 * @param {InstanceType<typeof import('../lib/client').FailoverClient>} client
 * @param {import('./express').FailoverOptions} [options]
 * @returns {ReturnType<typeof import('./express').failover>}
 */
function failover (client, options = {}) {
  const { prefix, authorize } = check(options)
  return function middleware (req, res, next) {
    // The platform's Request knows no TRACE.
    const url = prefix === undefined || req.method === 'TRACE' ? undefined : inner(req, prefix)
    if (url === undefined) return next()
    serve(client, authorize, url, req, res).catch((error) => {
      // What is out cannot be taken back; a connection that breaks says that it was not all.
      if (res.headersSent) res.destroy(error)
      else next(error)
    })
  }
}

/** @param {any} options */
function check (options) {
  const problems = Object.keys(options)
    .filter((name) => !ACCEPTED.includes(name))
    .map((name) => ({ path: name, message: `is no option of the middleware; accepted are ${ACCEPTED.join(', ')}` }))
  const { authorize, proxy = false } = options
  if (typeof proxy !== 'boolean' && !(typeof proxy === 'string' && proxy.startsWith('/'))) {
    problems.push({ path: 'proxy', message: `must be true, false or a path that begins with '/', got ${JSON.stringify(proxy)}` })
  }
  if (authorize !== undefined && authorize !== 'none' && typeof authorize !== 'function') {
    problems.push({ path: 'authorize', message: "must be a function of the request, or 'none'" })
  } else if (authorize === undefined && proxy !== false) {
    problems.push({ path: 'authorize', message: "is missing; who may spend your keys is decided by a function of the request, or by 'none' for everybody" })
  }
  if (problems.length > 0) throw ofProblems(problems)
  const prefix = proxy === true ? '/v1' : proxy || undefined
  return { prefix: prefix?.replace(/\/+$/, ''), authorize }
}

/**
 * The address as the client's handler knows it, if the request is below the prefix.
 * @param {import('node:http').IncomingMessage} req
 * @param {string} prefix
 */
function inner (req, prefix) {
  const asked = req.url ?? '/'
  // Behind the origin, so that `//` begins no host.
  const address = `http://localhost${asked}`
  if (!asked.startsWith('/') || !URL.canParse(address)) return undefined
  const url = new URL(address)
  // Who guards a path before us has seen it unresolved: what `..` or `\` would bring here is not served.
  if (url.pathname !== asked.split('?', 1)[0]) return undefined
  const base = prefix.endsWith('/v1') ? prefix.slice(0, -'/v1'.length) : undefined
  const mounted = base === undefined ? [[prefix, 'v1']] : VERSIONS.map((version) => [`${base}/${version}`, version])
  for (const [path, version] of mounted) {
    if (url.pathname.startsWith(`${path}/`)) {
      url.pathname = `/${version}${url.pathname.slice(path.length)}`
      return url
    }
  }
  return undefined
}

/**
 * @param {any} client
 * @param {any} authorize
 * @param {URL} url
 * @param {import('node:http').IncomingMessage & { body?: unknown }} req
 * @param {import('node:http').ServerResponse} res
 */
async function serve (client, authorize, url, req, res) {
  // Who left before it came to us is told nothing, and costs nothing.
  if (res.destroyed) return
  const gone = new AbortController()
  res.once('close', () => { if (!res.writableFinished) gone.abort(new DOMException('The client is gone', 'AbortError')) })
  const method = req.method ?? 'GET'
  const headers = new Headers()
  for (const [name, value] of Object.entries(req.headers)) {
    // Of HTTP/2, which has the address among them.
    if (name.startsWith(':')) continue
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one)
  }
  if (authorize !== 'none' && await authorize(req) !== true) {
    const dialect = chatRoute(method, url.pathname)?.dialect ?? dialectOf(headers, url.pathname)
    return send(errorResponse(dialect, new AuthenticationError('not authorized', { status: 401, reason: 'auth' })), res, gone.signal)
  }
  const body = method === 'GET' || method === 'HEAD' ? undefined : bodyOf(req)
  // Its length may be another once a parser has read it.
  headers.delete('content-length')
  let response
  try {
    response = await client.handler(new Request(url, /** @type {any} */ ({ method, headers, body, signal: gone.signal, duplex: 'half' })))
  } catch (error) {
    if (gone.signal.aborted) return
    throw error
  }
  await send(response, res, gone.signal)
}

/** The body, or what a parser that stands before us has made of it. @param {import('node:http').IncomingMessage & { body?: unknown }} req */
function bodyOf (req) {
  const { body } = req
  if (body === undefined || (req.readable && !req.readableEnded && isEmpty(body))) return Readable.toWeb(req)
  return typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
}

/** Parsers that did not read give `{}`. @param {unknown} body */
function isEmpty (body) {
  return body === null || (typeof body === 'object' && Object.keys(body).length === 0)
}

/**
 * @param {Response} response
 * @param {import('node:http').ServerResponse} res
 * @param {AbortSignal} gone
 */
async function send (response, res, gone) {
  if (gone.aborted) {
    await response.body?.cancel(gone.reason)
    return
  }
  const reader = response.body?.getReader()
  const cancel = () => { reader?.cancel(gone.reason).catch(() => {}) }
  gone.addEventListener('abort', cancel, { once: true })
  try {
    res.writeHead(response.status, Object.fromEntries(response.headers))
    while (reader !== undefined) {
      const { done, value } = await reader.read()
      if (done || gone.aborted) break
      if (!res.write(value)) await once(res, 'drain', { signal: gone })
    }
  } catch (error) {
    cancel()
    if (!gone.aborted) throw error
  } finally {
    gone.removeEventListener('abort', cancel)
  }
  if (!gone.aborted) res.end()
}

module.exports = { failover }
