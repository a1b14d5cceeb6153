'use strict'

// Errors of vendors. The kind is data; the server's dialect adds status, headers and body when it is served.

const { duration, integer, oneOf, oneOrMore, record, shape, string } = require('../check')
const { make } = require('./make')

/** @typedef {import('../index').VendorErrorOptions} VendorErrorOptions */

const common = {
  message: string, status: integer(200, 599), type: string, code: string, param: string, headers: record,
  retryAfter: duration, as: oneOrMore(oneOf(['seconds', 'float', 'date', 'ms', 'body', 'retryInfo', 'text'])),
}

/** Members that one kind accepts beyond the common ones. @type {Record<string, Record<string, import('../check').Check<any>>>} */
const KINDS = {
  rateLimited: { limit: oneOf(['requests', 'tokens']) },
  slowDown: {}, tooLargeForLimit: {}, quota: {}, insufficientBalance: {},
  overloaded: {}, serverError: {}, unavailable: {}, gatewayTimeout: {}, requestTimeout: {}, conflict: {},
  auth: {}, permission: {}, notFound: {},
  badRequest: {}, unsupportedParameter: {}, unprocessable: {}, tooLarge: {}, contextLength: {}, contentFilter: {},
}

/** @param {string} kind */
function constructorOf(kind) {
  const check = shape({ ...common, .../** @type {object} */ (KINDS[kind]) })
  /** @param {VendorErrorOptions} [options] */
  return (options = {}) => {
    const { retryAfter, as, headers, ...rest } = check(options, `faults.${kind}`)
    return make(kind, { error: { kind, options: rest }, headers, retryAfter: retryAfter === undefined ? undefined : { after: retryAfter, as } })
  }
}

module.exports = /** @type {{ [K in import('../index').VendorErrorKind]: (options?: VendorErrorOptions) => import('../index').Fault }} */ (
  Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, constructorOf(kind)]))
)
