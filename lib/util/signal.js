'use strict'

// One listener for each signal, however many wait for it: Node warns of more than a few, and a signal is the
// user's own, whose limit is not ours to raise.

/** @typedef {{ waiting: Set<() => void>, listener: () => void }} Shared */

/** @type {WeakMap<AbortSignal, Shared>} */
const shared = new WeakMap()

/**
 * Calls `abort` once if the signal fires before what is returned is called. The signal has not fired yet.
 * @param {AbortSignal} signal
 * @param {() => void} abort Does not throw.
 * @returns {() => void}
 */
function onAbort (signal, abort) {
  const { waiting, listener } = shared.get(signal) ?? listen(signal)
  // Not `abort` itself, which another may wait with as well.
  const entry = () => abort()
  waiting.add(entry)
  return () => {
    if (!waiting.delete(entry) || waiting.size > 0 || shared.get(signal)?.waiting !== waiting) return
    shared.delete(signal)
    signal.removeEventListener('abort', listener)
  }
}

/**
 * @param {AbortSignal} signal
 * @returns {Shared}
 */
function listen (signal) {
  /** @type {Set<() => void>} */
  const waiting = new Set()
  const listener = () => {
    shared.delete(signal)
    const all = [...waiting]
    waiting.clear()
    for (const abort of all) abort()
  }
  signal.addEventListener('abort', listener, { once: true })
  const entry = { waiting, listener }
  shared.set(signal, entry)
  return entry
}

module.exports = { onAbort }
