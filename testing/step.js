'use strict'

const { duration, integer, isPlain, number, oneOf, refuse, shape } = require('./check')
const { fault } = require('./fault')
const { filter } = require('./match')

/** @typedef {import('./index').Step} Step */

/** @type {import('./check').Check<Step[]>} */
const steps = (value, where) => {
  if (!Array.isArray(value) || value.length === 0) throw refuse(where, value.length === 0 ? 'no steps' : value, 'at least one fault or step')
  return value.map((item, i) => step(item, `${where}[${i}]`))
}

/** @type {Record<string, import('./check').Check<any>>} */
const SHAPES = {
  repeat: shape({ step: oneOf(['repeat']), times: integer(1), steps }),
  forever: shape({ step: oneOf(['forever']), steps }),
  until: shape({ step: oneOf(['until']), time: duration, steps }),
  when: shape({ step: oneOf(['when']), filter, steps }),
  percent: shape({ step: oneOf(['percent']), percent: number(0, 100), seed: integer(0), fault, otherwise: fault }),
  flap: shape({ step: oneOf(['flap']), fault, down: duration, up: duration }),
}

/** A checked step: a fault stands for itself, once. @type {import('./check').Check<any>} */
function step(value, where) {
  if (!isPlain(value) || !('step' in value)) return fault(value, where)
  const check = SHAPES[oneOf(Object.keys(SHAPES))(value.step, `${where}.step`)]
  return /** @type {import('./check').Check<any>} */ (check)(value, where)
}

module.exports = { step, steps }
