'use strict'

// Loads the native addon. Throws an Error with one line of advice if there is none for this platform.

/**
 * A failed call as Rust reports it.
 * @typedef {object} NativeError
 * @property {string} code
 * @property {import('../..').FailureReason} reason
 * @property {string} message
 * @property {number} [status]
 * @property {string} [endpoint]
 * @property {string} [requestId]
 * @property {import('../..').Attempt[]} attempts
 * @property {boolean} retryable
 * @property {number} [retryAfterMs]
 * @property {import('../..').TimeoutPhase} [phase]
 * @property {string} [vendorCode]
 * @property {boolean} [retryBudgetExhausted]
 * @property {import('../..').EndpointFailure[]} [errors]
 * @property {number} [earliestRetryAt]
 * @property {import('../..').ConfigProblem[]} [problems]
 * @property {{ partial: string, partialCompletion: import('../..').ChatCompletion, usage: import('../..').Usage | null }} [interrupted]
 */

// Suffixes of a platform's addon, the likeliest first. A failed attempt is cheap.
const ABIS = { linux: ['-gnu', '-musl'], win32: ['-msvc'] }

/** @returns {typeof import('../../native')} */
function load () {
  return loadByName() ?? loadByScript()
}

/** Loads the addon by its file name. The generated loader below costs more time than the rest of the package. */
function loadByName () {
  if (process.env.NAPI_RS_NATIVE_LIBRARY_PATH) return undefined
  for (const abi of ABIS[/** @type {'linux'} */ (process.platform)] ?? ['']) {
    const triple = `${process.platform}-${process.arch}${abi}`
    for (const specifier of [`../../bellwether.${triple}.node`, `@bellwether/native-${triple}`]) {
      try {
        return require(specifier)
      } catch {
        // Missing, or built for another machine. The generated loader reports the reason.
      }
    }
  }
}

function loadByScript () {
  try {
    return require('../../native.cjs')
  } catch (error) {
    const where = `${process.platform}-${process.arch}, Node ${process.version}`
    throw new Error(
      `bellwether has no native addon for ${where}: install without --omit=optional, or build it with 'npm run build'`,
      { cause: error }
    )
  }
}

module.exports = load()
