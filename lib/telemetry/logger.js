'use strict'

// Writes a client's events to a logger. Events hold no secrets. A logger that throws has no effect.

const { configError } = require('../util/errors')
const { describe } = require('../util/serialize-options')

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent']

/** The level and message of each event. @type {Record<string, (event: any) => [level: string, message: string]>} */
const FORMATTERS = {
  attempt: (e) => ['debug', `${e.endpoint} (${e.model}): ${e.outcome}${e.reason ? `, ${e.reason}` : ''}`],
  retry: (e) => ['debug', `${e.endpoint} (${e.model}): retry after ${Math.round(e.delayMs)} ms`],
  failover: (e) => ['warn', `failover from ${e.from.endpoint} (${e.from.model}) to ${e.to.endpoint} (${e.to.model}): ${e.reason}`],
  breaker: (e) => [e.state === 'open' ? 'warn' : 'info', `the breaker of ${e.endpoint} is ${e.state}`],
  cooldown: (e) => ['warn', `${e.endpoint} is in cooldown until ${new Date(e.until).toISOString()}: ${e.reason}`],
  rateLimit: (e) => ['warn', `${e.endpoint} (${e.model}): ${e.reason}`],
  config: (e) => [e.problems?.length > 0 ? 'error' : 'info', e.message],
  budget: (e) => ['warn', `budget ${e.budget}: ${Math.round(e.share * 100)} % spent`],
  queue: (e) => ['info', `queue: ${e.event} ${e.id}`],
  incident: (e) => ['warn', `incident ${e.id} is ${e.status}: ${e.endpoints.map((/** @type {any} */ one) => one.name).join(', ')}`],
  healthCheck: (e) => [e.status === 'UP' ? 'debug' : 'warn', `${e.name} (${e.probe}): ${e.status}`],
  alert: (e) => [e.status === 'resolved' ? 'info' : e.severity === 'critical' ? 'error' : 'warn', e.message],
  forward: (e) => [e.outcome === 'sent' ? 'debug' : e.outcome === 'retry' ? 'warn' : 'error', `forwarding ${e.alerts === 1 ? 'an alert' : `${e.alerts} alerts`} to ${e.forwarder}: ${e.outcome}${e.message ? `, ${e.message}` : ''}`],
  drill: formatDrill,
  authError: (e) => ['error', `${e.endpoint}: ${e.message}`]
}

/** @param {any} e @returns {[level: string, words: string]} */
function formatDrill ({ scenario, phase, passed, scheduled, report, error }) {
  if (error !== undefined) return ['error', `the drill could not run: ${error.message}`]
  if (scheduled) {
    const failed = report.scenarios.filter((/** @type {any} */ one) => !one.passed).map((/** @type {any} */ one) => one.scenario)
    return failed.length === 0 ? ['info', 'the drill passed'] : ['warn', `the drill failed: ${failed.join(', ')}`]
  }
  if (passed === undefined) return ['debug', `drill ${scenario}: ${phase}`]
  return passed ? ['info', `drill ${scenario} passed`] : ['warn', `drill ${scenario} failed`]
}

/** The highest level of an event's lines. Above it the client does not subscribe, and the event costs nothing. */
const HIGHEST_LEVELS = /** @type {Record<string, string>} */ ({ attempt: 'debug', retry: 'debug', queue: 'info' })

/**
 * Removes the logger from the options and returns it. `logLevel` stays: Rust reads it, because a file may set it.
 * @param {any} options
 * @returns {any}
 */
function takeLogger (options) {
  const { logger } = options
  delete options.logger
  if (logger === undefined || ['debug', 'info', 'warn', 'error'].every((method) => typeof logger?.[method] === 'function')) return logger
  throw configError([{ path: 'logger', message: `must have the methods debug, info, warn and error, got ${describe(logger)}` }])
}

/** The default logger: one JSON line per event on stderr. */
const STDERR_LOGGER = Object.fromEntries(['debug', 'info', 'warn', 'error'].map((level) => [level, (/** @type {object} */ fields, /** @type {string} */ msg) => {
  writeToStderr(`${JSON.stringify({ time: new Date().toISOString(), level, name: 'bellwether', msg, ...fields })}\n`)
}]))

let writing = 0
const ignore = () => {}

/** Writes to stderr. A closed pipe would otherwise end the process. @param {string} line */
function writeToStderr (line) {
  const { stderr } = process
  if (writing++ === 0) stderr.on('error', ignore)
  // Node emits the error after this callback.
  stderr.write(line, () => setImmediate(() => { if (--writing === 0) stderr.off('error', ignore) }))
}

/**
 * Subscribes a logger to a client's events: the given one, or the default one if a level is set.
 * @param {{ on (name: string, listener: (event: any) => void): unknown }} client
 * @param {any} given
 * @param {string | null} logLevel As configured.
 */
function attachLogger (client, given, logLevel) {
  const environmentLevel = process.env.BELLWETHER_LOG?.trim().toLowerCase() ?? ''
  const level = logLevel ?? (LEVELS.includes(environmentLevel) ? environmentLevel : given === undefined ? 'silent' : 'info')
  if (level === 'silent') return
  const logger = given ?? STDERR_LOGGER
  const minimum = LEVELS.indexOf(level)
  for (const [name, format] of Object.entries(FORMATTERS)) {
    if (LEVELS.indexOf(HIGHEST_LEVELS[name] ?? 'error') < minimum) continue
    client.on(name, (event) => {
      try {
        const [eventLevel, message] = format(event)
        if (LEVELS.indexOf(eventLevel) < minimum) return
        const result = logger[eventLevel]({ event: name, ...event }, message)
        if (typeof result?.then === 'function') result.then(undefined, () => {})
      } catch {
        // Logging must not make anything else fail.
      }
    })
  }
}

module.exports = { takeLogger, attachLogger }
