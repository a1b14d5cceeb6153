'use strict'

const { randomFrom } = require('./random')

/** @typedef {NonNullable<import('./index').Fault['split']>} Split */

/**
 * Splits a body at offsets that respect neither UTF-8, CRLF, JSON nor events.
 * @param {Split} split
 * @returns {(data: Uint8Array) => Generator<Uint8Array, void>}
 */
function splitter({ every, at, seed = 1, max = 16 }) {
  const offsets = at === undefined ? undefined : [...at].sort((a, b) => a - b)
  const random = randomFrom(seed)
  const nextSize = () => every ?? 1 + Math.floor(random() * max)
  let position = 0
  let left = nextSize()

  return function* (data) {
    let from = 0
    while (from < data.length) {
      let size = data.length - from
      if (offsets === undefined) size = Math.min(size, left)
      else {
        while (offsets.length > 0 && /** @type {number} */ (offsets[0]) <= position) offsets.shift()
        size = Math.min(size, (offsets[0] ?? Infinity) - position)
      }
      yield data.subarray(from, from + size)
      from += size
      position += size
      left -= size
      if (left <= 0) left = nextSize()
    }
  }
}

module.exports = { splitter }
