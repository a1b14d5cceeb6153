'use strict'

// Options of calls that need an answer: `complete` and `processLongContext` cannot use a receipt of the queue.

const { configError } = require('../util/errors')
const { processSingleton } = require('../util/process-singleton')

const queueingClients = processSingleton('queueing', () => /** @type {WeakSet<object>} */ (new WeakSet()))

/** Records that a client queues calls by default when no endpoint is available. @param {object} client */
function queuesByDefault (client) {
  queueingClients.add(client)
}

/**
 * Returns options under which the call is never queued. Throws a ConfigError if the options ask for the queue.
 * @template {Record<string, any>} T
 * @param {object} client
 * @param {T} options
 * @returns {T}
 */
function requireAnswer (client, options) {
  if (options.onUnavailable === 'queue') {
    throw configError([{ path: 'options.onUnavailable', message: "must be 'wait', 'error' or 'fallback', because this method needs an answer, got 'queue'" }])
  }
  return queueingClients.has(client) ? { ...options, onUnavailable: options.onUnavailable ?? 'wait' } : options
}

module.exports = { requireAnswer, queuesByDefault }
