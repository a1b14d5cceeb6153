'use strict'

// What is said on a terminal: colours only where somebody sees them, and nobody declined (https://no-color.org).

const { printable } = require('../../lib/util/printable')

/**
 * @typedef {object} Out
 * @property {(text: string) => void} say
 * @property {(text: string) => void} complain
 * @property {(text: string) => string} bold
 * @property {(text: string) => string} red
 * @property {(text: string) => string} dim
 * @property {(text: string) => void} progress One line on stderr that the next one replaces; nothing where nobody looks. An empty one clears it.
 */

const colours = process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb'

/** @param {number} on @param {number} off @returns {(text: string) => string} */
const style = (on, off) => (text) => colours ? `\u001b[${on}m${text}\u001b[${off}m` : text

// Who reads no further, as head does, has had what he wanted.
process.stdout.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
  if (error.code === 'EPIPE') process.exit()
  process.stderr.write(`bellwether: cannot be written: ${error.code}\n`)
  process.exit(2)
})

process.stderr.on('error', () => {})

/** @type {Out} */
const out = {
  say: (text) => { process.stdout.write(`${text}\n`) },
  // It often quotes what was given, and what files and answers hold.
  complain: (text) => { process.stderr.write(`${text.split('\n').map(printable).join('\n')}\n`) },
  bold: style(1, 22),
  red: style(31, 39),
  dim: style(2, 22),
  progress: (text) => { if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${printable(text)}`) }
}

module.exports = { out }
