'use strict'

const { withUnit, measured, bar, verdict } = require('./format')

/** The targets as aligned text. */
function targetTable (targets) {
  return align([
    ['figure', 'median', 'spread', 'must', 'aim', 'verdict'],
    ...targets.map((target) => [
      target.title,
      target.value === null ? '-' : withUnit(target.value, target.unit),
      target.spread === null ? '-' : `${withUnit(target.spread.min, target.unit)} .. ${withUnit(target.spread.max, target.unit)}`,
      bar(target, target.target),
      bar(target, target.aim),
      verdict(target)
    ])
  ])
}

/** What each side measured, for orientation: only the ratios above it are evidence. */
function sideTable (results, scenarios) {
  const rows = results.flatMap(({ name, sides, medians }) => Object.keys(medians).map((side) =>
    [name, sides[side], measured(medians[side], scenarios.find((scenario) => scenario.name === name).absolute)]))
  return align([['scenario', 'side', 'median of each figure on this machine'], ...rows])
}

function align (rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const line = (row) => row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()
  const [head, ...body] = rows.map(line)
  return [head, '-'.repeat(head.length), ...body].join('\n')
}

module.exports = { targetTable, sideTable }
