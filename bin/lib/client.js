'use strict'

// A client for a command: of a file, else as a program's own would be.

const { FailoverClient } = require('../../lib/client/client')
const { lineOf } = require('../../lib/util/errors')

/** What belongs to the process that serves: its files, and whom it tells. */
const APART = { costs: null, queue: null, alerts: null, drills: null }
/** How long what is under way at the end is waited for. */
const DRAIN = 0

/**
 * @param {string} name The command.
 * @param {{ config?: string }} values
 * @param {import('./output').Out} out
 * @param {object} [overrides]
 * @returns {import('../..').FailoverClient | undefined} Nothing once what is wrong has been said.
 */
function open (name, { config }, out, overrides = {}) {
  try {
    const documents = require('../../lib/config/config-file')
    const file = config ?? documents.find()
    const options = { ...APART, ...overrides }
    const made = (/** @type {object} */ options) => file === undefined ? new FailoverClient(options) : FailoverClient.fromConfig(/** @type {any} */ (file), options)
    try {
      return /** @type {any} */ (made(options))
    } catch (/** @type {any} */ error) {
      // Calls that would be queued wait, without a queue.
      if (!error.problems?.some((/** @type {any} */ problem) => /^on_?unavailable$/i.test(problem.path))) throw error
      return /** @type {any} */ (made({ ...options, onUnavailable: 'wait' }))
    }
  } catch (/** @type {any} */ error) {
    for (const line of linesOf(error)) out.complain(`bellwether ${name}: ${line}`)
    return undefined
  }
}

/** @param {any} error @returns {string[]} */
function linesOf (error) {
  return error.problems?.map(lineOf) ?? [error.message]
}

/** @param {import('../..').FailoverClient} client */
function close (client) {
  return client.close({ drain: DRAIN })
}

/** Aborted at the first Ctrl-C; the second one ends the process. */
function interrupted () {
  const controller = new AbortController()
  const end = () => { controller.abort(new Error('interrupted')) }
  process.once('SIGINT', end)
  return { signal: controller.signal, forget: () => { process.off('SIGINT', end) } }
}

module.exports = { open, close, linesOf, interrupted }
