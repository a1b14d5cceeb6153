'use strict'

// What was measured beside what was published.

const published = require('./published')
const { time } = require('../../lib/util/format')

/** Latencies are a tenth of real ones. */
const COMPRESSED = 10
const LIMIT = 1_000

/** @param {Awaited<ReturnType<import('./play').play>>} played */
function verdict ({ seen, incidents }) {
  const [incident] = incidents
  return {
    lost: seen.lost,
    detectionMs: incident?.detectionMs ?? null,
    recoveryMs: incident?.recoveryMs ?? null,
    incidents: incidents.length,
    /** The report counts what the workers counted. */
    agrees: incidents.reduce((sum, i) => sum + i.failed, 0) === seen.lost,
    get held () {
      const quick = (ms) => ms !== null && ms < LIMIT
      return this.lost === 0 && quick(this.detectionMs) && quick(this.recoveryMs) && this.agrees
    }
  }
}

/** @param {ReturnType<typeof verdict>} found @param {number} requests */
function table (found, requests) {
  const share = (part) => `${(100 * part).toFixed(1)} %`
  const { withoutFailover, withFailover } = published
  const real = (ms) => ms === null ? 'never' : `${time(ms)} (${time(ms * COMPRESSED)} at real latencies)`
  const rows = [
    ['', 'published: one vendor', 'published: failover prepared', 'bellwether, replayed'],
    ['requests', published.requests.toLocaleString('en-US'), published.requests.toLocaleString('en-US'), requests.toLocaleString('en-US')],
    ['not answered for', time(withoutFailover.downMs), time(withFailover.downMs), real(found.recoveryMs)],
    ['detected after', '–', '–', real(found.detectionMs)],
    ['requests lost', 'all of that time', share(withFailover.failedShare), `${found.lost} (${share(found.lost / requests)})`]
  ]
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)))
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join('   ').trimEnd()).join('\n')
}

module.exports = { verdict, table, COMPRESSED }
