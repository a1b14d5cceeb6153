'use strict'

// A vendor that costs little: raw sockets, answers built once as bytes, and no more parsing than finding where a
// request ends. It runs in a process of its own, so that its work never lands on a measured thread. Plain calls, the
// most of which are made, go to mock/ instead, which costs less still.
//
//   /v1/…        a completion
//   /fail/v1/…   503 at once
//   /paced/v1/…  a stream, one chunk every 10 ms; /paced-anthropic/v1/… the same in Anthropic's events
//   /full/v1/…   a stream, as fast as the socket takes it
//   /idle/v1/…   a stream that stays silent after its first content
//
// A stream has as many content chunks as its request's max_tokens.
//
// `main` and `second` are two plain-text origins (a client may keep state per origin); `tls` is a third.

const fs = require('node:fs')
const net = require('node:net')
const path = require('node:path')
const tls = require('node:tls')
const { VENDOR_HEADERS, answerBytes, COMPLETION } = require('./lib/answers')
const exchange = require('./lib/exchange')

const PACE_MS = 10
const BLOCK_EVENTS = 64

const HEAD_END = Buffer.from('\r\n\r\n')
const ROUTE = /^[A-Z]+ \/(?:(fail|paced|paced-anthropic|full|idle)\/)?v1\//
const LENGTH = /\r\ncontent-length: *(\d+)/i
const MAX_TOKENS = /"max_tokens":(\d+)/

const UNAVAILABLE = answerBytes('503 Service Unavailable',
  JSON.stringify({ error: { message: 'The server is overloaded or not ready yet.', type: 'server_error', param: null, code: null } }))

const STREAM_HEAD = Buffer.from(['HTTP/1.1 200 OK', ...VENDOR_HEADERS,
  'content-type: text/event-stream; charset=utf-8', 'transfer-encoding: chunked', '', ''].join('\r\n'))
const STREAM_OPENING = Buffer.concat([STREAM_HEAD, frame(exchange.firstEvent())])
const CONTENT = frame(exchange.contentEvent())
const ANTHROPIC = { opening: Buffer.concat([STREAM_HEAD, frame(exchange.anthropic.firstEvents())]), content: frame(exchange.anthropic.contentEvent()), last: ended(exchange.anthropic.lastEvents()) }
// With content in it: bellwether passes nothing on before there is some.
const STREAM_BEGUN = Buffer.concat([STREAM_OPENING, CONTENT])
const BLOCK = Buffer.concat(Array(BLOCK_EVENTS).fill(CONTENT))
const LAST = ended(exchange.lastEvents())
const OPENAI = { opening: STREAM_OPENING, content: CONTENT, last: LAST }

function ended (text) {
  return Buffer.concat([frame(text), Buffer.from('0\r\n\r\n')])
}

function frame (text) {
  const body = Buffer.from(text)
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')])
}

function onConnection (socket) {
  let pending = null
  socket.on('error', () => socket.destroy()) // clients disconnect at any time
  socket.on('data', (bytes) => {
    let buffer = pending === null ? bytes : Buffer.concat([pending, bytes])
    pending = null
    while (buffer.length > 0) {
      const end = serve(socket, buffer)
      if (end === 0) {
        pending = buffer
        return
      }
      buffer = buffer.subarray(end)
    }
  })
}

/** Answers the request `buffer` begins with and returns its length, or 0 while it is incomplete. */
function serve (socket, buffer) {
  const headEnd = buffer.indexOf(HEAD_END)
  if (headEnd === -1) return 0
  const head = buffer.latin1Slice(0, headEnd)
  const length = LENGTH.exec(head)
  const end = headEnd + HEAD_END.length + (length === null ? 0 : Number(length[1]))
  if (buffer.length < end) return 0

  const route = ROUTE.exec(head)
  if (route === null) throw new Error(`no such route: ${head.slice(0, 80)}`)
  const chunks = () => Number(MAX_TOKENS.exec(buffer.latin1Slice(headEnd, end))[1])
  switch (route[1]) {
    case undefined: socket.write(COMPLETION); break
    case 'fail': socket.write(UNAVAILABLE); break
    case 'idle': socket.write(STREAM_BEGUN); break
    case 'paced': paced(socket, chunks(), OPENAI); break
    case 'paced-anthropic': paced(socket, chunks(), ANTHROPIC); break
    case 'full': full(socket, chunks()); break
  }
  return end
}

// Streams of real users are not in step: each new one takes the next of ten phases, one millisecond apart.
const phases = Array.from({ length: PACE_MS }, () => new Set())
let nextPhase = 0
let ticker = null
let served = 0

function paced (socket, chunks, events) {
  socket.write(events.opening)
  const streams = phases[nextPhase++ % PACE_MS]
  const stream = { socket, left: chunks, events }
  streams.add(stream)
  socket.once('close', () => streams.delete(stream))
  if (ticker === null) {
    served = Math.floor(performance.now())
    ticker = setInterval(tick, 1)
  }
}

function tick () {
  for (const now = Math.floor(performance.now()); served < now; served++) {
    const streams = phases[served % PACE_MS]
    for (const stream of streams) {
      if (stream.left-- > 0) {
        stream.socket.write(stream.events.content)
      } else {
        stream.socket.write(stream.events.last)
        streams.delete(stream)
      }
    }
  }
  if (phases.every((streams) => streams.size === 0)) {
    clearInterval(ticker)
    ticker = null
  }
}

function full (socket, chunks) {
  let left = chunks
  socket.write(STREAM_OPENING)
  pump()

  function pump () {
    while (left > 0) {
      const events = Math.min(left, BLOCK_EVENTS)
      left -= events
      if (!socket.write(BLOCK.subarray(0, events * CONTENT.length))) {
        socket.once('drain', pump)
        return
      }
    }
    socket.write(LAST)
  }
}

function listen (server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => resolve(server.address().port))
  })
}

async function main () {
  const cert = (name) => fs.readFileSync(path.join(__dirname, 'certs', name))
  const options = { noDelay: true }
  const ports = {
    main: await listen(net.createServer(options, onConnection)),
    second: await listen(net.createServer(options, onConnection)),
    tls: await listen(tls.createServer({ ...options, key: cert('server-key.pem'), cert: cert('server.pem') }, onConnection))
  }
  process.once('disconnect', () => process.exit(0)) // never outlives the run that started it
  process.send({ ports })
}

main()
