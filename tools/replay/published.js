'use strict'

// Published figures of the outage.

module.exports = {
  requests: 847_293,
  /** With one vendor: until it was available again. */
  withoutFailover: { downMs: ((4 * 60) + 23) * 60_000 },
  /** With failover: until calls were answered again, and the share of lost requests. */
  withFailover: { downMs: (4 * 60 + 12) * 1_000, failedShare: 0.003 }
}
