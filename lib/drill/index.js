'use strict'

// Implements `client.drill()`: runs scenarios against the client's configuration, one after the other.

const { readPlans, NAMES } = require('./scenarios')
const { runScenario } = require('./runner')
const { scenarioReport, drillReport } = require('./report')
const { clientClosedError, configError } = require('../util/errors')
const { describe, isPlainObject } = require('../util/serialize-options')
const { CLOSING } = require('../util/shutdown')

/**
 * @param {any} client
 * @param {import('../../native').NativeClient} native
 * @param {any} scenarios
 * @param {any} [options]
 */
async function drill (client, native, scenarios, options = {}) {
  const { signal, onProgress } = readOptions(options)
  const endpoints = client.getEndpointStatus().map((/** @type {any} */ { name, url }) => ({ name, url }))
  const plans = readPlans(scenarios, endpoints.map((/** @type {any} */ e) => e.name))
  signal?.throwIfAborted()
  const ending = new AbortController()
  const end = () => { ending.abort(clientClosedError()) }
  client.once(CLOSING, end)
  const until = signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal])
  const startedAt = new Date()
  const reports = []
  try {
    for (const [i, plan] of plans.entries()) {
      until.throwIfAborted()
      const progress = (/** @type {string} */ phase, /** @type {number} */ done) => {
        if (phase !== '') client.deliver('drill', { scenario: plan.scenario, phase })
        onProgress?.({ scenario: plan.scenario, number: i + 1, of: plans.length, done, ...(phase === '' ? {} : { phase }) })
      }
      const report = scenarioReport(plan, await runScenario(native, endpoints, plan, { signal: until, progress }))
      client.deliver('drill', { scenario: plan.scenario, phase: 'done', passed: report.passed })
      reports.push(report)
    }
  } finally {
    client.off(CLOSING, end)
  }
  return drillReport(startedAt, reports)
}

/** @param {any} options */
function readOptions (options) {
  if (!isPlainObject(options)) throw configError([{ path: 'options', message: `must be a plain object, got ${describe(options)}` }])
  const { signal, onProgress, ...others } = options
  const problems = Object.keys(others).map((path) => ({ path: `options.${path}`, message: 'is not an option; accepted are signal, onProgress' }))
  if (signal !== undefined && !(signal instanceof AbortSignal)) problems.push({ path: 'options.signal', message: `must be an AbortSignal, got ${describe(signal)}` })
  if (onProgress !== undefined && typeof onProgress !== 'function') problems.push({ path: 'options.onProgress', message: `must be a function, got ${describe(onProgress)}` })
  if (problems.length > 0) throw configError(problems)
  return { signal, onProgress }
}

module.exports = { drill, NAMES }
