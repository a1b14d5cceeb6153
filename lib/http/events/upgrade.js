'use strict'

// Serves events over WebSockets with the optional peer `ws`. Browsers send cookies with an upgrade from any page, so
// the origin must be this server's or one of `push.origins`.

const { lastEventId } = require('./last-event-id')
const { Feed } = require('./feed')
const { SocketListener } = require('./socket-listener')

/** Listeners have nothing to send. */
const MAX_MESSAGE_BYTES = 1024

/** @type {Record<number, string>} */
const STATUS_TEXTS = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 500: 'Internal Server Error', 501: 'Not Implemented', 503: 'Service Unavailable' }

/**
 * @param {import('../app').App} app
 * @returns {(req: import('node:http').IncomingMessage, socket: import('node:stream').Duplex, head: Buffer) => Promise<boolean>}
 */
function createUpgrade (app) {
  const { client, settings: { push, challenge } } = app
  /** @type {any} */
  let server
  return async function upgrade (req, socket, head) {
    const found = app.match(req.url ?? '/')
    if (found?.part !== 'events') return false
    // Until the socket is a WebSocket, no other code handles its errors.
    const ignore = () => {}
    socket.on('error', ignore)
    try {
      if (!isSameOrigin(req, push.origins)) return refuseUpgrade(socket, 403)
      const allowed = await withTimeout(push.patience, app.isAuthorized(req))
      if (allowed === undefined) return refuseUpgrade(socket, 503, 'retry-after: 5\r\n')
      if (!allowed) return refuseUpgrade(socket, 401, `www-authenticate: ${challenge}\r\n`)
      server ??= makeServer()
    } catch (error) {
      return refuseUpgrade(socket, isMissing(error) ? 501 : 500)
    }
    if (app.refusalReason() !== undefined) return refuseUpgrade(socket, 503, 'retry-after: 5\r\n')
    if (socket.destroyed) return true
    server.handleUpgrade(req, socket, head, (/** @type {any} */ webSocket) => {
      socket.off('error', ignore)
      const feed = Feed.of(client)
      const listener = new SocketListener(feed, webSocket, push)
      feed.join(listener, lastEventId(new Headers(), found.url), Math.min(push.heartbeat, push.patience) / 2)
    })
    return true
  }
}

/**
 * Answers an upgrade with an error status and closes the socket.
 * @param {import('node:stream').Duplex} socket
 * @param {number} status
 * @param {string} [more] Headers.
 */
function refuseUpgrade (socket, status, more = '') {
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${STATUS_TEXTS[status]}\r\n${more}connection: close\r\ncontent-length: 0\r\n\r\n`)
  return true
}

/**
 * Resolves with undefined after `ms`: the socket is not read meanwhile, so a disconnect would go unnoticed.
 * @param {number} ms
 * @param {Promise<boolean>} decision
 * @returns {Promise<boolean | undefined>}
 */
async function withTimeout (ms, decision) {
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
  return new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES })
}

/** Whether the package `ws` is missing. @param {any} error */
function isMissing (error) {
  return error?.code === 'MODULE_NOT_FOUND' && /'ws'/.test(error.message)
}

/**
 * Accepts requests without an origin, which programs send.
 * @param {import('node:http').IncomingMessage} req
 * @param {string[]} origins
 */
function isSameOrigin ({ headers: { origin, host } }, origins) {
  if (origin === undefined || origins.includes(origin)) return true
  return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase()
}

module.exports = { createUpgrade, refuseUpgrade }
