'use strict'

// Marks clients that are closing, for the servers that serve them. There is no public event for it.

const { processSingleton } = require('./process-singleton')

/** Emitted by a client when `close()` begins. */
const CLOSING = Symbol.for('bellwether closing')

const closing = processSingleton('closing', () => /** @type {WeakSet<object>} */ (new WeakSet()))

/** @param {import('node:events').EventEmitter} client */
function markClosing (client) {
  if (closing.has(client)) return
  closing.add(client)
  client.emit(CLOSING)
}

/** @param {object} client */
function isClosing (client) {
  return closing.has(client)
}

module.exports = { CLOSING, markClosing, isClosing }
