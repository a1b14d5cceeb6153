'use strict'

// A client for a command: of a file, else as a program's own would be.

const { FailoverClient } = require('../../lib/client/client')
const { formatProblem } = require('../../lib/util/errors')

/** What belongs to the process that serves: its files, and whom it tells. */
const UNSHARED_OPTIONS = { costs: null, queue: null, alerts: null, drills: null }
/** How long what is under way at the end is waited for. */
const DRAIN = 0

/**
 * @param {string} name The command.
 * @param {{ config?: string }} values
 * @param {import('./output').Out} out
 * @param {object} [overrides]
 * @returns {import('../..').FailoverClient | undefined} Nothing once what is wrong has been said.
 */
function openClient (name, { config }, out, overrides = {}) {
  try {
    const configFiles = require('../../lib/config/config-file')
    const file = config ?? configFiles.findConfigFile()
    const options = { ...UNSHARED_OPTIONS, ...overrides }
    const create = (/** @type {object} */ options) => file === undefined ? new FailoverClient(options) : FailoverClient.fromConfig(/** @type {any} */ (file), options)
    try {
      return /** @type {any} */ (create(options))
    } catch (/** @type {any} */ error) {
      // Calls that would be queued wait, without a queue.
      if (!error.problems?.some((/** @type {any} */ problem) => /^on_?unavailable$/i.test(problem.path))) throw error
      return /** @type {any} */ (create({ ...options, onUnavailable: 'wait' }))
    }
  } catch (/** @type {any} */ error) {
    for (const line of errorLines(error)) out.printError(`bellwether ${name}: ${line}`)
    return undefined
  }
}

/** @param {any} error @returns {string[]} */
function errorLines (error) {
  return error.problems?.map(formatProblem) ?? [error.message]
}

/** @param {import('../..').FailoverClient} client */
function closeClient (client) {
  return client.close({ drain: DRAIN })
}

/** Aborted at the first Ctrl-C; the second one ends the process. */
function onInterrupt () {
  const controller = new AbortController()
  const end = () => { controller.abort(new Error('interrupted')) }
  process.once('SIGINT', end)
  return { signal: controller.signal, forget: () => { process.off('SIGINT', end) } }
}

module.exports = { openClient, closeClient, errorLines, onInterrupt }
