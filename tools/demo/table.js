'use strict'

const NONE = '-'

const ROWS = [
  ['requests', (r) => String(r.requests)],
  ['failed', (r) => `${r.failed} (${((100 * r.failed) / r.requests).toFixed(1)} %)`],
  ['time to detect (1)', (r) => ms(r.detectMs)],
  ['time to recover (2)', (r) => ms(r.recoverMs)],
  ['time to return (3)', (r) => ms(r.returnMs)],
  ['mean (4)', (r) => ms(r.meanMs)],
  ['p50 (4)', (r) => ms(r.p50Ms)],
  ['p95 (4)', (r) => ms(r.p95Ms)],
  ['answered by', (r) => Object.entries(r.share).map(([name, share]) => `${name} ${share} %`).join(', ') || NONE],
  ['added cost (5)', (r) => usd(r.addedCostUsd)]
]

const NOTES = [
  '(1) from the first failed attempt to when the endpoint was out of selection; - if that never happened',
  '(2) from the first failed attempt to the next answered call',
  "(3) from the primary's revival to its first answer",
  '(4) of answered calls, from the call to its answer; percentiles by nearest rank',
  "(5) what the answers cost, less what the same tokens cost at the primary's price"
]

/** @param {Record<string, object>} columns By title. */
function table (columns) {
  const results = Object.values(columns)
  return align([['', ...Object.keys(columns)], ...ROWS.map(([title, cell]) => [title, ...results.map(cell)])])
}

function align (rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const [head, ...body] = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join('   ').trimEnd())
  const rule = '-'.repeat(Math.max(head.length, ...body.map((line) => line.length)))
  return [head, rule, ...body].join('\n')
}

function ms (value) {
  return value === null ? NONE : `${value} ms`
}

function usd (value) {
  return value === null ? NONE : `$${value.toFixed(4)}`
}

module.exports = { table, NOTES }
