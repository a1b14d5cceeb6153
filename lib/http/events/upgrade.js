'use strict'

// The same events over a WebSocket, where the optional peer `ws` is there. A browser sends cookies with an upgrade
// whatever page asks for it: its origin must be this server's, or one of those that were named.

const { lastId } = require('../app')
const { Feed } = require('./feed')
const { SocketListener } = require('./socket-listener')

/** What a listener has to say is nothing. */
const LARGEST = 1024

/** @type {Record<number, string>} */
const REASONS = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 500: 'Internal Server Error', 501: 'Not Implemented', 503: 'Service Unavailable' }

/**
 * @param {import('../app').Surface} surface
 * @returns {(req: import('node:http').IncomingMessage, socket: import('node:stream').Duplex, head: Buffer) => Promise<boolean>}
 */
function createUpgrade (surface) {
  const { client, settings: { push, challenge } } = surface
  /** @type {any} */
  let server
  return async function upgrade (req, socket, head) {
    const found = surface.find(req.url ?? '/')
    if (found?.part !== 'events') return false
    // Nobody else hears of it, until the socket is a WebSocket.
    const ignore = () => {}
    socket.on('error', ignore)
    try {
      if (!isSameOrigin(req, push.origins)) return refuse(socket, 403)
      const allowed = await within(push.patience, surface.allows(req))
      if (allowed === undefined) return refuse(socket, 503, 'retry-after: 5\r\n')
      if (!allowed) return refuse(socket, 401, `www-authenticate: ${challenge}\r\n`)
      server ??= makeServer()
    } catch (error) {
      return refuse(socket, isMissing(error) ? 501 : 500)
    }
    if (surface.full() !== undefined) return refuse(socket, 503, 'retry-after: 5\r\n')
    if (socket.destroyed) return true
    server.handleUpgrade(req, socket, head, (/** @type {any} */ webSocket) => {
      socket.off('error', ignore)
      const feed = Feed.of(client)
      const listener = new SocketListener(feed, webSocket, push)
      feed.join(listener, lastId(new Headers(), found.url), Math.min(push.heartbeat, push.patience) / 2)
    })
    return true
  }
}

/**
 * Answers what is not upgraded, and lets go of it, whether or not the other side does.
 * @param {import('node:stream').Duplex} socket
 * @param {number} status
 * @param {string} [more] Headers.
 */
function refuse (socket, status, more = '') {
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${REASONS[status]}\r\n${more}connection: close\r\ncontent-length: 0\r\n\r\n`)
  return true
}

/**
 * Undefined where it takes longer: nobody reads the socket meanwhile, so that nobody hears that the other side has left.
 * @param {number} ms
 * @param {Promise<boolean>} decision
 * @returns {Promise<boolean | undefined>}
 */
async function within (ms, decision) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const late = new Promise((resolve) => { timer = setTimeout(() => resolve(undefined), ms) })
  try {
    return await Promise.race([decision, /** @type {Promise<undefined>} */ (late)])
  } finally {
    clearTimeout(timer)
  }
}

function makeServer () {
  const { WebSocketServer } = require('ws')
  return new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: LARGEST })
}

/** Whether it is `ws` that is not there. @param {any} error */
function isMissing (error) {
  return error?.code === 'MODULE_NOT_FOUND' && /'ws'/.test(error.message)
}

/**
 * Programs name no origin.
 * @param {import('node:http').IncomingMessage} req
 * @param {string[]} origins
 */
function isSameOrigin ({ headers: { origin, host } }, origins) {
  if (origin === undefined || origins.includes(origin)) return true
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase()
}

module.exports = { createUpgrade, refuse }
