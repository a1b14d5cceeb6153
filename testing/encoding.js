'use strict'

const zlib = require('node:zlib')

/** @typedef {NonNullable<import('./index').Fault['encoding']>} Encoding */

/** Compresses piece by piece, each piece flushed, as a proxy that compresses a stream does. */
class Encoder {
  #zip
  /** @type {Buffer[]} */
  #out = []
  #corrupt
  #passed = 0

  /** @param {Encoding} encoding */
  constructor({ type, corrupt = false, raw = false }) {
    this.#corrupt = corrupt
    this.#zip = type === 'br' ? zlib.createBrotliCompress() : type === 'gzip' ? zlib.createGzip() : raw ? zlib.createDeflateRaw() : zlib.createDeflate()
    this.#zip.on('data', (chunk) => this.#out.push(chunk))
  }

  /** @param {string | Uint8Array} data @returns {Promise<Buffer>} */
  encode(data) {
    return new Promise((resolve) => {
      this.#zip.write(data)
      this.#zip.flush(() => resolve(this.#take()))
    })
  }

  /** @returns {Promise<Buffer>} */
  finish() {
    return new Promise((resolve) => {
      this.#zip.once('end', () => resolve(this.#take()))
      this.#zip.end()
    })
  }

  #take() {
    const taken = Buffer.concat(this.#out)
    this.#out = []
    if (this.#corrupt) {
      // Behind the format's header, so that a decoder starts.
      for (let i = Math.max(0, 12 - this.#passed); i < taken.length; i++) taken[i] = /** @type {number} */ (taken[i]) ^ 0xff
    }
    this.#passed += taken.length
    return taken
  }
}

module.exports = { Encoder }
