'use strict'

// Serves a client over HTTP, from a web-standard Request to a Response. Adapters only convert requests and responses.

const { classes: { AuthenticationError }, configError } = require('../util/errors')
const { describe } = require('../util/serialize-options')
const { isClosing } = require('../util/shutdown')
const { chatRoute, dialectOf } = require('../gateway/vendor-routes')
const { errorResponse } = require('../gateway/error-response')
const { readMountOptions } = require('./options')
const { createDashboard, AS_FILE } = require('./dashboard')
const { Feed } = require('./events/feed')
const { lastEventId } = require('./events/last-event-id')
const { health, livez, readyz } = require('./health')
const { metrics } = require('./metrics')
const { SseListener } = require('./events/sse-listener')

/** OpenAI's and Anthropic's version, and Google's, which are mounted beside it. */
const VERSIONS = ['v1', 'v1beta', 'v1alpha', 'v1beta1']
const READ_METHODS = 'GET, HEAD, OPTIONS'
const PROXY_METHODS = 'GET, HEAD, POST, DELETE, OPTIONS'
const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no', 'x-content-type-options': 'nosniff' }

/**
 * @typedef {'health' | 'livez' | 'readyz' | 'metrics' | 'events' | 'dashboard' | 'proxy'} Part
 * @typedef {{ part: Part, url: URL, below: string }} Match `url` is the one for the client's handler, `below` the path after the part's own.
 */

/**
 * @param {import('../..').FailoverClient} client
 * @param {any} options
 */
function createApp (client, options) {
  // A client of another copy of the package is recognized by its methods.
  const { handler, on, getEndpointStatus } = client ?? /** @type {any} */ ({})
  if ([handler, on, getEndpointStatus].some((method) => typeof method !== 'function')) {
    throw configError([{ path: 'client', message: `must be a FailoverClient, got ${describe(client)}` }])
  }
  const settings = readMountOptions(options)
  const { base, paths, guarded, authorize, push } = settings
  const open = authorize === 'none'
  let draining = false
  const dashboard = paths.dashboard === undefined ? undefined : createDashboard(paths.dashboard, paths.events ?? '')
  if (paths.events !== undefined) Feed.of(client).watchAlerts()

  /**
   * Returns the part that serves a request; undefined if none does.
   * @param {string} target Path and query, as in the request line.
   * @returns {Match | undefined}
   */
  function match (target) {
    // Prefixed with an origin, so that a leading `//` is not read as a host.
    const address = `http://localhost${target}`
    if (!target.startsWith('/') || !URL.canParse(address)) return undefined
    const url = new URL(address)
    // A guard in front of this app checks the unresolved path. A path that `..` or `\` would change is not served.
    if (url.pathname !== target.split('?', 1)[0] || !url.pathname.startsWith(`${base}/`)) return undefined
    const path = url.pathname.slice(base.length)
    for (const part of /** @type {Part[]} */ (['health', 'livez', 'readyz', 'metrics', 'events', 'dashboard'])) {
      const at = paths[part]
      if (at === undefined) continue
      if (path === at || path === `${at}/`) return { part, url, below: path.slice(at.length) }
      if (part === 'dashboard' && path.startsWith(`${at}/`)) return { part, url, below: path.slice(at.length) }
    }
    const inner = paths.proxy === undefined ? undefined : proxyPath(path, paths.proxy)
    if (inner === undefined) return undefined
    url.pathname = inner
    return { part: 'proxy', url, below: '' }
  }

  /**
   * @param {Match} found
   * @param {Request} request
   * @param {any} native The argument of `authorize`.
   * @returns {Promise<Response>}
   */
  async function serve (found, request, native) {
    const { part } = found
    const { method } = request
    const allow = part === 'proxy' ? PROXY_METHODS : READ_METHODS
    if (method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } })
    if (!allow.split(', ').includes(method) && part !== 'proxy') return errorJson(405, `method ${method} is not allowed here; allowed are ${allow}`, { allow })
    if (guarded.has(part) && !await isAuthorized(native)) return unauthorized(found, request)
    if (method !== 'HEAD') return respond(found, request)
    // An event stream without a body needs no listener.
    if (part === 'events') return new Response(null, { headers: STREAM_HEADERS })
    const { status, headers, body } = await respond(found, request)
    await body?.cancel()
    return new Response(null, { status, headers })
  }

  /** @param {any} native */
  async function isAuthorized (native) {
    try {
      return open || (typeof authorize === 'function' && await authorize(native) === true)
    } catch (error) {
      // Frameworks give undefined and words such as 'route' a meaning of their own.
      throw typeof error === 'object' && error !== null ? error : new Error('authorize threw a value that is not an Error')
    }
  }

  /** @param {Match} found @param {Request} request @returns {Response | Promise<Response>} */
  function respond ({ part, url, below }, request) {
    switch (part) {
      case 'livez': return livez(request)
      case 'readyz': return readyz(request, client, { draining, vendors: settings.ready === 'vendors' })
      case 'health': return health(client)
      case 'metrics': return metrics(request, client)
      case 'events': return events(request, url)
      case 'dashboard': return dashboard?.(request, below === '' ? AS_FILE : below.slice(1), () => Feed.of(client).data()) ?? errorJson(404, 'no such file')
      default: return proxy(request, url)
    }
  }

  /** @param {Request} request @param {URL} url */
  function events (request, url) {
    const reason = refusalReason()
    if (reason !== undefined) return errorJson(503, reason, { 'retry-after': '5' })
    const feed = Feed.of(client)
    const listener = new SseListener(feed, push)
    feed.join(listener, lastEventId(request.headers, url), Math.min(push.heartbeat, push.patience) / 2)
    const leave = () => listener.leave()
    if (request.signal.aborted) leave()
    else request.signal.addEventListener('abort', leave, { once: true })
    return new Response(listener.body, { headers: STREAM_HEADERS })
  }

  /** Returns why no further listener is accepted; undefined if one is. */
  function refusalReason () {
    if (draining || isClosing(client)) return 'the client is closing'
    const feed = Feed.of(client)
    if (feed.listeners < push.maxListeners) return undefined
    feed.refused++
    return `the limit of ${push.maxListeners} listeners is reached (push.maxListeners)`
  }

  /** @param {Request} request @param {URL} url */
  function proxy (request, url) {
    const { headers, body, signal } = request
    // The handler answers HEAD for the list of models as GET.
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const init = { method, headers, body: method === 'GET' ? undefined : body, signal, duplex: 'half' }
    return client.handler(new Request(url, /** @type {any} */ (init)))
  }

  /** @param {Match} found @param {Request} request */
  function unauthorized ({ part, url }, { method, headers }) {
    const dialect = part === 'proxy' ? chatRoute(method, url.pathname)?.dialect ?? dialectOf(headers, url.pathname) : 'openai'
    const response = errorResponse(dialect, new AuthenticationError('not authorized', { status: 401, reason: 'auth' }))
    response.headers.set('www-authenticate', settings.challenge)
    response.headers.set('cache-control', 'no-store')
    return method === 'HEAD' ? new Response(null, response) : response
  }

  /** Stops accepting requests: `/readyz` answers 503, and event streams end. */
  function drain () {
    draining = true
    Feed.of(client).end()
  }

  return { settings, client, match, serve, isAuthorized, refusalReason, drain }
}

/**
 * Returns the path for the client's handler; undefined if it is not below the prefix.
 * @param {string} path
 * @param {string} prefix
 */
function proxyPath (path, prefix) {
  const parentPath = prefix.endsWith('/v1') ? prefix.slice(0, -'/v1'.length) : undefined
  const mounted = parentPath === undefined ? [[prefix, 'v1']] : VERSIONS.map((version) => [`${parentPath}/${version}`, version])
  for (const [at, version] of mounted) {
    if (path.startsWith(`${at}/`)) return `/${version}${path.slice(at.length)}`
  }
  return undefined
}

/**
 * @param {number} status @param {string} message
 * @param {Record<string, string>} [more]
 */
function errorJson (status, message, more = {}) {
  const type = status < 500 ? 'invalid_request_error' : 'server_error'
  return Response.json({ error: { message, type, param: null, code: null } }, { status, headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...more } })
}

/** @typedef {ReturnType<typeof createApp>} App */

module.exports = { createApp }
