'use strict'

// The outage that is replayed, as it was published.

module.exports = {
  requests: 847_293,
  /** With one vendor, until it was back. */
  withoutFailover: { downMs: ((4 * 60) + 23) * 60_000 },
  /** With failover prepared: until calls were answered again, and what was lost. */
  withFailover: { downMs: (4 * 60 + 12) * 1_000, failedShare: 0.003 }
}
