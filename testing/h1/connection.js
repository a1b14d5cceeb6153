'use strict'

const { Exchange } = require('../exchange')
const { headText, Http1Sink } = require('./sink')
const { RequestParser } = require('./parser')

/** @typedef {import('../server').Host} Host */
/** @typedef {InstanceType<typeof import('../peer').Peer>} Peer */
/** @typedef {import('../index').Fault} Fault */
/** @typedef {import('../index').Hit} Hit */
/** @typedef {import('./parser').Head} Head */
/** @typedef {import('./parser').Stage} Stage */

// Beyond this, bytes pipelined behind an unanswered request stay in the kernel.
const MAX_PENDING = 1024 * 1024

/** One HTTP/1.1 connection: reads requests one after the other and answers each before reading the next. */
class Http1Connection {
  #socket
  #peer
  #host
  #parser = new RequestParser()
  #busy = false
  /** @type {Hit | undefined} */
  #hit
  /** @type {InstanceType<typeof Exchange> | undefined} */
  #exchange

  /** @param {import('node:net').Socket} socket what HTTP is spoken on: TCP, or TLS over it @param {Peer} peer @param {Host} host */
  constructor(socket, peer, host) {
    this.#socket = socket
    this.#peer = peer
    this.#host = host
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('end', () => this.#onEnd())
    socket.on('close', () => this.#gone())
    // As for the TCP socket under it: 'close' follows.
    socket.on('error', () => {})
  }

  /** @param {Buffer} chunk */
  #read(chunk) {
    this.#parser.push(chunk)
    if (!this.#busy) this.#advance()
    else if (this.#parser.pending > MAX_PENDING) this.#socket.pause()
  }

  #advance() {
    while (!this.#busy) {
      const stage = this.#parser.next()
      if (stage === undefined) return
      this.#reach(stage)
    }
  }

  /** @param {Stage} stage */
  #reach(stage) {
    switch (stage.type) {
      case 'start':
        this.#hit = this.#host.hit(this.#peer, '1.1')
        this.#strikeEarly('request', this.#hit)
        break
      case 'head': {
        const hit = /** @type {Hit} */ (this.#hit)
        this.#host.readHead(hit, stage.head.method, stage.head.path, stage.head.headers, stage.head.httpVersion)
        if (!this.#strikeEarly('body', hit) && stage.head.headers['expect']?.toLowerCase() === '100-continue') this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n')
        break
      }
      case 'request':
        this.#busy = true
        this.#serve(stage.head, stage.body, /** @type {Hit} */ (this.#hit))
        break
      case 'error':
        this.#busy = true
        this.#socket.end(headText(stage.status, undefined, { 'content-type': 'text/plain', connection: 'close', 'content-length': String(stage.message.length) }) + stage.message)
    }
  }

  /** @param {'request' | 'body'} stage @param {Hit} hit */
  #strikeEarly(stage, hit) {
    const fault = this.#host.strikeEarly(stage, hit)
    if (fault?.connection === undefined) return false
    this.#host.record(hit, fault)
    this.#socket.pause()
    this.#breakOff(fault.connection, hit)
    return true
  }

  /** @param {Head} head @param {Buffer} body @param {Hit} hit */
  #serve(head, body, hit) {
    this.#host.readBody(hit, body)
    const fault = this.#host.choose(hit)
    this.#host.record(hit, fault)
    if (fault.connection !== undefined) return this.#breakOff(fault.connection, hit)
    if (fault.raw !== undefined) {
      this.#socket.end(fault.raw)
      return this.#host.settle(hit, 'cut')
    }
    const sink = new Http1Sink(this.#socket, this.#peer, head)
    this.#exchange = new Exchange(sink)
    const answer = this.#host.answer(fault, hit)
    hit.status = answer.status
    this.#exchange.play(answer).then((outcome) => {
      this.#exchange = undefined
      if (outcome === undefined) return
      this.#host.settle(hit, outcome)
      if (sink.reusable) this.#next()
    }, (error) => this.#socket.destroy(error))
  }

  #next() {
    this.#hit = undefined
    this.#busy = false
    this.#socket.resume()
    this.#advance()
  }

  /** @param {NonNullable<Fault['connection']>} connection @param {Hit} hit */
  #breakOff(connection, hit) {
    this.#busy = true
    switch (connection.action) {
      case 'hang': return
      case 'halfOpen':
        this.#peer.keepHalfOpen = true
        this.#socket.end()
        return
      case 'refuse':
        this.#host.settle(hit, 'cut')
        this.#host.refuseFor(/** @type {number} */ (connection.for))
        return
      case 'reset':
        this.#host.settle(hit, 'cut')
        this.#peer.reset()
        return
      case 'close':
        this.#host.settle(hit, 'cut')
        this.#socket.destroySoon()
    }
  }

  /** Handles the client's FIN: between requests it is a normal end, within a request the client has given up. */
  #onEnd() {
    if (this.#peer.keepHalfOpen) return
    if (this.#busy) this.#gone()
    this.#socket.destroySoon()
  }

  #gone() {
    this.#exchange?.cancel()
    if (this.#busy && this.#hit !== undefined) this.#host.settle(this.#hit, this.#peer.endedByServer ? 'serverClosed' : 'clientAborted')
  }
}

module.exports = { Http1Connection }
