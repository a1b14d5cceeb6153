'use strict'

// Streaming by hand: undici's body, a TextDecoder, eventsource-parser, and one JSON.parse an event.

const { Pool } = require('undici')
const { createParser } = require('eventsource-parser')

exports.stream = async function connect ({ origin, prefix, ca, apiKey, connections }) {
  const pool = new Pool(origin, { connections, ...(ca && { connect: { ca } }) })
  const path = `${prefix}/chat/completions`
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${apiKey}` }
  return {
    async stream (request) {
      const { statusCode, body } = await pool.request({
        method: 'POST', path, headers, body: JSON.stringify({ ...request, stream: true })
      })
      if (statusCode !== 200) throw new Error(`HTTP ${statusCode}: ${await body.text()}`)
      return chunks(body)
    },
    close: () => pool.destroy()
  }
}

async function * chunks (body) {
  const decoder = new TextDecoder()
  let ready = []
  let done = false
  const parser = createParser({
    onEvent ({ data }) {
      if (data === '[DONE]') done = true
      else ready.push(JSON.parse(data))
    }
  })
  for await (const bytes of body) {
    parser.feed(decoder.decode(bytes, { stream: true }))
    const batch = ready
    ready = []
    yield * batch
  }
  if (!done) throw new Error('the stream ended without [DONE]')
}
