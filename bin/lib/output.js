'use strict'

// Prints to the terminal. Colours are used on a terminal only, and not with NO_COLOR (https://no-color.org).

const { stripControls } = require('../../lib/util/strip-controls')

/**
 * @typedef {object} Out
 * @property {(text: string) => void} print
 * @property {(text: string) => void} printError
 * @property {(text: string) => string} bold
 * @property {(text: string) => string} red
 * @property {(text: string) => string} dim
 * @property {(text: string) => void} progress Prints a line on stderr that the next one replaces, on a terminal only. An empty text clears it.
 */

const colours = process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb'

/** @param {number} on @param {number} off @returns {(text: string) => string} */
const style = (on, off) => (text) => colours ? `\u001b[${on}m${text}\u001b[${off}m` : text

// A closed pipe is no failure: `head` closes it after its last line.
process.stdout.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
  if (error.code === 'EPIPE') process.exit()
  process.stderr.write(`bellwether: the output cannot be written: ${error.code}\n`)
  process.exit(2)
})

process.stderr.on('error', () => {})

/** @type {Out} */
const out = {
  print: (text) => { process.stdout.write(`${text}\n`) },
  // Errors often quote input, files and responses.
  printError: (text) => { process.stderr.write(`${text.split('\n').map(stripControls).join('\n')}\n`) },
  bold: style(1, 22),
  red: style(31, 39),
  dim: style(2, 22),
  progress: (text) => { if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${stripControls(text)}`) }
}

module.exports = { out }
