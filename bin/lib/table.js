'use strict'

const { escapeMarkdown } = require('../../lib/util/format')

/**
 * Returns the lines of a table. @param {string[][]} rows The first has the titles. @param {number[]} [right] Columns
 * that are aligned to the right.
 */
function formatTable (rows, right = []) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)))
  return rows.map((row) => row.map((cell, i) => right.includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])).join('  ').trimEnd())
}

/** @param {string[][]} rows */
function formatMarkdownTable ([head, ...rows]) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.map((cell) => escapeMarkdown(cell)).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)]
}

/** @param {number | null} usd */
function formatUsd (usd) {
  return usd === null ? 'not known' : `${usd.toFixed(6)} USD`
}

module.exports = { formatTable, formatMarkdownTable, formatUsd }
