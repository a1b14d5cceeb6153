'use strict'

// `bellwether/node`: the client for Node's own http server, and for what is made of its requests and responses. The
// adapters of frameworks that run on it are made of the same.

const { createSurface } = require('../lib/http/app')
const { createUpgrade, refuse } = require('../lib/http/events/upgrade')
const { middlewareOf } = require('../lib/http/node-adapter')

/**
 * @param {import('..').FailoverClient} client
 * @param {import('..').FailoverOptions<import('node:http').IncomingMessage>} [options]
 * @returns {import('./node').Middleware}
 */
function failover (client, options = {}) {
  return middlewareOf(createSurface(client, options))
}

/**
 * Serves a client's events over WebSockets, on a server whose requests somebody else serves.
 * @param {import('node:http').Server} server
 * @param {import('..').FailoverClient} client
 * @param {import('..').EventsOptions<import('node:http').IncomingMessage>} options
 * @returns {() => void}
 */
function attachEvents (server, client, { path = true, ...options } = /** @type {any} */ ({})) {
  const upgrade = createUpgrade(createSurface(client, { ...options, events: path, health: false, metrics: false }))
  const listener = async (/** @type {any} */ req, /** @type {any} */ socket, /** @type {Buffer} */ head) => {
    // Who is wanted by nobody would wait for ever.
    if (!await upgrade(req, socket, head) && server.listenerCount('upgrade') === 1) refuse(socket, 404)
  }
  server.on('upgrade', listener)
  return () => { server.off('upgrade', listener) }
}

module.exports = { failover, attachEvents }
