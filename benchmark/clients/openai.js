'use strict'

// The official SDK with its own fetch. maxRetries is 0: a retry would hide a fault of the harness.

const OpenAI = require('openai')

exports.chat = exports.stream = async function connect ({ origin, prefix, ca, apiKey }) {
  if (ca) throw new Error('the SDK takes a certificate authority from NODE_EXTRA_CA_CERTS only')
  const client = new OpenAI({ apiKey, baseURL: origin + prefix, maxRetries: 0 })
  return {
    chat: (request) => client.chat.completions.create(request),
    stream: (request) => client.chat.completions.create({ ...request, stream: true }),
    close () {}
  }
}
