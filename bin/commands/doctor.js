'use strict'

// Looks at all that a client stands on, and says of each thing whether it is well, and else what to do.

const documents = require('../../lib/config/config-file')
const time = require('../lib/time')
const { printable } = require('../../lib/util/printable')
const { close, linesOf, open } = require('../lib/client')
const { here, clientOf, keys, proxies, writable } = require('./doctor/machine')
const { endpoint } = require('./doctor/endpoint')
const { waysOf } = require('./doctor/proxy-routes')

const FINE = 0
const PROBLEMS = 1
const MISUSED = 2

/** @typedef {{ check: string, status: 'ok' | 'warn' | 'fail', message: string, advice?: string }} Finding */

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether doctor [--config FILE] [--timeout 10s] [--json]',
  summary: 'Examines the machine, the configuration, the keys and the way to every endpoint, and says what to do.',
  help: `Looks at Node and the binary, the configuration, the files of queue and ledger, the keys (never shown), the proxy, and of every
endpoint: DNS, TCP, the chain of certificates, the clock, and whether its key is accepted (GET /models, which costs nothing).

  --config FILE   a configuration file. Default: as for a client
  --timeout TIME  for each endpoint; all are examined at once. Default 10s
  --json          {"ok", "findings": [{"check", "status", "message", "advice"}]}
  -h, --help      this

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
    timeout = time.ms(values.timeout, '--timeout', 10_000)
  } catch (error) {
    out.complain(`bellwether doctor: ${linesOf(error).join('; ')}\nUsage: ${command.usage}`)
    return MISUSED
  }
  const findings = here()
  /** @type {string[]} */
  const complaints = []
  const client = open('doctor', values, { ...out, complain: (line) => complaints.push(line.replace(/^bellwether doctor: /, '')) })
  if (client === undefined) {
    for (const message of complaints) findings.push({ check: 'configuration', status: 'fail', message, advice: 'mend it; bellwether check-config says the same with lines' })
  } else {
    try {
      const file = values.config ?? documents.find()
      findings.push({ check: 'configuration', status: 'ok', message: file === undefined ? 'keys from the environment' : `${file} is valid` })
      const { config, paths } = clientOf(file)
      const way = waysOf(file)
      const endpoints = client.getEndpointStatus().map(({ name, url }) => ({ name, url, way: way(name) }))
      findings.push(...paths.map(({ what, path }) => writable(what, path)), ...keys(config), ...proxies(endpoints))
      out.progress('examining the endpoints')
      const examined = await Promise.all(endpoints.map(({ name, url, way }) => endpoint(client, name, url, way, timeout)))
      findings.push(...examined.flat())
    } finally {
      out.progress('')
      await close(client)
    }
  }
  const ok = findings.every(({ status }) => status !== 'fail')
  if (values.json) out.say(JSON.stringify({ ok, findings }, null, 2))
  else for (const finding of findings) out.say(line(finding, out))
  return ok ? FINE : PROBLEMS
}

/** @param {Finding} finding @param {import('../lib/output').Out} out */
function line ({ check, status, message, advice }, out) {
  const word = status === 'fail' ? out.red('fail') : status === 'warn' ? out.bold('warn') : 'ok  '
  return `${word}  ${printable(check)}: ${printable(message)}${advice === undefined ? '' : `\n      ${printable(advice)}`}`
}

module.exports = command
