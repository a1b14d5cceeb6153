'use strict'

// Compares the measured figures with the published ones.

const published = require('./published')
const { formatDuration } = require('../../lib/util/format')

/** Latencies are divided by this. */
const COMPRESSED = 10
const LIMIT = 1_000

/** @param {Awaited<ReturnType<import('./runner').runReplay>>} played */
function compare ({ seen, incidents }) {
  const [incident] = incidents
  return {
    lost: seen.lost,
    detectionMs: incident?.detectionMs ?? null,
    recoveryMs: incident?.recoveryMs ?? null,
    incidents: incidents.length,
    /** Whether the incident report agrees with the workers. */
    agrees: incidents.reduce((sum, i) => sum + i.failed, 0) === seen.lost,
    get held () {
      const quick = (ms) => ms !== null && ms < LIMIT
      return this.lost === 0 && quick(this.detectionMs) && quick(this.recoveryMs) && this.agrees
    }
  }
}

/** @param {ReturnType<typeof compare>} found @param {number} requests */
function table (found, requests) {
  const share = (part) => `${(100 * part).toFixed(1)} %`
  const { withoutFailover, withFailover } = published
  const real = (ms) => ms === null ? 'never' : `${formatDuration(ms)} (${formatDuration(ms * COMPRESSED)} at real latencies)`
  const rows = [
    ['', 'published: one vendor', 'published: failover prepared', 'bellwether, replayed'],
    ['requests', published.requests.toLocaleString('en-US'), published.requests.toLocaleString('en-US'), requests.toLocaleString('en-US')],
    ['not answered for', formatDuration(withoutFailover.downMs), formatDuration(withFailover.downMs), real(found.recoveryMs)],
    ['detected after', '–', '–', real(found.detectionMs)],
    ['requests lost', 'all of that time', share(withFailover.failedShare), `${found.lost} (${share(found.lost / requests)})`]
  ]
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)))
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join('   ').trimEnd()).join('\n')
}

module.exports = { compare, table, COMPRESSED }
