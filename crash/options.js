'use strict'

const { parseArgs } = require('node:util')

const HELP = `Usage: npm run crash -- [options]

Starts a process that queues calls, kills it with SIGKILL at a random moment, starts the next on the same file, and so
on: while it opens the file, while it queues, while it delivers. Each acknowledgement that reaches this process is
written to a log, which is synced, before it counts. Every 25 kills what is left is delivered, and what is in the file
is compared with the log and with what the vendor has answered.

  --iterations N  how many kills, 1 to 1000000 (default 1000)
  --seed S        the same moments, as far as two processes allow (default: a new one, which is told)
  --json          one JSON object on stdout; progress goes to stderr in any case
  --help          this text

It fails if
  - an acknowledged job is not in the file, or was not answered with its own answer
  - there is a job in the file that nobody sent
  - a job was answered more than once, and its report does not say that it may have been

Exit code: 0 if none of that happened, 1 if any did, 2 if it could not run.
`

/** @param {string[]} args */
function parse (args) {
  let values
  try {
    ({ values } = parseArgs({
      args,
      options: {
        iterations: { type: 'string', default: '1000' },
        seed: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false }
      }
    }))
  } catch (error) {
    misuse(error.message.split(/\.\s/)[0])
  }
  if (values.help) {
    process.stdout.write(HELP)
    process.exit(0)
  }
  const iterations = Number(values.iterations)
  if (!/^\d{1,7}$/.test(values.iterations) || iterations < 1 || iterations > 1_000_000) {
    misuse(`--iterations must be a whole number from 1 to 1000000, got '${values.iterations}'`)
  }
  if (values.seed !== undefined && !(/^\d{1,10}$/.test(values.seed) && Number(values.seed) < 2 ** 32)) {
    misuse(`--seed must be a whole number below 2^32, got '${values.seed}'`)
  }
  return { iterations, seed: Number(values.seed ?? Math.floor(Math.random() * 2 ** 32)), json: values.json }
}

/** @param {string} text @returns {never} */
function misuse (text) {
  process.stderr.write(`bellwether crash: ${text}; see --help\n`)
  process.exit(2)
}

module.exports = { parse }
