'use strict'

const { anything, arrayOf, boolean, either, integer, isPlain, oneOf, refuse, shape, string } = require('./check')
const { dialect } = require('./dialects')
const { LEAVES } = require('./tls')

/** @typedef {import('./index').FaultServerOptions} FaultServerOptions */

/** @type {import('./check').Check<any>} */
const pem = (value, where) => {
  if (typeof value !== 'string' && !Buffer.isBuffer(value)) throw refuse(where, value, 'PEM text or bytes')
  return value
}

const pair = shape({ key: pem, cert: pem })

/** @type {import('./check').Check<any>} */
const tls = (value, where) => {
  if (typeof value === 'boolean') return value
  if (isPlain(value)) {
    const given = pair(value, where)
    if (given.key === undefined || given.cert === undefined) throw refuse(where, value, 'both key and cert')
    return given
  }
  return oneOf(Object.keys(LEAVES))(value, where)
}

/** @type {import('./check').Check<string>} */
const basePath = (value, where) => {
  if (typeof value !== 'string' || (value !== '' && !/^(\/[^/?#\s]+)+$/.test(value))) throw refuse(where, value, "a path like '/gateway/v1', without a trailing slash")
  return value
}

const check = shape({
  dialect: anything, port: integer(0, 65_535), name: string, tls,
  h2: either(boolean, shape({ maxConcurrentStreams: integer(1) }), (value) => typeof value === 'boolean'),
  models: arrayOf(string), keys: arrayOf(string), basePath, historySize: integer(1),
})

/** @param {FaultServerOptions} given */
function parseOptions(given) {
  const where = 'createFaultServer'
  const options = check(given, where)
  return {
    dialect: dialect(options.dialect ?? 'openai', `${where}.dialect`),
    port: /** @type {number} */ (options.port ?? 0),
    name: /** @type {string} */ (options.name ?? 'fault-server'),
    tls: /** @type {import('./index').TlsOption} */ (options.tls ?? false),
    h2: /** @type {boolean | { maxConcurrentStreams?: number }} */ (options.h2 ?? false),
    models: /** @type {string[] | undefined} */ (options.models),
    keys: /** @type {string[] | undefined} */ (options.keys),
    basePath: /** @type {string | undefined} */ (options.basePath),
    historySize: /** @type {number} */ (options.historySize ?? 10_000),
  }
}

module.exports = { parseOptions }
