'use strict'

// Holds the client behind the top-level `chatCompletion`. It is created on first use, from the default configuration
// file or else from the environment.

/** @type {InstanceType<typeof import('./client').FailoverClient> | undefined} */
let client

/**
 * @param {any} first
 * @param {any} [second]
 * @param {any} [third]
 */
async function chatCompletion (first, second, third) {
  if (client === undefined) {
    const { FailoverClient } = require('./client')
    client = new FailoverClient()
  }
  return client.chatCompletion(first, second, third)
}

module.exports = { chatCompletion }
