'use strict'

// Reads the options of this repository's commands. Misuse prints one line and exits with code 2; `--help` prints a text
// and exits with 0.

const { parseArgs } = require('node:util')

/**
 * @template {Record<string, { type: 'string' | 'boolean', default?: any, short?: string }>} T
 * @param {{ name: string, help: string }} program
 * @param {string[]} args
 * @param {T} options Beside `--help`.
 */
function readOptions ({ name, help }, args, options) {
  /** @param {string} text @returns {never} */
  const misuse = (text) => {
    process.stderr.write(`bellwether ${name}: ${text}; see --help\n`)
    process.exit(2)
  }
  let values
  try {
    ({ values } = parseArgs({ args, options: { ...options, help: { type: 'boolean', short: 'h', default: false } } }))
  } catch (error) {
    misuse(/** @type {Error} */ (error).message.split(/\.\s/)[0])
  }
  if (values.help) {
    process.stdout.write(help)
    process.exit(0)
  }
  return {
    values: /** @type {Record<keyof T, any>} */ (values),
    misuse,
    /**
     * Reads a whole number; undefined if the option is missing. @param {string} option @param {number} min @param
     * {number} max
     */
    whole: (option, min, max) => {
      const text = values[option]
      if (text === undefined) return undefined
      const number = Number(text)
      if (/^\d+$/.test(text) && number >= min && number <= max) return number
      return misuse(`--${option} must be a whole number from ${min} to ${max}, got '${text}'`)
    }
  }
}

/** The seed of random draws. */
const SEED = { max: 2 ** 32 - 1, draw: () => Math.floor(Math.random() * 2 ** 32) }

module.exports = { readOptions, SEED }
