'use strict'

// What a client tells a logger. Events hold no secrets, and a logger that throws disturbs nothing.

const { ofProblems } = require('../util/errors')
const { what } = require('../util/serialize-options')

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent']

/** Which event at which level, and in which words. @type {Record<string, (event: any) => [level: string, words: string]>} */
const LINES = {
  attempt: (e) => ['debug', `${e.endpoint} (${e.model}): ${e.outcome}${e.reason ? `, ${e.reason}` : ''}`],
  retry: (e) => ['debug', `${e.endpoint} (${e.model}) is asked again after ${Math.round(e.delayMs)} ms`],
  failover: (e) => ['warn', `failover from ${e.from.endpoint} (${e.from.model}) to ${e.to.endpoint} (${e.to.model}): ${e.reason}`],
  breaker: (e) => [e.state === 'open' ? 'warn' : 'info', `the breaker of ${e.endpoint} is ${e.state}`],
  cooldown: (e) => ['warn', `${e.endpoint} is left alone until ${new Date(e.until).toISOString()}: ${e.reason}`],
  rateLimit: (e) => ['warn', `${e.endpoint} (${e.model}): ${e.reason}`],
  config: (e) => [e.problems?.length > 0 ? 'error' : 'info', e.message],
  budget: (e) => ['warn', `budget ${e.budget}: ${Math.round(e.share * 100)} % spent`],
  queue: (e) => ['info', `queue: ${e.event} ${e.id}`],
  incident: (e) => ['warn', `incident ${e.id} is ${e.status}: ${e.endpoints.map((/** @type {any} */ one) => one.name).join(', ')}`],
  healthCheck: (e) => [e.status === 'UP' ? 'debug' : 'warn', `${e.name} (${e.probe}): ${e.status}`],
  alert: (e) => [e.status === 'resolved' ? 'info' : e.severity === 'critical' ? 'error' : 'warn', e.message],
  forward: (e) => [e.outcome === 'sent' ? 'debug' : e.outcome === 'retry' ? 'warn' : 'error', `${e.alerts === 1 ? 'an alert' : `${e.alerts} alerts`} by ${e.forwarder}: ${e.outcome}${e.message ? `, ${e.message}` : ''}`],
  drill: drilled,
  authError: (e) => ['error', `${e.endpoint}: ${e.message}`]
}

/** @param {any} e @returns {[level: string, words: string]} */
function drilled ({ scenario, phase, passed, scheduled, report, error }) {
  if (error !== undefined) return ['error', `the drill could not be held: ${error.message}`]
  if (scheduled) {
    const failed = report.scenarios.filter((/** @type {any} */ one) => !one.passed).map((/** @type {any} */ one) => one.scenario)
    return failed.length === 0 ? ['info', 'the drill is passed'] : ['warn', `the drill failed: ${failed.join(', ')}`]
  }
  if (passed === undefined) return ['debug', `drill ${scenario}: ${phase}`]
  return passed ? ['info', `drill ${scenario} is passed`] : ['warn', `drill ${scenario} failed`]
}

/** Nothing that is said of an event is above these: at a higher level nobody listens to it, and it costs nothing. */
const HIGHEST = /** @type {Record<string, string>} */ ({ attempt: 'debug', retry: 'debug', queue: 'info' })

/**
 * Takes the logger out of some options. Its level is for Rust to read: a document may name it.
 * @param {any} options
 * @returns {any}
 */
function takeLogger (options) {
  const { logger } = options
  delete options.logger
  if (logger === undefined || ['debug', 'info', 'warn', 'error'].every((method) => typeof logger?.[method] === 'function')) return logger
  throw ofProblems([{ path: 'logger', message: `must have the methods debug, info, warn and error, got ${what(logger)}` }])
}

/** Without a logger of the user's: a JSON line for each. */
const LINES_TO_STDERR = Object.fromEntries(['debug', 'info', 'warn', 'error'].map((level) => [level, (/** @type {object} */ fields, /** @type {string} */ msg) => {
  write(`${JSON.stringify({ time: new Date().toISOString(), level, name: 'bellwether', msg, ...fields })}\n`)
}]))

let writing = 0
const ignore = () => {}

/** To stderr, of which nobody need read any more: that would end the process. @param {string} line */
function write (line) {
  const { stderr } = process
  if (writing++ === 0) stderr.on('error', ignore)
  // An error is emitted behind its callback.
  stderr.write(line, () => setImmediate(() => { if (--writing === 0) stderr.off('error', ignore) }))
}

/**
 * Tells a logger of a client's events, if there is one, or if a level says that somebody wants to read them.
 * @param {{ on (name: string, listener: (event: any) => void): unknown }} client
 * @param {any} given
 * @param {string | null} logLevel As configured.
 */
function log (client, given, logLevel) {
  const named = process.env.BELLWETHER_LOG?.trim().toLowerCase() ?? ''
  const level = logLevel ?? (LEVELS.includes(named) ? named : given === undefined ? 'silent' : 'info')
  if (level === 'silent') return
  const logger = given ?? LINES_TO_STDERR
  const least = LEVELS.indexOf(level)
  for (const [name, line] of Object.entries(LINES)) {
    if (LEVELS.indexOf(HIGHEST[name] ?? 'error') < least) continue
    client.on(name, (event) => {
      try {
        const [own, words] = line(event)
        if (LEVELS.indexOf(own) < least) return
        const said = logger[own]({ event: name, ...event }, words)
        if (typeof said?.then === 'function') said.then(undefined, () => {})
      } catch {
        // Logging is no reason for anything to fail.
      }
    })
  }
}

module.exports = { takeLogger, log }
