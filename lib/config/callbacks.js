'use strict'

// Keeps the user's functions that options contain, and calls them for Rust.

/** The number of the platform's fetch among the callbacks; the same as in src/config/connections.rs. */
const GLOBAL_FETCH = 2 ** 32 - 1

/** The user's functions by the numbers under which Rust calls them. A function keeps its number across reloads. */
class UserCallbacks {
  /** @type {Map<number, Function>} */
  #byNumber = new Map()
  /** @type {Map<Function, number>} */
  #numbers = new Map()
  #next = 0

  /** @param {Function} given @param {(given: Function) => Function} make Wraps the function. */
  add (given, make = (given) => given) {
    const known = this.#numbers.get(given)
    if (known !== undefined) return known
    const number = this.#next++
    this.#numbers.set(given, number)
    this.#byNumber.set(number, make(given))
    return number
  }

  /** @param {number} number */
  get (number) {
    if (number === GLOBAL_FETCH && !this.#byNumber.has(number)) {
      // Looked up for each exchange, so that an interceptor that is installed later is used.
      const fetch = (/** @type {[any, any]} */ ...given) => globalThis.fetch(...given)
      this.#byNumber.set(number, require('../native/transport').createTransport(fetch))
    }
    return this.#byNumber.get(number)
  }

  /** Removes all functions but these. @param {Set<number>} numbers */
  keepOnly (numbers) {
    for (const [given, number] of this.#numbers) {
      if (numbers.has(number)) continue
      this.#numbers.delete(given)
      this.#byNumber.delete(number)
    }
  }
}

/** Wraps `alerts.forward`: its completion is reported to Rust as an empty text. @param {Function} given */
function awaitForward (given) {
  return async (/** @type {unknown} */ alert) => {
    await given(alert)
    return ''
  }
}

/**
 * Calls a function of the user's by its number.
 * @param {UserCallbacks} callbacks
 * @param {number} number
 * @param {string | undefined} argument A request as JSON; undefined for a function that returns a key.
 * @returns {Promise<unknown>}
 */
async function invokeCallback (callbacks, number, argument) {
  const callback = callbacks.get(number)
  return argument === undefined ? callback?.() : callback?.(JSON.parse(argument))
}

module.exports = { UserCallbacks, awaitForward, invokeCallback }
