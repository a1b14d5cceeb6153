'use strict'

/** Stamps an object that somebody else made with a private field: what `extends` returns is what `this` becomes. */
class Given {
  /** @param {object} given */
  constructor (given) {
    return given
  }
}

class Reported extends Given {
  /** JSON until it is looked at. @type {any} */
  #report

  /** @param {object} completion @param {string} json */
  constructor (completion, json) {
    super(completion)
    this.#report = json
  }

  /** @param {any} completion */
  static of (completion) {
    if (!(#report in completion)) return undefined
    const report = completion.#report
    if (typeof report !== 'string') return report
    completion.#report = JSON.parse(report)
    return completion.#report
  }
}

// One getter for all: a closure for each completion would give each a shape of its own.
const REPORT = {
  configurable: true,
  enumerable: false,
  /** @this {object} */
  get () {
    return Reported.of(this)
  }
}

/**
 * Adds `report` to a completion: not enumerable, so that the wire object stays what the vendor sent, and
 * parsed only when it is looked at.
 * @template {object} T
 * @param {T} completion
 * @param {string} json
 * @returns {T & { readonly report: import('../..').CallReport }}
 */
function withReport (completion, json) {
  new Reported(completion, json)
  return Object.defineProperty(/** @type {any} */ (completion), 'report', REPORT)
}

module.exports = { withReport }
