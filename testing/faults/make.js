'use strict'

const { fault } = require('../fault')

/** @typedef {import('../index').Fault} Fault */

/**
 * A named fault whose parts are checked where it is built, so that the mistake's line is in the stack.
 * @param {string} name
 * @param {Record<string, any>} parts
 * @returns {Fault}
 */
function make(name, parts) {
  return { ...fault({ name, ...parts }, `faults.${name}`) }
}

module.exports = { make }
