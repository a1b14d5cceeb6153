'use strict'

const { readOptions, SEED } = require('../lib/options')
const { CRITERIA } = require('./verdict')

const HELP = `Usage: npm run soak -- [options]

Sends random calls (whole, streamed, aborted, abandoned) through clients that are opened, closed and forgotten all the
while, to fault servers in another process that fail at random: over HTTP/1.1, TLS and HTTP/2. Says every few seconds
how it goes, and at the end whether anything is left behind.

  --minutes N   how long, 0.05 to 1440, also fractions (default 10)
  --seed S      the same faults and calls in the same order, as far as time allows (default: a new one, which is told)
  --json        one JSON object on stdout; progress goes to stderr in any case
  --help        this text

It fails if
${CRITERIA.map(({ help }) => `  - ${help}`).join('\n')}
Memory needs a minute at least to say something. Open files and threads are known on Linux only.

Exit code: 0 if all is flat, 1 if not, 2 if it could not run. Ctrl-C ends it early, with the report.
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
