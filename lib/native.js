'use strict'

// Loads the addon, or says in one line why it cannot be.

/**
 * What Rust says about a failed call.
 * @typedef {object} WireError
 * @property {string} code
 * @property {import('..').FailureReason} reason
 * @property {string} message
 * @property {number} [status]
 * @property {string} [endpoint]
 * @property {string} [requestId]
 * @property {import('..').Attempt[]} attempts
 * @property {boolean} retryable
 * @property {number} [retryAfterMs]
 * @property {import('..').TimeoutPhase} [phase]
 * @property {string} [vendorCode]
 * @property {boolean} [retryBudgetExhausted]
 * @property {import('..').EndpointFailure[]} [errors]
 * @property {number} [earliestRetryAt]
 * @property {{ path: string, message: string }[]} [problems]
 * @property {{ partial: string, partialCompletion: import('..').ChatCompletion, usage: import('..').Usage | null }} [interrupted]
 */

/** @returns {typeof import('../native')} */
function load () {
  try {
    return require('../native.cjs')
  } catch (error) {
    const where = `${process.platform}-${process.arch}, Node ${process.version}`
    throw new Error(
      `bellwether has no native addon for ${where}: install without --omit=optional, or build it with 'npm run build'`,
      { cause: error }
    )
  }
}

module.exports = load()
