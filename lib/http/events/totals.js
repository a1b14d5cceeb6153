'use strict'

// Sums the counters of calls since the client was created. The difference of two snapshots gives current rates.

/** @typedef {import('../../..').DashboardData['calls']} Totals */

/** @param {import('../../..').MetricFamily[]} families @returns {Totals} */
function callTotals (families) {
  const series = (/** @type {string} */ name) => families.find((family) => family.name === name)?.series ?? []
  /** @type {Totals} */
  const totals = { ok: 0, fallback: 0, queued: 0, error: 0, aborted: 0, failovers: 0, costUsd: 0 }
  for (const { labels, value } of series('requests')) {
    const outcome = /** @type {'ok' | undefined} */ (labels.find(([name]) => name === 'outcome')?.[1])
    if (outcome !== undefined && Object.hasOwn(totals, outcome)) totals[outcome] += Number(value)
  }
  for (const { value } of series('failovers')) totals.failovers += Number(value)
  for (const { value } of series('cost')) totals.costUsd += Number(value)
  return totals
}

module.exports = { callTotals }
