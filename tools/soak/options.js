'use strict'

const { readOptions, SEED } = require('../lib/options')
const { CRITERIA } = require('./verdict')

const HELP = `Usage: npm run soak -- [options]

Sends random calls (whole, streamed, aborted, abandoned) through clients that are constantly created, closed and dropped,
to fault servers in another process that fail at random, over HTTP/1.1, TLS and HTTP/2. Prints the progress every few
seconds, and at the end whether resources leaked.

  --minutes N   duration, 0.05 to 1440, with fractions (default 10)
  --seed S      the same faults and calls in the same order, as far as time allows (default: a new one, which is printed)
  --json        one JSON object on stdout; progress goes to stderr in any case
  --help        show this help

It fails if
${CRITERIA.map(({ help }) => `  - ${help}`).join('\n')}
Memory figures need a run of at least a minute. Open files and threads are measured on Linux only.

Exit code: 0 if resources stayed flat, 1 if not, 2 if it could not run. Ctrl-C ends it early, with the report.
`

/** @param {string[]} args */
function parse (args) {
  const { values, whole, misuse } = readOptions({ name: 'soak', help: HELP }, args, {
    minutes: { type: 'string', default: '10' }, seed: { type: 'string' }, json: { type: 'boolean', default: false }
  })
  const minutes = Number(values.minutes)
  if (!/^\d*\.?\d+$/.test(values.minutes) || minutes < 0.05 || minutes > 1440) {
    misuse(`--minutes must be a number from 0.05 to 1440, got '${values.minutes}'`)
  }
  return { minutes, seed: whole('seed', 0, SEED.max) ?? SEED.draw(), json: values.json }
}

module.exports = { parse }
