'use strict'

// How a running process stands, or what a ledger says: health, incidents and costs in one.

const fs = require('node:fs')
const native = require('../../lib/native/addon')
const time = require('../lib/time')
const { CostReport } = require('../../lib/client/costs')
const { healthReport } = require('../../lib/monitor/health-report')
const { incidentReport } = require('../../lib/monitor/incident-report')
const { printable } = require('../../lib/util/printable')
const { linesOf } = require('../lib/client')
const { markdownOf } = require('../lib/table')

const FINE = 0
const PROBLEMS = 1
const MISUSED = 2
const NONE = 'the answer is no data of a dashboard of this version'
/** More than any process says. */
const LARGEST = 64 * 1024 * 1024

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether report (--url URL [--token-env NAME] | --ledger FILE) [--markdown | --json] [--timeout 10s]',
  summary: 'Reports the health, incidents and costs of a running process, or the costs in a ledger.',
  help: `  --url URL         the data of its dashboard: http://127.0.0.1:8787/dashboard/data.json
  --token-env NAME  the variable that holds the token it asks for
  --ledger FILE     the file that a client's costs.path names, instead of a process
  --timeout TIME    how long the process may take. Default 10s
  --markdown        a page
  --json            {"health", "incidents", "costs"}; of a ledger {"costs"}
  -h, --help        this

Examples:
  bellwether report --url http://127.0.0.1:8787/dashboard/data.json
  bellwether report --url https://ops.example/dashboard/data.json --token-env BELLWETHER_TOKEN --markdown > report.md
  bellwether report --ledger /var/lib/app/costs.json --json | jq .costs.total

Exit code: 0 fine, 1 it does not answer, or not with a report, 2 misuse, or there is no file that can be read.`,
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
  const misused = (/** @type {string} */ why) => {
    out.complain(`bellwether report: ${why}\nUsage: ${command.usage}`)
    return MISUSED
  }
  if ((url === undefined) === (ledger === undefined)) return misused('say of what: either --url or --ledger')
  if (values.markdown && values.json) return misused('--json and --markdown exclude each other')
  if (ledger !== undefined) return ofLedger(ledger, values, out)
  let timeout
  try {
    timeout = time.ms(values.timeout, '--timeout', 10_000)
  } catch (error) {
    return misused(linesOf(error).join('; '))
  }
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return misused('--url must be an http:// or https:// address')
  if (new URL(url).username !== '' || new URL(url).password !== '') return misused('--url must hold no password, which others could see: use --token-env NAME')
  const token = variable === undefined ? undefined : process.env[variable]
  if (variable !== undefined && !token) return misused(`the variable ${variable} is empty or not set`)
  // Who refuses it would quote it.
  if (token !== undefined && /[^!-~]/.test(token)) return misused(`the variable ${variable} must hold a token of letters, digits and signs of ASCII, without spaces`)
  try {
    const answer = await ask(url, token, timeout)
    out.say(written(answer, values))
    return FINE
  } catch (/** @type {any} */ error) {
    const why = error.name === 'TimeoutError' ? `no answer within ${timeout} ms` : error.cause?.code ?? error.cause?.message ?? error.message
    out.complain(`bellwether report: ${printable(String(why))}`)
    return PROBLEMS
  }
}

/** @param {any} answer @param {Record<string, any>} values */
function written (answer, values) {
  try {
    const data = { health: healthReport(answer.health), incidents: answer.incidents.map(incidentReport), costs: new CostReport(answer.costs.report) }
    // Also what JSON takes as it is must be a report.
    const said = values.markdown ? markdown(data) : text(data)
    return values.json ? JSON.stringify(data, null, 2) : said
  } catch {
    throw new Error(NONE)
  }
}

/** @param {string} url @param {string | undefined} token @param {number} timeout */
async function ask (url, token, timeout) {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeout), redirect: 'error', headers: { accept: 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) } })
  if (response.status === 401) throw new Error('the process refuses: 401; give its token with --token-env')
  if (!response.ok) throw new Error(`the process answers ${response.status}`)
  const parts = []
  let size = 0
  for await (const part of /** @type {any} */ (response.body ?? [])) {
    size += part.length
    if (size > LARGEST) throw new Error('the answer is larger than any report')
    parts.push(part)
  }
  let data
  try {
    data = JSON.parse(Buffer.concat(parts).toString('utf8'))
  } catch {
    throw new Error('the answer is no JSON: --url must name dashboard/data.json')
  }
  if (!Array.isArray(data?.health?.endpoints) || !Array.isArray(data.incidents) || data.costs?.report?.total === undefined) throw new Error(NONE)
  return data
}

/** @param {string} file @param {Record<string, any>} values @param {import('../lib/output').Out} out */
function ofLedger (file, values, out) {
  let ledger
  try {
    // A device has no end.
    if (!fs.statSync(file).isFile()) throw Object.assign(new Error(), { code: 'not a file' })
    ledger = fs.readFileSync(file, 'utf8')
  } catch (/** @type {any} */ error) {
    out.complain(`bellwether report: '${file}' cannot be read: ${error.code}`)
    return MISUSED
  }
  try {
    const costs = new CostReport(JSON.parse(native.ledgerReport(ledger)))
    out.say(values.json ? JSON.stringify({ costs }, null, 2) : (values.markdown ? costs.toMarkdown() : String(costs)).trimEnd())
    return FINE
  } catch (/** @type {any} */ error) {
    out.complain(`bellwether report: '${file}' holds no ledger: ${error.message}`)
    return PROBLEMS
  }
}

/** @param {any} data */
function text ({ health, incidents, costs }) {
  const told = incidents.length === 0 ? ['No incidents'] : incidents.map((/** @type {any} */ one) => String(one))
  return [String(health), '', ...told.flatMap((/** @type {string} */ one) => [one, '']), String(costs).trimEnd()].join('\n')
}

/** @param {any} data */
function markdown ({ health, incidents, costs }) {
  const rows = health.endpoints.map((/** @type {any} */ e) => [e.name, e.status, String(e.totalRequests), `${e.successRate} %`, `${e.rateLimitRate} %`, `${Math.round(e.avgLatencyMs)} ms`])
  return [
    `# Health ${health.overallStatus} at ${health.timestamp}`, '', ...markdownOf([['endpoint', 'status', 'requests', 'succeeded', 'rate limited', 'average'], ...rows]), '',
    ...(incidents.length === 0 ? ['No incidents.', ''] : incidents.flatMap((/** @type {any} */ one) => [one.toMarkdown().trimEnd(), ''])), costs.toMarkdown().trimEnd()
  ].join('\n')
}

module.exports = command
