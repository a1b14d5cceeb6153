'use strict'

const duration = require('../../lib/util/duration')

/**
 * Milliseconds of a duration on a command line, where a number is a text, too.
 * @param {string | undefined} given
 * @param {string} name
 * @param {number} fallback
 */
function ms (given, name, fallback) {
  return duration.ms(numeric(given), name, fallback)
}

/** @param {string | undefined} given */
function numeric (given) {
  return given !== undefined && /^\d+(?:\.\d+)?$/.test(given) ? Number(given) : given
}

module.exports = { ms, numeric }
