'use strict'

// That a client is being closed, for those who serve it: it has no event of its own for that, for nobody else need know.

const { once } = require('./process-singleton')

/** What a client emits as `close()` begins. */
const CLOSING = Symbol.for('bellwether closing')

const closing = once('closing', () => /** @type {WeakSet<object>} */ (new WeakSet()))

/** @param {import('node:events').EventEmitter} client */
function noteClosing (client) {
  if (closing.has(client)) return
  closing.add(client)
  client.emit(CLOSING)
}

/** @param {object} client */
function isClosing (client) {
  return closing.has(client)
}

module.exports = { CLOSING, noteClosing, isClosing }
