'use strict'

// Runs the HTTP server of `bellwether serve`, and shuts it down without losing a request that has arrived.

const http = require('node:http')
const net = require('node:net')
const { once } = require('node:events')
const { setTimeout } = require('node:timers/promises')
const { createApp } = require('../../../lib/http/app')
const { createMiddleware } = require('../../../lib/http/node-adapter')
const { refuseUpgrade: refuseUpgrade } = require('../../../lib/http/events/upgrade')
const { isCrossSite } = require('./guard')

/**
 * How long idle connections stay open after shutdown has begun: a client may have sent a request before it could
 * notice.
 */
const GRACE_MS = 500

/**
 * @param {import('../../..').FailoverClient} client
 * @param {'none' | ((request: http.IncomingMessage) => boolean)} authorize
 */
function createServer (client, authorize) {
  const open = authorize === 'none'
  const app = createApp(client, {
    authorize, proxy: true, events: true, dashboard: true, ...(open ? {} : { protect: ['metrics'], challenge: 'Basic realm="bellwether"' })
  })
  const middleware = createMiddleware(app)
  /** Requests in progress. @type {Set<http.ServerResponse>} */
  const active = new Set()
  let ending = false
  /** @type {() => void} */
  let onIdle = () => {}
  const server = http.createServer((req, res) => {
    active.add(res)
    res.once('close', () => {
      active.delete(res)
      if (active.size === 0) onIdle()
    })
    if (ending) res.setHeader('connection', 'close')
    if (open && isCrossSite(req)) return respondError(res, 403, 'requests from pages of other origins are refused')
    middleware(req, res, (error) => respondError(res, error ? 500 : 404, error ? 'internal error' : 'no route for this request'))
  })
  server.headersTimeout = 30_000
  server.on('upgrade', (req, socket, head) => {
        socket.on('error', () => {})
    if (open && isCrossSite(req)) return refuseUpgrade(socket, 403)
    middleware.upgrade(req, socket, head).then((taken) => { if (!taken) refuseUpgrade(socket, 404) }, () => socket.destroy())
  })

  /** @param {number} port @param {string} host */
  async function listen (port, host) {
    server.listen(port, host)
    await once(server, 'listening')
    // An error of one connection, such as a missing file descriptor, must not end the others.
    server.on('error', () => {})
    return /** @type {net.AddressInfo} */ (server.address())
  }

  /**
   * Stops accepting connections, answers requests in progress, and closes the client. Returns the number of unfinished
   * responses.
   * @param {number} drain Milliseconds.
   */
  async function end (drain) {
    const deadline = performance.now() + drain
    ending = true
    // Not server.close(), which closes idle connections on which a request may be arriving.
    net.Server.prototype.close.call(server)
    app.drain()
    for (const res of active) if (!res.headersSent) res.setHeader('connection', 'close')
    await waitAtMost(drain, whenIdle(Math.min(GRACE_MS, drain)))
    const left = active.size
    await client.close({ drain: left > 0 ? 0 : Math.max(0, deadline - performance.now()) })
    // Responses that the client has ended are still being written.
    if (left > 0) await waitAtMost(GRACE_MS, whenIdle(0))
    server.closeAllConnections()
    return left
  }

  /** Resolves when no request was in progress for `grace` milliseconds. @param {number} grace */
  async function whenIdle (grace) {
    let since = performance.now()
    while (active.size > 0 || performance.now() - since < grace) {
      if (active.size > 0) {
        await new Promise((resolve) => { onIdle = () => resolve(undefined) })
        since = performance.now()
      } else {
        await setTimeout(Math.min(25, grace))
      }
    }
  }

  return { server, listen, end, get active () { return active.size } }
}

/** @param {http.ServerResponse} res @param {number} status @param {string} message */
function respondError (res, status, message) {
  if (res.headersSent) return res.destroy()
  const type = status < 500 ? 'invalid_request_error' : 'server_error'
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message, type, param: null, code: null } }))
}

/** @param {number} ms @param {Promise<void>} done */
async function waitAtMost (ms, done) {
  const given = new AbortController()
  await Promise.race([done, setTimeout(ms, undefined, { signal: given.signal }).catch(() => {})])
  given.abort()
}

module.exports = { createServer }
