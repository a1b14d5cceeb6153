'use strict'

const { stripControls } = require('../util/strip-controls')

/** Adds a non-enumerable `toString` to a health report. @param {any} report */
function healthReport (report) {
  return Object.defineProperty(report, 'toString', { enumerable: false, value: () => formatText(report) })
}

/** @param {any} report */
function formatText (report) {
  const lines = [`Health ${report.overallStatus} at ${report.timestamp}`]
  for (const e of report.endpoints) {
    const recovery = e.recoveryTimesMs.length > 0 ? `, last recovery ${Math.round(e.recoveryTimesMs.at(-1))} ms` : ''
    lines.push(
      `  ${stripControls(e.name)}: ${e.status}, ${e.totalRequests} requests, ${e.successRate} % succeeded, ` +
      `${e.rateLimitRate} % rate limited, ${Math.round(e.avgLatencyMs)} ms on average${recovery}`
    )
  }
  return lines.join('\n')
}

module.exports = { healthReport }
