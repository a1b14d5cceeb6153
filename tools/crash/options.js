'use strict'

const { readOptions, SEED } = require('../lib/options')

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
  const { values, whole } = readOptions({ name: 'crash', help: HELP }, args, {
    iterations: { type: 'string', default: '1000' }, seed: { type: 'string' }, json: { type: 'boolean', default: false }
  })
  return { iterations: whole('iterations', 1, 1_000_000), seed: whole('seed', 0, SEED.max) ?? SEED.draw(), json: values.json }
}

module.exports = { parse }
