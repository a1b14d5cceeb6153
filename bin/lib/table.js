'use strict'

const { markdownCell } = require('../../lib/util/format')

/** Lines of a table; columns named in `right` stand to the right. @param {string[][]} rows The first has the titles. @param {number[]} [right] */
function tableOf (rows, right = []) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)))
  return rows.map((row) => row.map((cell, i) => right.includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])).join('  ').trimEnd())
}

/** @param {string[][]} rows */
function markdownOf ([head, ...rows]) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.map((cell) => markdownCell(cell)).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)]
}

/** @param {number | null} usd */
function dollars (usd) {
  return usd === null ? 'not known' : `${usd.toFixed(6)} USD`
}

module.exports = { tableOf, markdownOf, dollars }
