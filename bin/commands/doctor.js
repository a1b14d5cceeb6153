'use strict'

// Checks everything that a client depends on, and gives advice for each problem.

const configFiles = require('../../lib/config/config-file')
const time = require('../lib/time')
const { stripControls } = require('../../lib/util/strip-controls')
const { closeClient, errorLines, openClient } = require('../lib/client')
const { checkMachine, readConfig, checkKeys, checkProxies, checkWritable } = require('./doctor/machine')
const { checkEndpoint } = require('./doctor/endpoint')
const { readProxyRoutes } = require('./doctor/proxy-routes')

const OK = 0
const PROBLEMS = 1
const MISUSE = 2

/** @typedef {{ check: string, status: 'ok' | 'warn' | 'fail', message: string, advice?: string }} Finding */

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether doctor [--config FILE] [--timeout 10s] [--json]',
  summary: 'Checks the machine, the configuration, the keys and the connection to every endpoint, with advice for each problem.',
  help: `Checks Node and the addon, the configuration, the files of queue and ledger, the keys (never shown), the proxy, and for every
endpoint: DNS, TCP, the certificate, the clock, and whether its key is accepted (GET /models, which is free).

  --config FILE   a configuration file. Default: as for a client
  --timeout TIME  for each endpoint; all are checked at once. Default 10s
  --json          {"ok", "findings": [{"check", "status", "message", "advice"}]}
  -h, --help      show this help

Examples:
  bellwether doctor
  bellwether doctor --config deploy/bellwether.yaml --timeout 3s
  bellwether doctor --json | jq '.findings[] | select(.status != "ok")'

Exit code: 0 nothing failed, 1 something did, 2 misuse.`,
  options: { config: { type: 'string' }, timeout: { type: 'string' }, json: { type: 'boolean' } },
  run
}

/** @type {import('../bellwether').Command['run']} */
async function run ({ values }, out) {
  let timeout
  try {
    timeout = time.parseDuration(values.timeout, '--timeout', 10_000)
  } catch (error) {
    out.printError(`bellwether doctor: ${errorLines(error).join('; ')}\nUsage: ${command.usage}`)
    return MISUSE
  }
  const findings = checkMachine()
  /** @type {string[]} */
  const configErrors = []
  const client = openClient('doctor', values, { ...out, printError: (line) => configErrors.push(line.replace(/^bellwether doctor: /, '')) })
  if (client === undefined) {
    for (const message of configErrors) findings.push({ check: 'configuration', status: 'fail', message, advice: 'fix the configuration; bellwether check-config shows the lines' })
  } else {
    try {
      const file = values.config ?? configFiles.findConfigFile()
      findings.push({ check: 'configuration', status: 'ok', message: file === undefined ? 'keys from the environment' : `${file} is valid` })
      const { config, paths } = readConfig(file)
      const routeOf = readProxyRoutes(file)
      const endpoints = client.getEndpointStatus().map(({ name, url }) => ({ name, url, route: routeOf(name) }))
      findings.push(...paths.map(({ what, path }) => checkWritable(what, path)), ...checkKeys(config), ...checkProxies(endpoints))
      out.progress('checking the endpoints')
      const examined = await Promise.all(endpoints.map(({ name, url, route }) => checkEndpoint(client, name, url, route, timeout)))
      findings.push(...examined.flat())
    } finally {
      out.progress('')
      await closeClient(client)
    }
  }
  const ok = findings.every(({ status }) => status !== 'fail')
  if (values.json) out.print(JSON.stringify({ ok, findings }, null, 2))
  else for (const finding of findings) out.print(formatFinding(finding, out))
  return ok ? OK : PROBLEMS
}

/** @param {Finding} finding @param {import('../lib/output').Out} out */
function formatFinding ({ check, status, message, advice }, out) {
  const word = status === 'fail' ? out.red('fail') : status === 'warn' ? out.bold('warn') : 'ok  '
  return `${word}  ${stripControls(check)}: ${stripControls(message)}${advice === undefined ? '' : `\n      ${stripControls(advice)}`}`
}

module.exports = command
