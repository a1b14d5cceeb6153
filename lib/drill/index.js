'use strict'

// `client.drill()`: a rehearsal on the client's own configuration, one scenario after the other.

const { read, NAMES } = require('./scenarios')
const { play } = require('./play')
const { scenarioReport, drillReport } = require('./report')
const { ofProblems } = require('../errors')
const { what } = require('../plain')

/**
 * @param {any} client
 * @param {import('../../native').NativeClient} native
 * @param {any} scenarios
 * @param {any} [options]
 */
async function drill (client, native, scenarios, options = {}) {
  const { signal, onProgress, ...others } = options ?? {}
  const problems = Object.keys(others).map((path) => ({ path: `options.${path}`, message: 'is not an option; there are signal and onProgress' }))
  if (onProgress !== undefined && typeof onProgress !== 'function') problems.push({ path: 'options.onProgress', message: `must be a function, got ${what(onProgress)}` })
  if (problems.length > 0) throw ofProblems(problems)
  const endpoints = client.getEndpointStatus().map((/** @type {any} */ { name, url }) => ({ name, url }))
  const plans = read(scenarios, endpoints.map((/** @type {any} */ e) => e.name))
  const startedAt = new Date()
  const reports = []
  for (const [i, plan] of plans.entries()) {
    signal?.throwIfAborted()
    const progress = (/** @type {string} */ phase, /** @type {number} */ done) => {
      if (phase !== '') client.deliver('drill', { scenario: plan.scenario, phase })
      onProgress?.({ scenario: plan.scenario, number: i + 1, of: plans.length, done, ...(phase === '' ? {} : { phase }) })
    }
    const report = scenarioReport(plan, await play(native, endpoints, plan, { signal, progress }))
    client.deliver('drill', { scenario: plan.scenario, phase: 'done', passed: report.passed })
    reports.push(report)
  }
  return drillReport(startedAt, reports)
}

module.exports = { drill, NAMES }
