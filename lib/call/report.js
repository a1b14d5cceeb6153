'use strict'

/** Lets a subclass add private fields to an existing object: `this` is what the base constructor returns. */
class ExistingObject {
  /** @param {object} object */
  constructor (object) {
    return object
  }
}

class CompletionWithReport extends ExistingObject {
  /** JSON until the first read. @type {any} */
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

// One getter for all completions: a closure for each would give each object its own hidden class.
const REPORT = {
  configurable: true,
  enumerable: false,
  /** @this {object} */
  get () {
    return CompletionWithReport.of(this)
  }
}

/**
 * Adds `report` to a completion. It is not enumerable, so that the object serializes as the vendor sent it, and it is
 * parsed at the first read.
 * @template {object} T
 * @param {T} completion
 * @param {string} json
 * @returns {T & { readonly report: import('../..').CallReport }}
 */
function withReport (completion, json) {
  new CompletionWithReport(completion, json)
  return Object.defineProperty(/** @type {any} */ (completion), 'report', REPORT)
}

module.exports = { withReport }
