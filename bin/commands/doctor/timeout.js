'use strict'

/** The code of an error that says that the time was not enough. */
const LATE = 'ETIMEDOUT'

/** @template T @param {Promise<T>} promise @param {number} ms @returns {Promise<T>} */
async function within (promise, ms) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const late = new Promise((_resolve, reject) => { timer = setTimeout(() => reject(Object.assign(new Error('no answer in time'), { code: LATE })), ms) })
  try {
    return /** @type {T} */ (await Promise.race([promise, late]))
  } finally {
    clearTimeout(timer)
    promise.catch(() => {})
  }
}

module.exports = { within, LATE }
