'use strict'

// The body of a request, read to its end or until its caller gives it up.

const { onAbort } = require('../util/signal')

/**
 * Its bytes; `undefined` where they are more than `largest`.
 * @param {ReadableStream<Uint8Array> | null | undefined} stream
 * @param {AbortSignal | undefined} signal
 * @param {number} [largest]
 */
async function readBody (stream, signal, largest = Infinity) {
  signal?.throwIfAborted()
  if (!stream) return new Uint8Array()
  // Not every Request is the platform's: with some it is a stream of Node's.
  const readable = typeof stream.getReader === 'function' ? stream : new Response(stream).body
  const reader = /** @type {ReadableStream<Uint8Array>} */ (readable).getReader()
  const cancel = (/** @type {unknown} */ reason) => { reader.cancel(reason).catch(() => {}) }
  // It ends what is waited for, too.
  const forget = signal && onAbort(signal, () => cancel(signal.reason))
  const chunks = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      signal?.throwIfAborted()
      if (done) return Buffer.concat(chunks)
      size += value.length
      if (size > largest) {
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
