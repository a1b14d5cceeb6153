'use strict'

// The client over HTTP, from a web-standard Request to a Response: every part of it, wherever it is mounted. Adapters
// only translate requests and responses.

const { classes: { AuthenticationError }, ofProblems } = require('../util/errors')
const { what } = require('../util/serialize-options')
const { isClosing } = require('../util/shutdown')
const { chatRoute, dialectOf } = require('../gateway/routes')
const { errorResponse } = require('../gateway/error-response')
const { check } = require('./options')
const { createDashboard, AS_FILE } = require('./dashboard')
const { Feed } = require('./events/feed')
const { health, livez, readyz } = require('./health')
const { metrics } = require('./metrics')
const { SseListener } = require('./events/sse-listener')

/** Beside a version of OpenAI's and Anthropic's stand Google's. */
const VERSIONS = ['v1', 'v1beta', 'v1alpha', 'v1beta1']
const READ = 'GET, HEAD, OPTIONS'
const ALL = 'GET, HEAD, POST, DELETE, OPTIONS'
const STREAM = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no', 'x-content-type-options': 'nosniff' }

/**
 * @typedef {'health' | 'livez' | 'readyz' | 'metrics' | 'events' | 'dashboard' | 'proxy'} Part
 * @typedef {{ part: Part, url: URL, below: string }} Found `url` as the client's handler knows it; `below` what follows the part's path.
 */

/**
 * @param {import('../..').FailoverClient} client
 * @param {any} options
 */
function createSurface (client, options) {
  // Of another copy of the package, too: by what it is asked for here.
  const { handler, on, getEndpointStatus } = client ?? /** @type {any} */ ({})
  if ([handler, on, getEndpointStatus].some((method) => typeof method !== 'function')) {
    throw ofProblems([{ path: 'client', message: `must be a FailoverClient, got ${what(client)}` }])
  }
  const settings = check(options)
  const { base, paths, guarded, authorize, push } = settings
  const open = authorize === 'none'
  let draining = false
  const dashboard = paths.dashboard === undefined ? undefined : createDashboard(paths.dashboard, paths.events ?? '')
  if (paths.events !== undefined) Feed.of(client).watchAlerts()

  /**
   * The part that a request's target asks for; undefined if none of ours.
   * @param {string} target As it stands in the request's first line: path and query.
   * @returns {Found | undefined}
   */
  function find (target) {
    // Behind the origin, so that `//` begins no host.
    const address = `http://localhost${target}`
    if (!target.startsWith('/') || !URL.canParse(address)) return undefined
    const url = new URL(address)
    // Who guards a path before us has seen it unresolved: what `..` or `\` would bring here is not served.
    if (url.pathname !== target.split('?', 1)[0] || !url.pathname.startsWith(`${base}/`)) return undefined
    const path = url.pathname.slice(base.length)
    for (const part of /** @type {Part[]} */ (['health', 'livez', 'readyz', 'metrics', 'events', 'dashboard'])) {
      const at = paths[part]
      if (at === undefined) continue
      if (path === at || path === `${at}/`) return { part, url, below: path.slice(at.length) }
      if (part === 'dashboard' && path.startsWith(`${at}/`)) return { part, url, below: path.slice(at.length) }
    }
    const inner = paths.proxy === undefined ? undefined : proxied(path, paths.proxy)
    if (inner === undefined) return undefined
    url.pathname = inner
    return { part: 'proxy', url, below: '' }
  }

  /**
   * @param {Found} found
   * @param {Request} request
   * @param {any} native What `authorize` is asked about.
   * @returns {Promise<Response>}
   */
  async function serve (found, request, native) {
    const { part } = found
    const { method } = request
    const allow = part === 'proxy' ? ALL : READ
    if (method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } })
    if (!allow.split(', ').includes(method) && part !== 'proxy') return refusal(405, `${method} is not for this; ${allow} are`, { allow })
    if (guarded.has(part) && !await allows(native)) return unauthorized(found, request)
    if (method !== 'HEAD') return answer(found, request)
    // Nobody listens to what has no body.
    if (part === 'events') return new Response(null, { headers: STREAM })
    const { status, headers, body } = await answer(found, request)
    await body?.cancel()
    return new Response(null, { status, headers })
  }

  /** @param {any} native */
  async function allows (native) {
    try {
      return open || (typeof authorize === 'function' && await authorize(native) === true)
    } catch (error) {
      // A framework goes on to what comes next for undefined, and for words such as 'route'.
      throw typeof error === 'object' && error !== null ? error : new Error('authorize threw what is no error')
    }
  }

  /** @param {Found} found @param {Request} request @returns {Response | Promise<Response>} */
  function answer ({ part, url, below }, request) {
    switch (part) {
      case 'livez': return livez(request)
      case 'readyz': return readyz(request, client, { draining, vendors: settings.ready === 'vendors' })
      case 'health': return health(client)
      case 'metrics': return metrics(request, client)
      case 'events': return events(request, url)
      case 'dashboard': return dashboard?.(request, below === '' ? AS_FILE : below.slice(1), () => Feed.of(client).data()) ?? refusal(404, 'there is no such file')
      default: return proxy(request, url)
    }
  }

  /** @param {Request} request @param {URL} url */
  function events (request, url) {
    const why = full()
    if (why !== undefined) return refusal(503, why, { 'retry-after': '5' })
    const feed = Feed.of(client)
    const listener = new SseListener(feed, push)
    feed.join(listener, lastId(request.headers, url), Math.min(push.heartbeat, push.patience) / 2)
    const leave = () => listener.leave()
    if (request.signal.aborted) leave()
    else request.signal.addEventListener('abort', leave, { once: true })
    return new Response(listener.body, { headers: STREAM })
  }

  /** Why nobody else can listen now; undefined if somebody can. */
  function full () {
    if (draining || isClosing(client)) return 'the client is closing'
    const feed = Feed.of(client)
    if (feed.listeners < push.maxListeners) return undefined
    feed.refused++
    return `${push.maxListeners} listen already, and no more may`
  }

  /** @param {Request} request @param {URL} url */
  function proxy (request, url) {
    const { headers, body, signal } = request
    // A list of models may be asked about without being wanted.
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const init = { method, headers, body: method === 'GET' ? undefined : body, signal, duplex: 'half' }
    return client.handler(new Request(url, /** @type {any} */ (init)))
  }

  /** @param {Found} found @param {Request} request */
  function unauthorized ({ part, url }, { method, headers }) {
    const dialect = part === 'proxy' ? chatRoute(method, url.pathname)?.dialect ?? dialectOf(headers, url.pathname) : 'openai'
    const response = errorResponse(dialect, new AuthenticationError('not authorized', { status: 401, reason: 'auth' }))
    response.headers.set('www-authenticate', settings.challenge)
    response.headers.set('cache-control', 'no-store')
    return method === 'HEAD' ? new Response(null, response) : response
  }

  /** Wants no more requests: `/readyz` says so, and whoever follows events is sent away. */
  function drain () {
    draining = true
    Feed.of(client).end()
  }

  return { settings, client, find, serve, allows, full, drain }
}

/**
 * An address as the client's handler knows it, if it is below the prefix.
 * @param {string} path
 * @param {string} prefix
 */
function proxied (path, prefix) {
  const beside = prefix.endsWith('/v1') ? prefix.slice(0, -'/v1'.length) : undefined
  const mounted = beside === undefined ? [[prefix, 'v1']] : VERSIONS.map((version) => [`${beside}/${version}`, version])
  for (const [at, version] of mounted) {
    if (path.startsWith(`${at}/`)) return `/${version}${path.slice(at.length)}`
  }
  return undefined
}

/**
 * The event after which a listener goes on; undefined if it begins, NaN for what is no id.
 * @param {Headers} headers @param {URL} url
 */
function lastId (headers, url) {
  const given = headers.get('last-event-id') ?? url.searchParams.get('lastEventId')
  if (given === null || given === '') return undefined
  return /^\d{1,16}$/.test(given) ? Number(given) : NaN
}

/**
 * @param {number} status @param {string} message
 * @param {Record<string, string>} [more]
 */
function refusal (status, message, more = {}) {
  const type = status < 500 ? 'invalid_request_error' : 'server_error'
  return Response.json({ error: { message, type, param: null, code: null } }, { status, headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...more } })
}

/** @typedef {ReturnType<typeof createSurface>} Surface */

module.exports = { createSurface, lastId }
