'use strict'

// The server: a client over HTTP, and its end, which loses no call that had come.

const http = require('node:http')
const net = require('node:net')
const { once } = require('node:events')
const { setTimeout } = require('node:timers/promises')
const { createSurface } = require('../../../lib/http/app')
const { middlewareOf } = require('../../../lib/http/node-adapter')
const { refuse: refuseUpgrade } = require('../../../lib/http/events/upgrade')
const { isForeign } = require('./guard')

/** How long connections that are kept alive may still bring a request that had left before they heard of the end. */
const GRACE = 500

/**
 * @param {import('../../..').FailoverClient} client
 * @param {'none' | ((request: http.IncomingMessage) => boolean)} authorize
 */
function createServer (client, authorize) {
  const open = authorize === 'none'
  const surface = createSurface(client, {
    authorize, proxy: true, events: true, dashboard: true, ...(open ? {} : { protect: ['metrics'], challenge: 'Basic realm="bellwether"' })
  })
  const middleware = middlewareOf(surface)
  /** Requests that are being answered. @type {Set<http.ServerResponse>} */
  const active = new Set()
  let ending = false
  /** @type {() => void} */
  let idle = () => {}
  const server = http.createServer((req, res) => {
    active.add(res)
    res.once('close', () => {
      active.delete(res)
      if (active.size === 0) idle()
    })
    if (ending) res.setHeader('connection', 'close')
    if (open && isForeign(req)) return refuse(res, 403, 'another\'s page may not ask this')
    middleware(req, res, (error) => refuse(res, error ? 500 : 404, error ? 'internal error' : 'there is nothing here'))
  })
  server.headersTimeout = 30_000
  server.on('upgrade', (req, socket, head) => {
        socket.on('error', () => {})
    if (open && isForeign(req)) return refuseUpgrade(socket, 403)
    middleware.upgrade(req, socket, head).then((taken) => { if (!taken) refuseUpgrade(socket, 404) }, () => socket.destroy())
  })

  /** @param {number} port @param {string} host */
  async function listen (port, host) {
    server.listen(port, host)
    await once(server, 'listening')
    // What one connection could not be given, as a file descriptor, is no reason to end the others.
    server.on('error', () => {})
    return /** @type {net.AddressInfo} */ (server.address())
  }

  /**
   * Takes no more connections, answers what has come, and closes the client. Gives how many answers were not finished.
   * @param {number} drain Milliseconds.
   */
  async function end (drain) {
    const deadline = performance.now() + drain
    ending = true
    // Not the server's own close, which cuts connections that are idle: a request may be on its way on one.
    net.Server.prototype.close.call(server)
    surface.drain()
    for (const res of active) if (!res.headersSent) res.setHeader('connection', 'close')
    await within(drain, quiet(Math.min(GRACE, drain)))
    const left = active.size
    await client.close({ drain: left > 0 ? 0 : Math.max(0, deadline - performance.now()) })
    // What the client has ended is still written.
    if (left > 0) await within(GRACE, quiet(0))
    server.closeAllConnections()
    return left
  }

  /** Resolves when nothing has been asked for some time. @param {number} grace */
  async function quiet (grace) {
    let since = performance.now()
    while (active.size > 0 || performance.now() - since < grace) {
      if (active.size > 0) {
        await new Promise((resolve) => { idle = () => resolve(undefined) })
        since = performance.now()
      } else {
        await setTimeout(Math.min(25, grace))
      }
    }
  }

  return { server, listen, end, get active () { return active.size } }
}

/** @param {http.ServerResponse} res @param {number} status @param {string} message */
function refuse (res, status, message) {
  if (res.headersSent) return res.destroy()
  const type = status < 500 ? 'invalid_request_error' : 'server_error'
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message, type, param: null, code: null } }))
}

/** @param {number} ms @param {Promise<void>} done */
async function within (ms, done) {
  const given = new AbortController()
  await Promise.race([done, setTimeout(ms, undefined, { signal: given.signal }).catch(() => {})])
  given.abort()
}

module.exports = { createServer }
