'use strict'

const { printable } = require('../util/printable')

/**
 * A health report with its text form, which is not enumerable.
 * @param {any} report
 */
function healthReport (report) {
  return Object.defineProperty(report, 'toString', { enumerable: false, value: () => text(report) })
}

/** @param {any} report */
function text (report) {
  const lines = [`Health ${report.overallStatus} at ${report.timestamp}`]
  for (const e of report.endpoints) {
    const recovery = e.recoveryTimesMs.length > 0 ? `, last recovery ${Math.round(e.recoveryTimesMs.at(-1))} ms` : ''
    lines.push(
      `  ${printable(e.name)}: ${e.status}, ${e.totalRequests} requests, ${e.successRate} % succeeded, ` +
      `${e.rateLimitRate} % rate limited, ${Math.round(e.avgLatencyMs)} ms on average${recovery}`
    )
  }
  return lines.join('\n')
}

module.exports = { healthReport }
