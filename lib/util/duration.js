'use strict'

const { ofProblems } = require('./errors')
const { shown } = require('./serialize-options')

const UNITS = Object.freeze({ ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 })

/** As in Rust. */
const LONGEST = 366 * UNITS.d

/**
 * Milliseconds of a duration as users write it.
 * @param {unknown} value
 * @param {string} path
 * @param {number} fallback
 */
function ms (value, path, fallback) {
  if (value === undefined) return fallback
  if (typeof value === 'number' && value >= 0 && value <= LONGEST) return value
  const match = typeof value === 'string' ? /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(value) : null
  const length = match ? Number(match[1]) * UNITS[/** @type {keyof typeof UNITS} */ (match[2])] : NaN
  if (length <= LONGEST) return length
  const message = `must be milliseconds as a number, or '500ms', '30s', '5m', '1h', '1d', at most 366 days, got ${shown(value)}`
  throw ofProblems([{ path, message }])
}

module.exports = { ms }
