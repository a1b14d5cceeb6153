'use strict'

const assert = require('node:assert/strict')
const http = require('node:http')
const net = require('node:net')
const { once } = require('node:events')
const { text } = require('node:stream/consumers')
const { failover } = require('bellwether/node')

const CHAT = { model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] }

/** A server of Node's that ends with the test, and its address. */
async function listen (t, handler) {
  const server = http.createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  return { server, url: `http://127.0.0.1:${server.address().port}` }
}

/** The middleware on a server of its own; 418 is what comes next. */
async function mount (t, client, options = {}) {
  const middleware = failover(client, options)
  const served = await listen(t, (req, res) => middleware(req, res, (error) => res.writeHead(error ? 500 : 418).end()))
  served.server.on('upgrade', (req, socket, head) => middleware.upgrade(req, socket, head).then((taken) => taken || socket.destroy()))
  return { ...served, middleware }
}

const post = (url, body, more) => fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), ...more })

/** What comes back for a head that no fetch would send. */
async function raw (url, head) {
  const socket = net.connect(new URL(url).port, '127.0.0.1')
  socket.end(`${head}\r\nhost: x\r\nconnection: close\r\n\r\n`)
  return text(socket)
}

/** Follows a feed: events as `{id, event, data}`, comments as `{comment}`. */
async function follow (t, url, { headers } = {}) {
  const gone = new AbortController()
  t.after(() => gone.abort())
  const response = await fetch(url, { headers, signal: gone.signal })
  assert.equal(response.status, 200)
  const events = []
  let left = ''
  let wake = () => {}
  const done = (async () => {
    const decoder = new TextDecoder()
    for await (const bytes of response.body) {
      const blocks = (left + decoder.decode(bytes, { stream: true })).split('\n\n')
      left = blocks.pop()
      for (const block of blocks) events.push(parse(block))
      wake()
    }
  })().catch(() => {}).finally(() => { events.ended = true; wake() })
  /** Resolves with the first event that a test accepts. */
  const next = async (accept) => {
    for (;;) {
      const found = events.find(accept)
      if (found) return found
      if (events.ended) assert.fail(`it ended after ${events.map(({ event, comment }) => event ?? comment)}`)
      await new Promise((resolve) => { wake = resolve })
    }
  }
  return { response, events, next, done, leave: () => gone.abort() }
}

function parse (block) {
  const fields = Object.fromEntries(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]))
  if ('' in fields) return { comment: fields[''] }
  if (fields.event === undefined) return fields
  return { id: Number(fields.id), event: fields.event, data: JSON.parse(fields.data) }
}

module.exports = { CHAT, listen, mount, post, raw, follow, parse }
