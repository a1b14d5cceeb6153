'use strict'

const { readOptions, SEED } = require('../lib/options')

const HELP = `Usage: npm run crash -- [options]

Starts a process that queues calls, kills it with SIGKILL at a random moment, and starts the next one on the same file:
while it opens the file, queues or delivers. Each acknowledgement that this process receives is written to a log and
synced before it counts. After every 25 kills the remaining jobs are delivered, and the file is compared with the log
and with the vendor's answers.

  --iterations N  number of kills, 1 to 1000000 (default 1000)
  --seed S        the same moments, as far as two processes allow (default: a new one, which is printed)
  --json          one JSON object on stdout; progress goes to stderr in any case
  --help          show this help

It fails if
  - an acknowledged job is not in the file, or was not answered with its own answer
  - the file contains a job that was never sent
  - a job was answered more than once, and its report does not mark it as a possible duplicate

Exit code: 0 if none of this happened, 1 if any did, 2 if it could not run.
`

/** @param {string[]} args */
function parse (args) {
  const { values, whole } = readOptions({ name: 'crash', help: HELP }, args, {
    iterations: { type: 'string', default: '1000' }, seed: { type: 'string' }, json: { type: 'boolean', default: false }
  })
  return { iterations: whole('iterations', 1, 1_000_000), seed: whole('seed', 0, SEED.max) ?? SEED.draw(), json: values.json }
}

module.exports = { parse }
