'use strict'

const { readOptions } = require('../lib/options')

const HELP = `Usage: npm run demo [-- options]

Sends requests through bellwether to three simulated vendors, each a process of its own. After a third of the
requests the primary is killed; after two thirds it is revived on its port. The same is done before with plain
fetch to the primary, without failure handling. Ends with a table that compares the two.

  --requests N      requests per phase, 10 to 100000 (default 1000; with --live 20)
  --concurrency N   number of workers, 1 to 1000 (default 50; with --live 5)
  --json            one JSON object on stdout; progress goes to stderr
  --live            calls real vendors, which COSTS MONEY; nothing is killed. Keys come from OPENAI_API_KEY,
                    DEEPSEEK_API_KEY or HOLYSHEEP_API_KEY
  --help            show this help

NO_COLOR is respected. Exit code: 0 if no request was lost with bellwether, 1 if any was, 2 if the demo could not run.
`

/** @param {string[]} args */
function parse (args) {
  const { values, whole } = readOptions({ name: 'demo', help: HELP }, args, {
    requests: { type: 'string' }, concurrency: { type: 'string' }, json: { type: 'boolean', default: false }, live: { type: 'boolean', default: false }
  })
  return {
    requests: whole('requests', 10, 100_000) ?? (values.live ? 20 : 1000),
    concurrency: whole('concurrency', 1, 1000) ?? (values.live ? 5 : 50),
    json: values.json,
    live: values.live
  }
}

module.exports = { parse }
