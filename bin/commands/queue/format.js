'use strict'

// How the commands of a queue say things.

const STATES = ['queued', 'delivering', 'delivered', 'failed', 'dead', 'expired']
const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

/** Left-aligned columns, two spaces apart. @param {string[][]} rows */
function table (rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()).join('\n')
}

/** @param {number} size */
function bytes (size) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, size)) / 10))
  return `${Number((size / 2 ** (10 * power)).toFixed(1))} ${UNITS[power]}`
}

/** @param {number} count @param {string} noun */
function many (count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** @param {any} failure */
function failed ({ reason, status, counted }) {
  return `${reason}${status === undefined ? '' : ` ${status}`}${counted ? '' : ', not counted'}`
}

/** @param {any} job */
function lastFailure ({ failures }) {
  return failures.length === 0 ? '-' : failed(failures.at(-1))
}

/** JSON that no terminal takes for orders: what is left of control characters is written out. @param {unknown} value */
function safe (value) {
  return JSON.stringify(value, null, 2).replace(/[\u007f-\u009f]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * What became of jobs that were named: the exit code.
 * @param {{ done: string[], refused: { id: string, why: string }[] }} result
 * @param {string} what
 * @param {boolean} json
 * @param {import('../../lib/output').Out} out
 */
function report (result, what, json, out) {
  if (json) out.say(safe(result))
  else {
    for (const id of result.done) out.say(`${id} ${what}`)
    for (const { id, why } of result.refused) out.complain(`bellwether queue: '${id}' ${why}`)
  }
  return result.refused.length === 0 ? 0 : 1
}

module.exports = { STATES, table, bytes, many, failed, lastFailure, safe, report }
