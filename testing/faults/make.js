'use strict'

const { fault } = require('../fault')

/** @typedef {import('../index').Fault} Fault */

/**
 * Creates a named fault. Its parts are checked here, so that the stack of an error points to the caller's line.
 * @param {string} name
 * @param {Record<string, any>} parts
 * @returns {Fault}
 */
function make(name, parts) {
  return { ...fault({ name, ...parts }, `faults.${name}`) }
}

module.exports = { make }
