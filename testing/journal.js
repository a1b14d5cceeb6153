'use strict'

const { matches } = require('./match')

/** @typedef {import('./index').Hit} Hit */
/** @typedef {import('./index').HitFilter} HitFilter */

// Bodies are kept whole for assertions, so memory is bounded by bytes as well as by count.
const MAX_BODY_BYTES = 256 * 1024 * 1024

/** Received requests, in order. Bounded: the oldest entries are dropped first, `total` keeps counting. */
class Journal {
  total = 0
  /** @type {Hit[]} */
  #hits = []
  #first = 0
  #bytes = 0
  #limit
  /** @type {Set<{ ready: () => boolean, reject: (reason: Error) => void }>} */
  #waiters = new Set()

  /** @param {number} limit */
  constructor(limit) {
    this.#limit = limit
  }

  /** @param {Hit} hit */
  add(hit) {
    hit.n = ++this.total
    this.#hits.push(hit)
    this.#bytes += hit.rawBody.length
    while (this.#hits.length - this.#first > this.#limit || this.#bytes > MAX_BODY_BYTES) this.#dropOldest()
    this.changed()
  }

  #dropOldest() {
    this.#bytes -= /** @type {Hit} */ (this.#hits[this.#first++]).rawBody.length
    // Shifting an array of ten thousand on every request would cost more than the answer.
    if (this.#first > this.#limit) {
      this.#hits = this.#hits.slice(this.#first)
      this.#first = 0
    }
  }

  /** @param {HitFilter} [filter] */
  list(filter) {
    const kept = this.#hits.slice(this.#first)
    return filter === undefined ? kept : kept.filter((hit) => matches(filter, hit))
  }

  clear() {
    this.#hits = []
    this.#first = this.#bytes = this.total = 0
  }

  changed() {
    for (const waiter of this.#waiters) {
      if (waiter.ready()) this.#waiters.delete(waiter)
    }
  }

  /** @param {number} n @param {HitFilter} [filter] @returns {Promise<Hit[]>} */
  waitFor(n, filter) {
    return new Promise((resolve, reject) => {
      const ready = () => {
        const found = this.list(filter)
        if (filter === undefined ? this.total < n : found.length < n) return false
        resolve(found)
        return true
      }
      if (!ready()) this.#waiters.add({ ready, reject })
    })
  }

  /** @param {Error} reason */
  abandon(reason) {
    for (const waiter of this.#waiters) waiter.reject(reason)
    this.#waiters.clear()
  }
}

module.exports = { Journal }
