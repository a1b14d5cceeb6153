'use strict'

// A vendor that is up or down as it is told, and counts how often it has answered what.

const http = require('node:http')

/** @returns {Promise<{ url: string, up: boolean, answered: Map<string, number>, close: () => void }>} */
function startVendor () {
  const vendor = { url: '', up: false, answered: new Map(), close: () => server.close() }
  const server = http.createServer(async (request, response) => {
    let body = ''
    request.on('error', () => {})
    for await (const part of request) body += part
    const down = !vendor.up
    // Some while, so that there is a moment to be killed in.
    setTimeout(() => {
      if (down) return response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":{"message":"down"}}')
      const name = JSON.parse(body).messages[0].content
      // Whoever is gone by now counts as well: his answer was made.
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
