'use strict'

// Opens a client for a command: from a file, else like a program's own client.

const { FailoverClient } = require('../../lib/client/client')
const { formatProblem } = require('../../lib/util/errors')

/** Options that belong to the serving process: its files and its alert receivers. */
const UNSHARED_OPTIONS = { costs: null, queue: null, alerts: null, drills: null }
/** Milliseconds for calls in flight at the end. */
const DRAIN = 0

/**
 * @param {string} name The command.
 * @param {{ config?: string }} values
 * @param {import('./output').Out} out
 * @param {object} [overrides]
 * @returns {import('../..').FailoverClient | undefined} Undefined after the problems were printed.
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
      // Without a queue, calls that would be queued wait instead.
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

/** Returns a signal that the first Ctrl-C aborts. The second one ends the process. */
function onInterrupt () {
  const controller = new AbortController()
  const end = () => { controller.abort(new Error('interrupted')) }
  process.once('SIGINT', end)
  return { signal: controller.signal, forget: () => { process.off('SIGINT', end) } }
}

module.exports = { openClient, closeClient, errorLines, onInterrupt }
