'use strict'

/** The code of the error after a timeout. */
const TIMED_OUT = 'ETIMEDOUT'

/** @template T @param {Promise<T>} promise @param {number} ms @returns {Promise<T>} */
async function withTimeout (promise, ms) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const late = new Promise((_resolve, reject) => { timer = setTimeout(() => reject(Object.assign(new Error('no answer in time'), { code: TIMED_OUT })), ms) })
  try {
    return /** @type {T} */ (await Promise.race([promise, late]))
  } finally {
    clearTimeout(timer)
    promise.catch(() => {})
  }
}

module.exports = { withTimeout, TIMED_OUT }
