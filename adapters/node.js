'use strict'

// `bellwether/node`: the client for Node's HTTP server and frameworks built on it. Adapters of such frameworks share
// its parts.

const { createApp } = require('../lib/http/app')
const { createUpgrade, refuseUpgrade } = require('../lib/http/events/upgrade')
const { createMiddleware } = require('../lib/http/node-adapter')

/**
 * @param {import('..').FailoverClient} client
 * @param {import('..').FailoverOptions<import('node:http').IncomingMessage>} [options]
 * @returns {import('./node').Middleware}
 */
function failover (client, options = {}) {
  return createMiddleware(createApp(client, options))
}

/**
 * Serves a client's events over WebSockets on a server with another request handler.
 * @param {import('node:http').Server} server
 * @param {import('..').FailoverClient} client
 * @param {import('..').EventsOptions<import('node:http').IncomingMessage>} options
 * @returns {() => void}
 */
function attachEvents (server, client, { path = true, ...options } = /** @type {any} */ ({})) {
  const upgrade = createUpgrade(createApp(client, { ...options, events: path, health: false, metrics: false }))
  const listener = async (/** @type {any} */ req, /** @type {any} */ socket, /** @type {Buffer} */ head) => {
    // Without another listener, an upgrade that is not accepted would stay open for ever.
    if (!await upgrade(req, socket, head) && server.listenerCount('upgrade') === 1) refuseUpgrade(socket, 404)
  }
  server.on('upgrade', listener)
  return () => { server.off('upgrade', listener) }
}

module.exports = { failover, attachEvents }
