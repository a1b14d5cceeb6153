'use strict'

// What a careful user writes with undici's Pool: kept-alive connections, one JSON.stringify, one JSON.parse.

const { Pool } = require('undici')

exports.chat = async function connect ({ origin, prefix, ca, apiKey, connections }) {
  const pool = new Pool(origin, { connections, ...(ca && { connect: { ca } }) })
  const path = `${prefix}/chat/completions`
  const headers = { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${apiKey}` }
  return {
    async chat (request) {
      const { statusCode, body } = await pool.request({ method: 'POST', path, headers, body: JSON.stringify(request) })
      const text = await body.text()
      if (statusCode !== 200) throw new Error(`HTTP ${statusCode}: ${text}`)
      return JSON.parse(text)
    },
    close: () => pool.destroy()
  }
}
