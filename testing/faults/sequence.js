'use strict'

// Rules for which request gets which fault. Steps are plain data; ../sequence.js runs them.

const { integer } = require('../check')
const { step } = require('../step')

/** @typedef {typeof import('../index')} Api */

/** @type {Api['faults']['repeat']} */
const repeat = (times, ...steps) => step({ step: 'repeat', times: integer(1)(times, 'faults.repeat'), steps }, 'faults.repeat')

/** @type {Api['faults']['forever']} */
const forever = (...steps) => step({ step: 'forever', steps }, 'faults.forever')

/** @type {Api['faults']['until']} */
const until = (time, ...steps) => step({ step: 'until', time, steps }, 'faults.until')

/** @type {Api['faults']['when']} */
const when = (filter, ...steps) => step({ step: 'when', filter, steps }, 'faults.when')

/** @type {Api['faults']['onPath']} */
const onPath = (path, ...steps) => step({ step: 'when', filter: { path }, steps }, 'faults.onPath')

/** @type {Api['faults']['percent']} */
const percent = (share, fault, { seed = 1, otherwise } = {}) => step({ step: 'percent', percent: share, seed, fault, otherwise }, 'faults.percent')

/** @type {Api['faults']['flap']} */
const flap = (fault, { down, up }) => step({ step: 'flap', fault, down, up }, 'faults.flap')

module.exports = { repeat, forever, until, when, onPath, percent, flap }
