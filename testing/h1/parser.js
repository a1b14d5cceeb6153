'use strict'

// Parses HTTP/1.1 requests and returns each stage when it is reached, so that a fault can strike between two stages.

/** @typedef {{ method: string, path: string, httpVersion: '1.0' | '1.1', headers: Record<string, string> }} Head */
/** @typedef {{ type: 'start' } | { type: 'head', head: Head } | { type: 'request', head: Head, body: Buffer } | { type: 'error', status: number, message: string }} Stage */

const MAX_HEAD = 256 * 1024
const MAX_BODY = 64 * 1024 * 1024
const EMPTY = Buffer.alloc(0)

class RequestParser {
  /** @type {Buffer} */
  #buffer = EMPTY
  /** @type {'idle' | 'head' | 'fixed' | 'chunked' | 'broken'} */
  #state = 'idle'
  /** @type {Head} */
  #head = { method: '', path: '', httpVersion: '1.1', headers: {} }
  /** @type {Buffer[]} */
  #body = []
  #received = 0
  #expected = 0

  /** Bytes read from the socket and not yet part of a finished request. */
  get pending() {
    return this.#buffer.length
  }

  /** @param {Buffer} chunk */
  push(chunk) {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk])
  }

  /** The next stage, or undefined until more bytes arrive. @returns {Stage | undefined} */
  next() {
    switch (this.#state) {
      case 'idle': return this.#start()
      case 'head': return this.#readHead()
      case 'fixed': return this.#readFixed()
      case 'chunked': return this.#readChunked()
      case 'broken': return undefined
    }
  }

  /** @returns {Stage | undefined} */
  #start() {
    // Some clients send a stray CRLF after a body (RFC 9112, 2.2).
    let skip = 0
    while (this.#buffer[skip] === 13 || this.#buffer[skip] === 10) skip++
    if (skip > 0) this.#buffer = this.#buffer.subarray(skip)
    if (this.#buffer.length === 0) return undefined
    this.#state = 'head'
    return { type: 'start' }
  }

  /** @returns {Stage | undefined} */
  #readHead() {
    const end = this.#buffer.indexOf('\r\n\r\n')
    if (end === -1) return this.#buffer.length > MAX_HEAD ? this.#fail(431, 'the request head is too large') : undefined
    const lines = this.#buffer.toString('latin1', 0, end).split('\r\n')
    this.#buffer = this.#buffer.subarray(end + 4)
    const [method, path, version, ...rest] = /** @type {string} */ (lines[0]).split(' ')
    if (!method || !path || rest.length > 0 || (version !== 'HTTP/1.1' && version !== 'HTTP/1.0')) return this.#fail(400, 'malformed request line')
    /** @type {Record<string, string>} */
    const headers = {}
    for (let i = 1; i < lines.length; i++) {
      const line = /** @type {string} */ (lines[i])
      const colon = line.indexOf(':')
      if (colon < 1) return this.#fail(400, 'malformed header line')
      const name = line.slice(0, colon).toLowerCase()
      const value = line.slice(colon + 1).trim()
      headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
    }
    this.#head = { method, path, httpVersion: version === 'HTTP/1.0' ? '1.0' : '1.1', headers }
    return this.#expectBody(headers) ?? { type: 'head', head: this.#head }
  }

  /** @param {Record<string, string>} headers @returns {Stage | undefined} */
  #expectBody(headers) {
    this.#body = []
    this.#received = this.#expected = 0
    this.#state = 'fixed'
    const encoding = headers['transfer-encoding']
    const length = headers['content-length']
    if (encoding !== undefined) {
      if (length !== undefined || encoding.toLowerCase() !== 'chunked') return this.#fail(400, 'unsupported transfer-encoding')
      this.#state = 'chunked'
    } else if (length !== undefined) {
      if (!/^\d+$/.test(length)) return this.#fail(400, 'malformed content-length')
      this.#expected = Number(length)
      if (this.#expected > MAX_BODY) return this.#fail(413, 'the request body is too large')
    }
    return undefined
  }

  /** @returns {Stage | undefined} */
  #readFixed() {
    const missing = this.#expected - this.#received
    if (missing > 0) {
      if (this.#buffer.length === 0) return undefined
      this.#take(Math.min(missing, this.#buffer.length))
    }
    return this.#received === this.#expected ? this.#finish() : undefined
  }

  /** @returns {Stage | undefined} */
  #readChunked() {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n')
      if (end === -1) return this.#buffer.length > 1024 ? this.#fail(400, 'malformed chunk') : undefined
      const digits = /^[0-9a-fA-F]{1,8}/.exec(this.#buffer.toString('latin1', 0, end))
      if (digits === null) return this.#fail(400, 'malformed chunk size')
      const size = Number.parseInt(digits[0], 16)
      if (size === 0) return this.#readTrailers(end)
      if (this.#received + size > MAX_BODY) return this.#fail(413, 'the request body is too large')
      if (this.#buffer.length < end + 2 + size + 2) return undefined
      this.#buffer = this.#buffer.subarray(end + 2)
      this.#take(size)
      if (this.#buffer[0] !== 13 || this.#buffer[1] !== 10) return this.#fail(400, 'malformed chunk end')
      this.#buffer = this.#buffer.subarray(2)
    }
  }

  /** @param {number} lastChunk @returns {Stage | undefined} */
  #readTrailers(lastChunk) {
    const end = this.#buffer.indexOf('\r\n\r\n', lastChunk)
    if (end === -1) return this.#buffer.length > MAX_HEAD ? this.#fail(431, 'the trailers are too large') : undefined
    this.#buffer = this.#buffer.subarray(end + 4)
    return this.#finish()
  }

  /** @param {number} length */
  #take(length) {
    this.#body.push(this.#buffer.subarray(0, length))
    this.#received += length
    this.#buffer = this.#buffer.subarray(length)
  }

  /** @returns {Stage} */
  #finish() {
    const body = this.#body.length === 1 ? /** @type {Buffer} */ (this.#body[0]) : Buffer.concat(this.#body)
    this.#body = []
    this.#state = 'idle'
    return { type: 'request', head: this.#head, body }
  }

  /** @param {number} status @param {string} message @returns {Stage} */
  #fail(status, message) {
    this.#state = 'broken'
    return { type: 'error', status, message }
  }
}

module.exports = { RequestParser }
