'use strict'

// Measures one phase by its calls and its client's events.

const PRIMARY = 'primary'

/** Milliseconds since 1970, like the times in events, but with fractions. */
function wallClock () {
  return performance.timeOrigin + performance.now()
}

class Measurements {
  answered = 0
  failed = 0
  failovers = 0
  /** Number of errors by code. */
  errors = {}
  #latencies = []
  #answers = []
  #shares = {}
  #cost = 0
  #costAtPrimary = 0
  #failures = []
  #leftOut = []
  #primaryAnswers = []
  #prices

  /** @param {Record<string, { input: number, output: number }> | undefined} prices */
  constructor (client, prices) {
    this.#prices = prices
    client.on('attempt', (attempt) => {
      if (attempt.endpoint !== PRIMARY || attempt.outcome === 'skipped') return
      const ended = Date.parse(attempt.startedAt) + attempt.durationMs
      if (attempt.outcome === 'ok') this.#primaryAnswers.push(ended)
      else this.#failures.push(ended)
    })
    client.on('failover', () => { this.failovers++ })
    const leftOut = ({ endpoint, at }) => { if (endpoint === PRIMARY) this.#leftOut.push(Date.parse(at)) }
    client.on('cooldown', leftOut)
    client.on('breaker', (change) => { if (change.state === 'open') leftOut(change) })
  }

  answer ({ report }, began) {
    const now = wallClock()
    this.answered++
    this.#latencies.push(now - began)
    this.#answers.push(now)
    this.#shares[report.endpoint] = (this.#shares[report.endpoint] ?? 0) + 1
    this.#cost = report.costUsd === null ? NaN : this.#cost + report.costUsd
    if (this.#prices !== undefined && report.usage !== null) this.#costAtPrimary += cost(report.usage, this.#prices[PRIMARY])
  }

  failure (error) {
    this.failed++
    const code = error.code ?? error.name
    this.errors[code] = (this.errors[code] ?? 0) + 1
  }

  /** @param {{ revivedAt?: number }} [times] */
  result ({ revivedAt } = {}) {
    const first = this.#failures.length > 0 ? Math.min(...this.#failures) : undefined
    const sorted = this.#latencies.sort((a, b) => a - b)
    const share = Object.entries(this.#shares).sort(([, a], [, b]) => b - a)
    return {
      requests: this.answered + this.failed,
      failed: this.failed,
      errors: this.errors,
      detectMs: since(first, this.#leftOut),
      recoverMs: since(first, this.#answers),
      returnMs: since(revivedAt, this.#primaryAnswers),
      meanMs: sorted.length === 0 ? null : round(sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length),
      p50Ms: percentile(sorted, 0.5),
      p95Ms: percentile(sorted, 0.95),
      failovers: this.failovers,
      share: Object.fromEntries(share.map(([name, n]) => [name, round((100 * n) / this.answered)])),
      costUsd: known(this.#cost),
      addedCostUsd: this.#prices === undefined ? null : known(this.#cost - this.#costAtPrimary)
    }
  }
}

function cost (usage, price) {
  return (usage.inputTokens * price.input + usage.outputTokens * price.output) / 1e6
}

/** Time from `start` to the first of `times` that is not earlier. Times in events are rounded down to milliseconds. */
function since (start, times) {
  if (start === undefined) return null
  const next = times.reduce((least, at) => (at >= Math.floor(start) && at < least ? at : least), Infinity)
  return next === Infinity ? null : round(Math.max(0, next - start))
}

/** By the nearest-rank method. */
function percentile (sorted, share) {
  return sorted.length === 0 ? null : round(sorted[Math.ceil(share * sorted.length) - 1])
}

function round (number) {
  return Math.round(number * 10) / 10
}

function known (usd) {
  return Number.isNaN(usd) ? null : Math.round(usd * 1e9) / 1e9
}

module.exports = { Measurements, wallClock }
