'use strict'

// Calls that need an answer: `complete` and `processLongContext` cannot use a request that was queued for later.

const { configError } = require('../util/errors')
const { processSingleton } = require('../util/process-singleton')

const queueingClients = processSingleton('queueing', () => /** @type {WeakSet<object>} */ (new WeakSet()))

/** Notes a client whose calls are queued unless they say otherwise. @param {object} client */
function queuesByDefault (client) {
  queueingClients.add(client)
}

/**
 * The options of a call that must be answered, for which a number in a queue is no answer.
 * @template {Record<string, any>} T
 * @param {object} client
 * @param {T} options
 * @returns {T}
 */
function requireAnswer (client, options) {
  if (options.onUnavailable === 'queue') {
    throw configError([{ path: 'options.onUnavailable', message: "must be one of 'wait', 'error', 'fallback' here, where an answer is needed, got 'queue'" }])
  }
  return queueingClients.has(client) ? { ...options, onUnavailable: options.onUnavailable ?? 'wait' } : options
}

module.exports = { requireAnswer, queuesByDefault }
