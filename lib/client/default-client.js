'use strict'

// The client behind the top-level `chatCompletion`: made from a configuration file that is found, or else from the
// environment, when it is first needed.

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
