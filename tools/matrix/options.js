'use strict'

const { readOptions } = require('../lib/options')

const HELP = `Usage: npm run matrix -- [options]

Every SDK requests every kind of answer on every path, while its vendor is healthy, down, or breaks off, over real sockets
to local vendors. The SDK's result must match the vendor's answer.

  --only TEXT   only cells with this in their name, such as 'google stream', 'express to relay' or
                'langchain/openai tools fetch cut after'
  --json        one JSON object on stdout
  --help        show this help

Exit code: 0 if every cell passes, 1 if not, 2 if it could not run.
`

/** @param {string[]} args */
function parse (args) {
  const { values, misuse } = readOptions({ name: 'matrix', help: HELP }, args, {
    only: { type: 'string', default: '' }, json: { type: 'boolean', default: false }
  })
  return { only: values.only.toLowerCase(), json: values.json, misuse }
}

module.exports = { parse }
