'use strict'

/**
 * Adds `report` to a completion: not enumerable, so that the wire object stays what the vendor sent, and
 * parsed only when it is looked at.
 * @template {object} T
 * @param {T} completion
 * @param {string} json
 * @returns {T & { readonly report: import('..').CallReport }}
 */
function withReport (completion, json) {
  /** @type {any} */
  let report
  return Object.defineProperty(/** @type {any} */ (completion), 'report', {
    configurable: true,
    enumerable: false,
    get: () => (report ??= JSON.parse(json))
  })
}

module.exports = { withReport }
