'use strict'

const fs = require('node:fs')
const { parseArgs } = require('node:util')

const HELP = `Usage: npm run replay [-- options]

Replays a published outage: 847,293 requests, the primary vendor down for the middle part. Three simulated vendors, each a process of
its own, answer with latencies like real ones, a tenth as long; the primary first answers with errors, then is killed, and comes back
after two thirds. Ends with the incident report of bellwether beside the published figures.

  --requests N      how many are sent, 500 to 847293 (default 20000)
  --concurrency N   how many workers send them, 1 to 1000 (default 100)
  --svg FILE        writes the incident's picture there
  --json            one JSON object on stdout; progress goes to stderr
  --help            this text

NO_COLOR is respected. Exit code: 0 if no request was lost and detection and recovery each took under a second, 1 otherwise, 2 if
it could not run.
`

/** @param {string[]} args */
function parse (args) {
  let values
  try {
    ({ values } = parseArgs({
      args,
      options: {
        requests: { type: 'string' }, concurrency: { type: 'string' }, svg: { type: 'string' }, json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false }
      }
    }))
  } catch (error) {
    misuse(/** @type {Error} */ (error).message.split('. ')[0])
  }
  if (values.help) {
    process.stdout.write(HELP)
    process.exit(0)
  }
  if (values.svg !== undefined) writable(values.svg)
  return {
    requests: whole('requests', values.requests, 500, 847_293) ?? 20_000,
    concurrency: whole('concurrency', values.concurrency, 1, 1_000) ?? 100,
    svg: values.svg,
    json: values.json
  }
}

/** Before half a minute is spent. */
function writable (file) {
  try {
    fs.closeSync(fs.openSync(file, 'a'))
  } catch (error) {
    misuse(`--svg: '${file}' cannot be written: ${/** @type {any} */ (error).code}`)
  }
}

function whole (name, text, min, max) {
  if (text === undefined) return undefined
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= min && number <= max) return number
  return misuse(`--${name} must be a whole number from ${min} to ${max}, got '${text}'`)
}

/** @returns {never} */
function misuse (text) {
  process.stderr.write(`bellwether replay: ${text}; see --help\n`)
  process.exit(2)
}

module.exports = { parse }
