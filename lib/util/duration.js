'use strict'

const { configError } = require('./errors')
const { quote } = require('./serialize-options')

const UNITS = Object.freeze({ ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 })

/** The same limit as in Rust. */
const MAX_MS = 366 * UNITS.d

/**
 * Reads a duration: a number of milliseconds, or a text such as '500ms', '30s', '5m', '1h', '1d'. Returns
 * milliseconds.
 * @param {unknown} value
 * @param {string} path
 * @param {number} fallback
 */
function parseDuration (value, path, fallback) {
  if (value === undefined) return fallback
  if (typeof value === 'number' && value >= 0 && value <= MAX_MS) return value
  const match = typeof value === 'string' ? /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(value) : null
  const length = match ? Number(match[1]) * UNITS[/** @type {keyof typeof UNITS} */ (match[2])] : NaN
  if (length <= MAX_MS) return length
  const message = `must be milliseconds as a number, or '500ms', '30s', '5m', '1h', '1d', at most 366 days, got ${quote(value)}`
  throw configError([{ path, message }])
}

module.exports = { parseDuration }
