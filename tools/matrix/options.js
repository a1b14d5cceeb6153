'use strict'

const { parseArgs } = require('node:util')

const HELP = `Usage: npm run matrix -- [options]

Every SDK asks for every kind of answer on every path, while its vendor is well, down, or breaks off; over real sockets,
and against vendors that run here. What the SDK makes of it must be what the vendor sent.

  --only TEXT   the cells whose name holds this, such as 'google stream', 'express to relay' or
                'langchain/openai tools fetch cut after'
  --json        one JSON object on stdout
  --help        this text

Exit code: 0 if every cell holds, 1 if not, 2 if it could not run.
`

/** @param {string[]} args */
function parse (args) {
  let values
  try {
    ({ values } = parseArgs({
      args,
      options: { only: { type: 'string', default: '' }, json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } }
    }))
  } catch (error) {
    misuse(error.message.split(/\.\s/)[0])
  }
  if (values.help) {
    process.stdout.write(HELP)
    process.exit(0)
  }
  return { only: values.only.toLowerCase(), json: values.json }
}

/** @param {string} text @returns {never} */
function misuse (text) {
  process.stderr.write(`bellwether matrix: ${text}; see --help\n`)
  process.exit(2)
}

module.exports = { parse, misuse }
