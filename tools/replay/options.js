'use strict'

const fs = require('node:fs')
const { readOptions } = require('../lib/options')

const HELP = `Usage: npm run replay [-- options]

Replays a published outage: 847,293 requests, the primary vendor down for the middle part. Three simulated vendors, each a process of
its own, answer with latencies like real ones, a tenth as long; the primary first answers with errors, then is killed, and comes back
after two thirds. Ends with bellwether's incident report and a comparison with the published figures.

  --requests N      number of requests, 500 to 847293 (default 20000)
  --concurrency N   number of workers, 1 to 1000 (default 100)
  --svg FILE        writes the incident's chart to this file
  --json            one JSON object on stdout; progress goes to stderr
  --help            show this help

NO_COLOR is respected. Exit code: 0 if no request was lost and detection and recovery each took under a second, 1 otherwise, 2 if
it could not run.
`

/** @param {string[]} args */
function parse (args) {
  const { values, whole, misuse } = readOptions({ name: 'replay', help: HELP }, args, {
    requests: { type: 'string' }, concurrency: { type: 'string' }, svg: { type: 'string' }, json: { type: 'boolean', default: false }
  })
  const requests = whole('requests', 500, 847_293) ?? 20_000
  const concurrency = whole('concurrency', 1, 1_000) ?? 100
  try {
    // Checked before the replay, which takes half a minute.
    if (values.svg !== undefined) fs.closeSync(fs.openSync(values.svg, 'a'))
  } catch (error) {
    misuse(`--svg: '${values.svg}' cannot be written: ${/** @type {any} */ (error).code}`)
  }
  return { requests, concurrency, svg: values.svg, json: values.json }
}

module.exports = { parse }
