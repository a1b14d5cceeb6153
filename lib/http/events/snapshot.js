'use strict'

// How a client stands, whole: what a page shows before the first event comes.

const { version } = require('../../../package.json')
const { totalsOf } = require('./totals')

const DAY = 86_400_000
/** Days of costs. */
const MONTH = 31
/** The latest incidents: each carries its timeline and calls over time, and pages ask again and again. */
const INCIDENTS = 20

/**
 * @param {import('../../..').FailoverClient} client
 * @param {Pick<import('../../..').DashboardData, 'alerts' | 'push'>} more
 * @returns {import('../../..').DashboardData}
 */
function dataOf (client, { alerts, push }) {
  const now = Date.now()
  return {
    timestamp: new Date(now).toISOString(),
    version,
    endpoints: client.getEndpointStatus(),
    health: client.getHealthReport(),
    summary: client.getSummary(),
    calls: totalsOf(client.metrics.families()),
    metrics: client.metrics.snapshot(),
    incidents: client.getIncidents({ limit: INCIDENTS }),
    costs: { report: client.costs.report({ from: now - (MONTH - 1) * DAY }), budgets: client.costs.budgets() },
    queue: { size: client.queue.size },
    alerts: [...alerts],
    push
  }
}

module.exports = { dataOf }
