'use strict'

// Reports the costs in a ledger file.

const fs = require('node:fs')
const native = require('../../lib/native/addon')
const { CostReport, readDays } = require('../../lib/client/costs')
const { formatProblem } = require('../../lib/util/errors')

const OK = 0
const PROBLEMS = 1
const MISUSE = 2
const FORMATS = { text: String, markdown: (/** @type {any} */ report) => report.toMarkdown(), csv: (/** @type {any} */ report) => report.toCsv() }

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether costs <file> [--from DATE] [--to DATE] [--format text|markdown|csv] [--json]',
  summary: 'Reports the costs in a ledger file by model, endpoint, tag, month and day.',
  help: `The file is the one that a client's costs.path names. The last second of a running client may
be missing.

  --from DATE    the first day, of UTC: 2026-11-01. Default: everything
  --to DATE      the last day, included. Default: today
  --format FORM  text (default), markdown, or csv
  --json         the report as a client gives it
  -h, --help     show this help

Examples:
  bellwether costs /var/lib/app/costs.json
  bellwether costs costs.json --from 2026-11-01 --format csv > november.csv
  bellwether costs costs.json --json | jq .total.costUsd

Exit code: 0 success, 1 the file is not a ledger, 2 misuse, or the file cannot be read.`,
  options: { from: { type: 'string' }, to: { type: 'string' }, format: { type: 'string' }, json: { type: 'boolean' } },
  positionals: 1,
  run
}

/** @type {import('../bellwether').Command['run']} */
function run ({ values: { from, to, format = 'text', json }, positionals: [file] }, out) {
  const failWithUsage = (/** @type {string} */ why) => {
    out.printError(`bellwether costs: ${why}\nUsage: ${command.usage}`)
    return MISUSE
  }
  if (file === undefined) return failWithUsage('the file is missing')
  if (!Object.hasOwn(FORMATS, format)) return failWithUsage(`--format must be one of ${Object.keys(FORMATS).join(', ')}, got '${format}'`)
  let first
  let last
  try {
    [first, last] = readDays(from, to, '--from', '--to')
  } catch (/** @type {any} */ error) {
    return failWithUsage(error.problems.map(formatProblem).join('; '))
  }
  let text
  try {
    // Reading a device would not end.
    text = fs.statSync(file).isFile() ? fs.readFileSync(file, 'utf8') : undefined
  } catch (/** @type {any} */ error) {
    out.printError(`bellwether costs: '${file}' cannot be read: ${error.code}`)
    return MISUSE
  }
  if (text === undefined) {
    out.printError(`bellwether costs: '${file}' is not a file`)
    return MISUSE
  }
  let report
  try {
    report = new CostReport(JSON.parse(native.ledgerReport(text, first, last)))
  } catch (/** @type {any} */ error) {
    out.printError(`bellwether costs: '${file}' is not a ledger: ${error.message}`)
    return PROBLEMS
  }
  out.print(json ? JSON.stringify(report, null, 2) : FORMATS[/** @type {keyof typeof FORMATS} */ (format)](report).trimEnd())
  return OK
}

module.exports = command
