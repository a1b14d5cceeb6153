'use strict'

const { parseArgs } = require('node:util')

const USAGE = `Measures bellwether beside the clients it would replace.

  npm run bench -- [options]

  --only <scenario,...>  run these scenarios only
  --pairs <n>            pairs a scenario (default 5)
  --quick                two pairs of short runs: shows that everything works, proves nothing
  --capacity             only measure what the mock server itself can answer
  --json                 print {"targets":[{"name","value","target","pass"}]} on stdout; progress goes to stderr
  --help                 this text

Exit code: 0 every must is reached, 1 at least one is not, 2 the command line makes no sense or nothing is built.`

const QUICK_PAIRS = 2
const DEFAULT_PAIRS = 5

class UsageError extends Error {}

/** The command line as a value that makes sense, or a UsageError. */
function parseOptions (argv, scenarioNames) {
  const { only, pairs, quick, capacity, json, help } = read(argv)
  const chosen = capacity ? [] : only === undefined ? scenarioNames : only.split(',')
  const unknown = chosen.find((name) => !scenarioNames.includes(name))
  if (unknown !== undefined) throw new UsageError(`no scenario is called '${unknown}'; there are: ${scenarioNames.join(', ')}`)
  if (capacity && only !== undefined) throw new UsageError('--capacity and --only exclude each other')
  if (pairs !== undefined && !/^[1-9]\d{0,2}$/.test(pairs)) throw new UsageError(`--pairs must be a whole number from 1 to 999, not '${pairs}'`)
  return {
    help,
    json,
    quick,
    chosen,
    partial: chosen.length < scenarioNames.length,
    pairs: pairs === undefined ? (quick ? QUICK_PAIRS : DEFAULT_PAIRS) : Number(pairs)
  }
}

function read (argv) {
  try {
    return parseArgs({
      args: argv,
      options: {
        only: { type: 'string' },
        pairs: { type: 'string' },
        quick: { type: 'boolean', default: false },
        capacity: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false }
      }
    }).values
  } catch (error) {
    throw new UsageError(error.message)
  }
}

module.exports = { parseOptions, UsageError, USAGE }
