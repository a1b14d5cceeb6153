'use strict'

const { STATUS_CODES } = require('node:http')

/** @typedef {import('../answer').Answer} Answer */
/** @typedef {import('../exchange').Sink} Sink */

/** Writes HTTP/1.1 by hand, so that it can also write it wrongly. @implements {Sink} */
class Http1Sink {
  #socket
  #peer
  #request
  #pending = 0
  /** @type {(() => void)[]} */
  #waiters = []
  #chunked = false
  #hasBody = true
  /** Whether the connection may carry another request after this answer. */
  reusable

  /** @param {import('node:net').Socket} socket @param {InstanceType<typeof import('../peer').Peer>} peer @param {import('./parser').Head} request */
  constructor(socket, peer, request) {
    this.#peer = peer
    this.#socket = socket
    this.#request = request
    const connection = (request.headers['connection'] ?? '').toLowerCase()
    this.reusable = request.httpVersion === '1.1' ? connection !== 'close' : connection === 'keep-alive'
  }

  /** @param {number} status @param {Record<string, any>} headers */
  inform(status, headers) {
    this.#put(headText(status, undefined, headers))
  }

  /** @param {Answer} answer */
  head({ status, statusText, headers, length, fault }) {
    this.#hasBody = this.#request.method !== 'HEAD' && status !== 204 && status !== 304
    if (fault.closeAfter || fault.contentLength !== undefined) this.reusable = false
    /** @type {Record<string, string | string[]>} */
    const out = headers['date'] === undefined ? { date: httpDate(), ...headers } : { ...headers }
    if (this.#hasBody) this.#frame(out, length, fault)
    if (!this.reusable && out['connection'] === undefined) out['connection'] = 'close'
    else if (this.#request.httpVersion === '1.0') out['connection'] ??= 'keep-alive'
    this.#put(headText(status, statusText, out))
  }

  /** @param {Record<string, string | string[]>} out @param {number | undefined} length @param {import('../index').Fault} fault */
  #frame(out, length, fault) {
    const { encoding } = fault
    const framing = fault.framing ?? (length === undefined || encoding !== undefined ? 'chunked' : 'length')
    if (framing === 'close' || (framing === 'chunked' && this.#request.httpVersion === '1.0')) this.reusable = false
    else if (framing === 'length' && length !== undefined && encoding === undefined) out['content-length'] ??= String(Math.max(0, length + (fault.contentLength?.off ?? 0)))
    else {
      this.#chunked = true
      out['transfer-encoding'] ??= 'chunked'
    }
  }

  /** @param {string | Uint8Array} data */
  write(data) {
    if (!this.#hasBody || data.length === 0) return true
    if (!this.#chunked) return this.#put(data)
    if (typeof data === 'string') return this.#put(`${Buffer.byteLength(data).toString(16)}\r\n${data}\r\n`)
    this.#put(`${data.length.toString(16)}\r\n`)
    this.#put(data)
    return this.#put('\r\n')
  }

  finish() {
    if (this.#chunked) this.#put('0\r\n\r\n')
    if (!this.reusable) this.#socket.end()
  }

  close() {
    this.reusable = false
    this.#socket.destroySoon()
  }

  reset() {
    this.reusable = false
    this.#peer.reset()
  }

  /** @returns {Promise<void>} */
  flushed() {
    return this.#pending === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiters.push(resolve))
  }

  cork() {
    this.#socket.cork()
  }

  uncork() {
    this.#socket.uncork()
  }

  /** @param {string | Uint8Array} data @returns {boolean} */
  #put(data) {
    this.#pending++
    return this.#socket.write(data, this.#written)
  }

  #written = () => {
    if (--this.#pending > 0) return
    for (const resolve of this.#waiters.splice(0)) resolve()
  }
}

/** @param {number} status @param {string | undefined} text @param {Record<string, string | string[] | null>} headers */
function headText(status, text, headers) {
  let out = `HTTP/1.1 ${status} ${text ?? STATUS_CODES[status] ?? 'Unknown'}\r\n`
  for (const name in headers) {
    const value = headers[name]
    if (Array.isArray(value)) for (const item of value) out += `${name}: ${item}\r\n`
    else out += `${name}: ${value}\r\n`
  }
  return out + '\r\n'
}

let second = 0
let date = ''

function httpDate() {
  const now = Math.floor(Date.now() / 1000)
  if (now !== second) [second, date] = [now, new Date(now * 1000).toUTCString()]
  return date
}

module.exports = { Http1Sink, headText }
