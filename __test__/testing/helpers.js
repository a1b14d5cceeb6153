'use strict'

const net = require('node:net')
const { once } = require('node:events')
const { createFaultServer, faults } = require('../../testing')

/** A server that ends with the test. */
function serve(t, options) {
  const server = createFaultServer({ name: 'A', ...options })
  t.after(() => server.close())
  return server
}

const MESSAGES = [{ role: 'user', content: 'hi' }]

/** A chat completion by fetch. */
function chat(server, body = {}, init = {}) {
  return fetch(`${server.url}/chat/completions`, {
    method: 'POST', ...init,
    headers: { 'content-type': 'application/json', ...init.headers },
    body: JSON.stringify({ model: 'gpt-4o', messages: MESSAGES, ...body }),
  })
}

/** The text of a streamed chat completion. */
async function stream(server, body = {}, init = {}) {
  const response = await chat(server, { stream: true, ...body }, init)
  return response.text()
}

/** The payloads of a stream of events, `[DONE]` included, by the plainest reading of the standard. */
function eventsOf(text) {
  return text.replace(/^\uFEFF/, '').split(/(?:\r\n|\n|\r){2}/)
    .map((block) => block.split(/\r\n|\n|\r/).filter((line) => line.startsWith('data:')).map((line) => line.slice(5).replace(/^ /, '')).join('\n'))
    .filter((data) => data !== '')
}

function contentOf(text) {
  return eventsOf(text).filter((data) => data !== '[DONE]').map((data) => JSON.parse(data).choices[0]?.delta.content ?? '').join('')
}

/** The bytes of a chat completion request, as sent by hand. */
function request(body = {}, headers = '') {
  const json = JSON.stringify({ model: 'gpt-4o', messages: MESSAGES, ...body })
  return `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n${headers}content-length: ${Buffer.byteLength(json)}\r\n\r\n${json}`
}

/** A raw connection that remembers what it received and how it ended. */
async function connect(server) {
  const socket = net.connect(server.port, '127.0.0.1')
  const chunks = []
  const state = { socket, chunks, text: () => Buffer.concat(chunks).toString(), error: undefined, ended: false }
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', (error) => { state.error = error.code })
  socket.on('end', () => { state.ended = true })
  state.closed = once(socket, 'close').catch(() => {})
  /** Resolves once the received text satisfies the pattern. */
  state.received = (pattern) => new Promise((resolve, reject) => {
    const look = () => pattern.test(state.text()) && resolve(state.text())
    socket.on('data', look)
    socket.on('close', () => reject(new Error(`closed after ${JSON.stringify(state.text())}`)))
    look()
  })
  await once(socket, 'connect').catch(() => {})
  return state
}

/** Sends bytes on a fresh connection and waits for its end. */
async function exchange(server, bytes) {
  const client = await connect(server)
  client.socket.write(bytes)
  await client.closed
  return { text: client.text(), error: client.error, ended: client.ended }
}

module.exports = { chat, connect, contentOf, eventsOf, exchange, faults, request, serve, stream, MESSAGES }
