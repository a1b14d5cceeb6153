'use strict'

/** Counts times by the tenth of their order of magnitude, so that its size is bounded. */
class Histogram {
  #counts = new Uint32Array(600)
  #n = 0

  /** @param {number} ms */
  add (ms) {
    this.#counts[Math.min(this.#counts.length - 1, Math.max(0, Math.round(Math.log10(Math.max(ms, 0.01) * 100) * 100)))]++
    this.#n++
  }

  /** @param {number} share 0 to 1 @returns {number | null} Milliseconds; null without samples. */
  quantile (share) {
    let left = share * this.#n
    const at = this.#counts.findIndex((count) => (left -= count) <= 0 && count > 0)
    return at === -1 ? null : Math.round(10 ** (at / 100)) / 100
  }
}

module.exports = { Histogram }
