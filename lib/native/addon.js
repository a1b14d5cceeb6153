'use strict'

// Loads the addon, or says in one line why it cannot be.

/**
 * What Rust says about a failed call.
 * @typedef {object} WireError
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

// What a platform's addon may be called, the likeliest first. Both tries are cheap where it is missing.
const ABIS = { linux: ['-gnu', '-musl'], win32: ['-msvc'] }

/** @returns {typeof import('../../native')} */
function load () {
  return direct() ?? thorough()
}

/** The addon by its name. The generated loader below costs more than the rest of the package. */
function direct () {
  if (process.env.NAPI_RS_NATIVE_LIBRARY_PATH) return undefined
  for (const abi of ABIS[/** @type {'linux'} */ (process.platform)] ?? ['']) {
    const triple = `${process.platform}-${process.arch}${abi}`
    for (const place of [`../../bellwether.${triple}.node`, `@bellwether/native-${triple}`]) {
      try {
        return require(place)
      } catch {
        // Not here, or not for this machine: the thorough way tells what is wrong.
      }
    }
  }
}

function thorough () {
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
