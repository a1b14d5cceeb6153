'use strict'

// A vendor that can be switched up and down, and counts its answers.

const http = require('node:http')

/** @returns {Promise<{ url: string, up: boolean, answered: Map<string, number>, close: () => void }>} */
function startVendor () {
  const vendor = { url: '', up: false, answered: new Map(), close: () => server.close() }
  const server = http.createServer(async (request, response) => {
    let body = ''
    request.on('error', () => {})
    for await (const part of request) body += part
    const down = !vendor.up
    // Delayed, so that a process can be killed meanwhile.
    setTimeout(() => {
      if (down) return response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":{"message":"down"}}')
      const name = JSON.parse(body).messages[0].content
      // Also counts an answer after the process was killed.
      vendor.answered.set(name, (vendor.answered.get(name) ?? 0) + 1)
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({
        id: `c-${name}`,
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, message: { role: 'assistant', content: `answer to ${name}` }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
      }))
    }, 2)
  })
  server.on('clientError', (_, socket) => socket.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      vendor.url = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/v1`
      resolve(vendor)
    })
  })
}

module.exports = { startVendor }
