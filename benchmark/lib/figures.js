'use strict'

const { summary } = require('./stats')

/** Summarizes the pairs of one figure. Without measurements (`pairs` is empty) no threshold is reached. */
function evaluate (figure, pairs) {
  const { name, title, unit, must, aim = null, better } = figure
  const known = { name, title, unit, better, target: must, aim }
  if (pairs.length === 0) return { ...known, value: null, spread: null, pass: false, medianReached: false, aimReached: false }

  const values = pairs.map(({ a, b }) => figure.value(a, b))
  const { median, min, max } = summary(values)
  const reaches = (value, bar) => better === 'lower' ? value <= bar : value >= bar
  return {
    ...known,
    value: median,
    spread: { min, max },
    pairs: values,
    // A threshold within the measured spread counts as reached: five pairs cannot distinguish the two.
    pass: reaches(better === 'lower' ? min : max, must),
    medianReached: reaches(median, must),
    aimReached: aim !== null && reaches(median, aim)
  }
}

module.exports = { evaluate }
