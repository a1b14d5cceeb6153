'use strict'

// Formats jobs for the commands of a queue.

const STATES = ['queued', 'delivering', 'delivered', 'failed', 'dead', 'expired']
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

/** Left-aligned columns, two spaces apart. @param {string[][]} rows */
function formatTable (rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()).join('\n')
}

/** @param {number} size */
function formatBytes (size) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, size)) / 10))
  return `${Number((size / 2 ** (10 * power)).toFixed(1))} ${UNITS[power]}`
}

/** @param {number} count @param {string} noun */
function pluralize (count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** @param {any} failure */
function formatFailure ({ reason, status, counted }) {
  return `${reason}${status === undefined ? '' : ` ${status}`}${counted ? '' : ', not counted'}`
}

/** @param {any} job */
function formatLastFailure ({ failures }) {
  return failures.length === 0 ? '-' : formatFailure(failures.at(-1))
}

/** Formats JSON for a terminal: remaining control characters are escaped. @param {unknown} value */
function safeJson (value) {
  return JSON.stringify(value, null, 2).replace(/[\u007f-\u009f]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * Prints the result for each named job, and returns the exit code.
 * @param {{ done: string[], refused: { id: string, why: string }[] }} result
 * @param {string} outcome
 * @param {boolean} json
 * @param {import('../../lib/output').Out} out
 */
function printResult (result, outcome, json, out) {
  if (json) out.print(safeJson(result))
  else {
    for (const id of result.done) out.print(`${id} ${outcome}`)
    for (const { id, why } of result.refused) out.printError(`bellwether queue: '${id}' ${why}`)
  }
  return result.refused.length === 0 ? 0 : 1
}

module.exports = { STATES, formatTable, formatBytes, pluralize, formatFailure, formatLastFailure, safeJson, printResult }
