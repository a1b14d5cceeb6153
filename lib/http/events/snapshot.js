'use strict'

// Collects the state of a client: what a page shows before its first event.

const { version } = require('../../../package.json')
const { callTotals } = require('./totals')

const DAY = 86_400_000
/** Days of the cost report. */
const MONTH = 31
/** Incidents in a snapshot. Each carries its timeline and series, and pages fetch snapshots repeatedly. */
const INCIDENTS = 20

/**
 * @param {import('../../..').FailoverClient} client
 * @param {Pick<import('../../..').DashboardData, 'alerts' | 'push'>} more
 * @returns {import('../../..').DashboardData}
 */
function createSnapshot (client, { alerts, push }) {
  const now = Date.now()
  return {
    timestamp: new Date(now).toISOString(),
    version,
    endpoints: client.getEndpointStatus(),
    health: client.getHealthReport(),
    summary: client.getSummary(),
    calls: callTotals(client.metrics.families()),
    metrics: client.metrics.snapshot(),
    incidents: client.getIncidents({ limit: INCIDENTS }),
    costs: { report: client.costs.report({ from: now - (MONTH - 1) * DAY }), budgets: client.costs.budgets() },
    queue: { size: client.queue.size },
    alerts: [...alerts],
    push
  }
}

module.exports = { createSnapshot }
