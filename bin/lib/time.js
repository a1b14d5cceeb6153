'use strict'

const duration = require('../../lib/util/duration')

/**
 * Reads a duration from the command line, where a number of milliseconds is a text. Returns milliseconds.
 * @param {string | undefined} given
 * @param {string} name
 * @param {number} fallback
 */
function parseDuration (given, name, fallback) {
  return duration.parseDuration(toNumberIfNumeric(given), name, fallback)
}

/** @param {string | undefined} given */
function toNumberIfNumeric (given) {
  return given !== undefined && /^\d+(?:\.\d+)?$/.test(given) ? Number(given) : given
}

module.exports = { parseDuration, toNumberIfNumeric }
