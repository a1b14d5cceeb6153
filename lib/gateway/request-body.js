'use strict'

// Reads the body of a request until its end or until it is aborted.

const { onAbort } = require('../util/signal')

/**
 * Returns the bytes; undefined if there are more than `maxBytes`.
 * @param {ReadableStream<Uint8Array> | null | undefined} stream
 * @param {AbortSignal | undefined} signal
 * @param {number} [maxBytes]
 */
async function readBody (stream, signal, maxBytes = Infinity) {
  signal?.throwIfAborted()
  if (!stream) return new Uint8Array()
  // Some implementations of Request have a Node stream as their body.
  const readable = typeof stream.getReader === 'function' ? stream : new Response(stream).body
  const reader = /** @type {ReadableStream<Uint8Array>} */ (readable).getReader()
  const cancel = (/** @type {unknown} */ reason) => { reader.cancel(reason).catch(() => {}) }
  // Cancelling also ends a pending read.
  const forget = signal && onAbort(signal, () => cancel(signal.reason))
  const chunks = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      signal?.throwIfAborted()
      if (done) return Buffer.concat(chunks)
      size += value.length
      if (size > maxBytes) {
        cancel(undefined)
        return undefined
      }
      chunks.push(value)
    }
  } finally {
    forget?.()
  }
}

module.exports = { readBody }
