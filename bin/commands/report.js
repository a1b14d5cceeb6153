'use strict'

// Reports health, incidents and costs of a running process, or the costs in a ledger.

const fs = require('node:fs')
const native = require('../../lib/native/addon')
const time = require('../lib/time')
const { CostReport } = require('../../lib/client/costs')
const { healthReport } = require('../../lib/monitor/health-report')
const { withFormatters } = require('../../lib/monitor/incident-report')
const { stripControls } = require('../../lib/util/strip-controls')
const { errorLines } = require('../lib/client')
const { formatMarkdownTable } = require('../lib/table')

const OK = 0
const PROBLEMS = 1
const MISUSE = 2
const NOT_A_REPORT = 'the response is not the data of a dashboard of this version'
/** In bytes; a report is smaller. */
const MAX_BYTES = 64 * 1024 * 1024

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether report (--url URL [--token-env NAME] | --ledger FILE) [--markdown | --json] [--timeout 10s]',
  summary: 'Reports the health, incidents and costs of a running process, or the costs in a ledger.',
  help: `  --url URL         the data of its dashboard: http://127.0.0.1:8787/dashboard/data.json
  --token-env NAME  the variable that holds the token it asks for
  --ledger FILE     the file that a client's costs.path names, instead of a process
  --timeout TIME    for the request. Default 10s
  --markdown        the report as Markdown
  --json            {"health", "incidents", "costs"}; of a ledger {"costs"}
  -h, --help        show this help

Examples:
  bellwether report --url http://127.0.0.1:8787/dashboard/data.json
  bellwether report --url https://ops.example/dashboard/data.json --token-env BELLWETHER_TOKEN --markdown > report.md
  bellwether report --ledger /var/lib/app/costs.json --json | jq .costs.total

Exit code: 0 success, 1 no report could be read, 2 misuse, or the file cannot be read.`,
  options: {
    url: { type: 'string' },
    'token-env': { type: 'string' },
    ledger: { type: 'string' },
    timeout: { type: 'string' },
    markdown: { type: 'boolean' },
    json: { type: 'boolean' }
  },
  run
}

/** @type {import('../bellwether').Command['run']} */
async function run ({ values }, out) {
  const { url, ledger, 'token-env': variable } = values
  const failWithUsage = (/** @type {string} */ why) => {
    out.printError(`bellwether report: ${why}\nUsage: ${command.usage}`)
    return MISUSE
  }
  if ((url === undefined) === (ledger === undefined)) return failWithUsage('either --url or --ledger is required')
  if (values.markdown && values.json) return failWithUsage('--json and --markdown exclude each other')
  if (ledger !== undefined) return reportLedger(ledger, values, out)
  let timeout
  try {
    timeout = time.parseDuration(values.timeout, '--timeout', 10_000)
  } catch (error) {
    return failWithUsage(errorLines(error).join('; '))
  }
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return failWithUsage('--url must be an http:// or https:// address')
  if (new URL(url).username !== '' || new URL(url).password !== '') return failWithUsage('--url must not contain a password, which other users could see: use --token-env NAME')
  const token = variable === undefined ? undefined : process.env[variable]
  if (variable !== undefined && !token) return failWithUsage(`the variable ${variable} is empty or not set`)
  // fetch would quote an invalid header value in its error.
  if (token !== undefined && /[^!-~]/.test(token)) return failWithUsage(`the variable ${variable} must contain a token of printable ASCII characters without spaces`)
  try {
    const answer = await fetchData(url, token, timeout)
    out.print(formatReport(answer, values))
    return OK
  } catch (/** @type {any} */ error) {
    const why = error.name === 'TimeoutError' ? `no answer within ${timeout} ms` : error.cause?.code ?? error.cause?.message ?? error.message
    out.printError(`bellwether report: ${stripControls(String(why))}`)
    return PROBLEMS
  }
}

/** @param {any} answer @param {Record<string, any>} values */
function formatReport (answer, values) {
  try {
    const data = { health: healthReport(answer.health), incidents: answer.incidents.map(withFormatters), costs: new CostReport(answer.costs.report) }
    // Formatting also validates a report that is printed as JSON.
    const formatted = values.markdown ? formatMarkdown(data) : formatText(data)
    return values.json ? JSON.stringify(data, null, 2) : formatted
  } catch {
    throw new Error(NOT_A_REPORT)
  }
}

/** @param {string} url @param {string | undefined} token @param {number} timeout */
async function fetchData (url, token, timeout) {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeout), redirect: 'error', headers: { accept: 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) } })
  if (response.status === 401) throw new Error('the process answers 401: set its token with --token-env')
  if (!response.ok) throw new Error(`the process answers ${response.status}`)
  const parts = []
  let size = 0
  for await (const part of /** @type {any} */ (response.body ?? [])) {
    size += part.length
    if (size > MAX_BYTES) throw new Error('the response is larger than any report')
    parts.push(part)
  }
  let data
  try {
    data = JSON.parse(Buffer.concat(parts).toString('utf8'))
  } catch {
    throw new Error('the response is not JSON: --url must be the address of dashboard/data.json')
  }
  if (!Array.isArray(data?.health?.endpoints) || !Array.isArray(data.incidents) || data.costs?.report?.total === undefined) throw new Error(NOT_A_REPORT)
  return data
}

/** @param {string} file @param {Record<string, any>} values @param {import('../lib/output').Out} out */
function reportLedger (file, values, out) {
  let ledger
  try {
    // Reading a device would not end.
    if (!fs.statSync(file).isFile()) throw Object.assign(new Error(), { code: 'not a file' })
    ledger = fs.readFileSync(file, 'utf8')
  } catch (/** @type {any} */ error) {
    out.printError(`bellwether report: '${file}' cannot be read: ${error.code}`)
    return MISUSE
  }
  try {
    const costs = new CostReport(JSON.parse(native.ledgerReport(ledger)))
    out.print(values.json ? JSON.stringify({ costs }, null, 2) : (values.markdown ? costs.toMarkdown() : String(costs)).trimEnd())
    return OK
  } catch (/** @type {any} */ error) {
    out.printError(`bellwether report: '${file}' is not a ledger: ${error.message}`)
    return PROBLEMS
  }
}

/** @param {any} data */
function formatText ({ health, incidents, costs }) {
  const incidentTexts = incidents.length === 0 ? ['No incidents'] : incidents.map((/** @type {any} */ one) => String(one))
  return [String(health), '', ...incidentTexts.flatMap((/** @type {string} */ one) => [one, '']), String(costs).trimEnd()].join('\n')
}

/** @param {any} data */
function formatMarkdown ({ health, incidents, costs }) {
  const rows = health.endpoints.map((/** @type {any} */ e) => [e.name, e.status, String(e.totalRequests), `${e.successRate} %`, `${e.rateLimitRate} %`, `${Math.round(e.avgLatencyMs)} ms`])
  return [
    `# Health ${health.overallStatus} at ${health.timestamp}`, '', ...formatMarkdownTable([['endpoint', 'status', 'requests', 'succeeded', 'rate limited', 'average'], ...rows]), '',
    ...(incidents.length === 0 ? ['No incidents.', ''] : incidents.flatMap((/** @type {any} */ one) => [one.toMarkdown().trimEnd(), ''])), costs.toMarkdown().trimEnd()
  ].join('\n')
}

module.exports = command
