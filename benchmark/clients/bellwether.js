'use strict'

// The package under test, as published: every default on, one endpoint unless a scenario names more.

const path = require('node:path')

const ROOT = path.join(__dirname, '..', '..')

exports.chat = exports.stream = async function connect ({ origin, prefix, ca, apiKey }) {
  const client = createClient([{ name: 'primary', baseURL: origin + prefix, apiKey }], ca)
  await client.warmup()
  return {
    chat: (request) => client.chatCompletion(request),
    stream: (request) => client.chatCompletion({ ...request, stream: true }),
    close: () => client.close()
  }
}

exports.createClient = createClient

function createClient (endpoints, ca, options) {
  // Loaded here, so that the other side of a pair never has the addon in its process.
  const { FailoverClient } = require(ROOT)
  return new FailoverClient({ endpoints, ...(ca && { tls: { ca } }), ...options })
}
