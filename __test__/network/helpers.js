'use strict'

const dns = require('node:dns/promises')
const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const { once } = require('node:events')

/** @param {string} name Of testing/certs, or of the folder beside this file. */
function pem (name) {
  const files = [path.join(__dirname, 'certs'), path.join(__dirname, '..', '..', 'testing', 'certs')]
  return fs.readFileSync(files.map((folder) => path.join(folder, `${name}.pem`)).find(fs.existsSync), 'utf8')
}

/**
 * Listens until the test ends, and remembers which connections are open and what they sent.
 * @param {import('node:test').TestContext} t
 * @param {import('node:net').Server} server
 * @param {string} [host]
 */
async function listen (t, server, host = '127.0.0.1') {
  const sockets = new Set()
  const received = []
  let accepted = 0
  server.on('connection', (socket) => {
    accepted++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => received.push(bytes))
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen({ port: 0, host, ipv6Only: host === '::1' })
  await once(server, 'listening')
  t.after(() => { sockets.forEach((socket) => socket.destroy()); server.close() })
  const { port } = server.address()
  return {
    port,
    host: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    sockets,
    get accepted () { return accepted },
    text: () => Buffer.concat(received).toString('latin1')
  }
}

/** A server that does as it likes with each connection. */
function raw (t, onConnection, host) {
  return listen(t, net.createServer(onConnection), host)
}

/** A TCP proxy in front of a server; `meddle(client, server)` decides what passes, by default everything. */
function relay (t, port, meddle = (client, server) => client.pipe(server).pipe(client)) {
  return raw(t, (client) => {
    const server = net.connect(port, '127.0.0.1').on('error', () => client.destroy())
    client.once('close', () => server.destroy())
    meddle(client, server)
  })
}

/** A port without a listener on either family. */
async function closedPort () {
  const server = net.createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** The addresses of this machine's `localhost`, in the resolver's order. */
async function localhost () {
  return (await dns.lookup('localhost', { all: true, verbatim: true })).map(({ address }) => address)
}

/** What `make` gives where the environment names these proxies and no others. */
function inEnvironment (proxies, make) {
  const names = ['http', 'https', 'all', 'no'].flatMap((kind) => [`${kind}_proxy`, `${kind}_proxy`.toUpperCase()])
  const before = names.map((name) => [name, process.env[name]])
  names.forEach((name) => { delete process.env[name] })
  Object.assign(process.env, proxies)
  try {
    return make()
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

/** A whole answer of an OpenAI-compatible vendor, as bytes of HTTP/1.1. */
function answer (content, headers = '') {
  const body = JSON.stringify({ id: 'i', object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }] })
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`
}

module.exports = { pem, listen, raw, relay, closedPort, localhost, inEnvironment, answer }
