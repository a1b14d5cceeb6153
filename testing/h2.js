'use strict'

const http2 = require('node:http2')
const { setImmediate } = require('node:timers/promises')
const { Exchange } = require('./exchange')

/** @typedef {import('./answer').Answer} Answer */
/** @typedef {import('./exchange').Sink} Sink */
/** @typedef {import('./index').Fault} Fault */
/** @typedef {import('./index').Hit} Hit */
/** @typedef {InstanceType<typeof import('./peer').Peer>} Peer */
/** @typedef {import('./server').Host} Host */

const { NGHTTP2_INTERNAL_ERROR: INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM: REFUSED_STREAM } = http2.constants

/**
 * @param {{ maxConcurrentStreams?: number }} settings
 * @param {{ key: string | Buffer, cert: string | Buffer } | undefined} certificate
 */
function createHttp2Server(settings, certificate) {
  // Allows faults with huge headers.
  const options = { settings, maxSendHeaderBlockLength: 1024 * 1024 }
  return certificate === undefined
    ? http2.createServer(options)
    : http2.createSecureServer({ ...options, key: certificate.key, cert: certificate.cert, allowHTTP1: false })
}

class Http2Connection {
  #session
  #peer
  #host

  /** @param {import('node:http2').ServerHttp2Session} session @param {Peer} peer @param {Host} host */
  constructor(session, peer, host) {
    this.#session = session
    this.#peer = peer
    this.#host = host
    session.on('stream', (stream, headers) => this.#open(stream, headers))
    session.on('error', () => {})
  }

  /** @param {import('node:http2').ServerHttp2Stream} stream @param {import('node:http2').IncomingHttpHeaders} headers */
  #open(stream, headers) {
    stream.on('error', () => {})
    const hit = this.#host.hit(this.#peer, '2.0')
    this.#host.readHead(hit, headers[':method'] ?? '', headers[':path'] ?? '', plain(headers), '2.0')
    const early = this.#host.strikeEarly('body', hit)
    if (early !== undefined) {
      this.#host.record(hit, early)
      return this.#breakOff(early, stream, hit)
    }
    /** @type {Buffer[]} */
    const body = []
    stream.on('data', (/** @type {Buffer} */ chunk) => body.push(chunk))
    stream.once('end', () => {
      this.#host.readBody(hit, Buffer.concat(body))
      this.#serve(stream, hit)
    })
  }

  /** @param {import('node:http2').ServerHttp2Stream} stream @param {Hit} hit */
  #serve(stream, hit) {
    if (stream.destroyed) return
    const fault = this.#host.choose(hit)
    this.#host.record(hit, fault)
    if (fault.connection !== undefined || fault.goAway?.processed === false) return this.#breakOff(fault, stream, hit)
    // Without a stream's id, all received streams count as processed: a GOAWAY must not revoke what an earlier one has
    // given up.
    if (fault.goAway !== undefined || fault.closeAfter) this.#session.goaway(fault.goAway?.code ?? 0)
    const sink = new Http2Sink(stream, this.#peer)
    const exchange = new Exchange(sink)
    stream.once('close', () => {
      exchange.cancel()
      this.#host.settle(hit, this.#peer.endedByServer ? 'serverClosed' : 'clientAborted')
    })
    const answer = this.#host.answer(fault, hit)
    hit.status = answer.status
    exchange.play(answer).then((outcome) => {
      if (outcome === undefined) return
      this.#host.settle(hit, outcome)
      if (fault.goAway !== undefined || fault.closeAfter) this.#session.close()
    }, (error) => stream.destroy(error))
  }

  /** @param {Fault} fault @param {import('node:http2').ServerHttp2Stream} stream @param {Hit} hit */
  #breakOff({ connection, goAway }, stream, hit) {
    if (goAway !== undefined) {
      this.#host.settle(hit, 'cut')
      this.#session.goaway(goAway.code ?? 0, Math.max(0, (stream.id ?? 0) - 2))
      // Node cannot announce that not even the first stream was processed; a refused stream has the same effect for
      // one.
      if (stream.id === 1) stream.close(REFUSED_STREAM)
      return
    }
    if (connection?.action === 'hang') {
      stream.once('close', () => this.#host.settle(hit, this.#peer.endedByServer ? 'serverClosed' : 'clientAborted'))
      return
    }
    this.#host.settle(hit, 'cut')
    if (connection?.action === 'refuse') this.#host.refuseFor(/** @type {number} */ (connection.for))
    else if (connection?.action === 'close') this.#peer.socket.destroy()
    else if (connection?.scope === 'connection') this.#peer.reset()
    else stream.close(connection?.code ?? INTERNAL_ERROR)
  }
}

/** @implements {Sink} */
class Http2Sink {
  #stream
  #peer
  #pending = 0
  /** @type {(() => void)[]} */
  #waiters = []

  /** @param {import('node:http2').ServerHttp2Stream} stream @param {Peer} peer */
  constructor(stream, peer) {
    this.#stream = stream
    this.#peer = peer
  }

  /** @param {number} status @param {Record<string, any>} headers */
  inform(status, headers) {
    this.#stream.additionalHeaders({ ':status': status, ...headers })
  }

  /** @param {Answer} answer */
  head({ status, headers, length, fault }) {
    /** @type {import('node:http2').OutgoingHttpHeaders} */
    const out = { ':status': status, ...headers }
    if (fault.encoding === undefined && length !== undefined && status !== 204 && status !== 304) out['content-length'] ??= String(Math.max(0, length + (fault.contentLength?.off ?? 0)))
    this.#stream.respond(out)
  }

  /** @param {string | Uint8Array} data */
  write(data) {
    if (!this.#stream.writable) return true
    this.#pending++
    return this.#stream.write(data, this.#written)
  }

  finish() {
    this.#stream.end()
  }

  close() {
    this.#peer.socket.destroy()
  }

  reset() {
    // `close(code)` would end the body properly first; destroying it sends RST_STREAM with INTERNAL_ERROR alone.
    this.#stream.destroy(new Error('reset by a fault'))
  }

  async flushed() {
    // Node has no event for sent headers; while a write is in progress, they wait in the session.
    while ((this.#stream.session?.state.outboundQueueSize ?? 0) > 0) await setImmediate()
    if (this.#pending > 0) await /** @type {Promise<void>} */ (new Promise((resolve) => { this.#waiters.push(resolve) }))
  }

  // A stream's frames are gathered by its session.
  cork() {}
  uncork() {}

  #written = () => {
    if (--this.#pending > 0) return
    for (const resolve of this.#waiters.splice(0)) resolve()
  }
}

/** Without the pseudo-headers, joined as HTTP/1.1 would. @param {import('node:http2').IncomingHttpHeaders} headers */
function plain(headers) {
  /** @type {Record<string, string>} */
  const out = {}
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(':') && value !== undefined) out[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return out
}

module.exports = { createHttp2Server, Http2Connection }
