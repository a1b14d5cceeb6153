'use strict'

// Adds one listener per AbortSignal, however many calls wait for it. Node warns about more than a few listeners, and
// the limit of a user's signal is not changed here.

/** @typedef {{ waiting: Set<() => void>, listener: () => void }} Shared */

/** @type {WeakMap<AbortSignal, Shared>} */
const shared = new WeakMap()

/**
 * Calls `abort` once if the signal fires before the returned function is called. The signal must not have fired yet.
 * @param {AbortSignal} signal
 * @param {() => void} abort Does not throw.
 * @returns {() => void}
 */
function onAbort (signal, abort) {
  const { waiting, listener } = shared.get(signal) ?? listen(signal)
  // A new function, because `abort` itself may be registered twice.
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
