'use strict'

// Calls that need an answer: `complete` and `processLongContext` cannot use a request that was queued for later.

const { ofProblems } = require('../util/errors')
const { once } = require('../util/process-singleton')

const queueing = once('queueing', () => /** @type {WeakSet<object>} */ (new WeakSet()))

/** Notes a client whose calls are queued unless they say otherwise. @param {object} client */
function queuesByDefault (client) {
  queueing.add(client)
}

/**
 * The options of a call that must be answered, for which a number in a queue is no answer.
 * @template {Record<string, any>} T
 * @param {object} client
 * @param {T} options
 * @returns {T}
 */
function answered (client, options) {
  if (options.onUnavailable === 'queue') {
    throw ofProblems([{ path: 'options.onUnavailable', message: "must be one of 'wait', 'error', 'fallback' here, where an answer is needed, got 'queue'" }])
  }
  return queueing.has(client) ? { ...options, onUnavailable: options.onUnavailable ?? 'wait' } : options
}

module.exports = { answered, queuesByDefault }
