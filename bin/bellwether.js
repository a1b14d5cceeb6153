#!/usr/bin/env node
'use strict'

// The entry of the command line. Exit codes: 0 success, 1 problems were found, 2 misuse, or the command could not run.

/**
 * @typedef {object} Command
 * @property {string} usage
 * @property {string} summary
 * @property {string} help Options and examples.
 * @property {import('node:util').ParseArgsConfig['options']} options
 * @property {number} [positionals] The highest number of positionals.
 * @property {string[]} [words] Values of a positional, for completion.
 * @property {(given: { values: Record<string, any>, positionals: string[] }, out: import('./lib/output').Out, commands: Commands) => number | Promise<number>} run Returns the exit code.
 *
 * @typedef {Record<string, () => Command>} Commands All commands by name, each loaded when it is called.
 */

const { parseArgs } = require('node:util')
const { out } = require('./lib/output')
const { COMMANDS } = require('./table')
const { nearestName } = require('./lib/nearest')

const OK = 0
const MISUSE = 2

/** @param {string[]} args */
async function main (args) {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    out.print(overview())
    return name === undefined ? MISUSE : OK
  }
  if (name === '--version') {
    out.print(require('../package.json').version)
    return OK
  }
  if (!Object.hasOwn(COMMANDS, name)) {
    out.printError(`bellwether: unknown command '${name}'${suggestion(name, Object.keys(COMMANDS))}; commands are ${Object.keys(COMMANDS).join(', ')}`)
    return MISUSE
  }
  const command = COMMANDS[name]()
  let given
  try {
    given = parseArgs({ args: rest, options: { ...command.options, help: { type: 'boolean', short: 'h' } }, allowPositionals: true })
  } catch (/** @type {any} */ error) {
    const unknown = error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? /'--([^']+)'/.exec(error.message)?.[1] : undefined
    const why = unknown === undefined ? error.message : `unknown option '--${unknown}'${suggestion(unknown, [...Object.keys(command.options ?? {}), 'help'], '--')}`
    out.printError(`bellwether ${name}: ${why}\nUsage: ${command.usage}`)
    return MISUSE
  }
  if (given.values.help) {
    out.print(`${command.summary}\n\nUsage: ${command.usage}\n\n${command.help}`)
    return OK
  }
  if (given.positionals.length > (command.positionals ?? 0)) {
    out.printError(`bellwether ${name}: unexpected argument '${given.positionals.at(-1)}'\nUsage: ${command.usage}`)
    return MISUSE
  }
  return command.run(given, out, COMMANDS)
}

/** @param {string} given @param {string[]} known @param {string} [before] */
function suggestion (given, known, before = '') {
  const name = nearestName(given, known)
  return name === undefined ? '' : `; did you mean '${before}${name}'?`
}

function overview () {
  const lines = Object.entries(COMMANDS).map(([name, load]) => `  ${name.padEnd(14)} ${load().summary}`)
  return `Usage: bellwether <command> [options]\n\n${lines.join('\n')}\n\nRun bellwether <command> --help for its options.`
}

main(process.argv.slice(2)).then((code) => { process.exitCode = code }, (error) => {
  out.printError(`bellwether: ${error?.message ?? error}`)
  process.exitCode = MISUSE
})
