'use strict'

// The official SDK with bellwether's fetch, on an endpoint of its own dialect or, with `dialect`, of another.

const OpenAI = require('openai')
const { createClient } = require('./bellwether')

exports.chat = exports.stream = async function connect ({ origin, prefix, apiKey, dialect }) {
  const client = createClient([{ name: 'primary', baseURL: origin + prefix, apiKey, ...(dialect && { dialect }) }])
  await client.warmup()
  const openai = new OpenAI({ apiKey: 'unused', maxRetries: 0, fetch: client.fetch })
  return {
    chat: (request) => openai.chat.completions.create(request),
    stream: (request) => openai.chat.completions.create({ ...request, stream: true }),
    close: () => client.close()
  }
}
