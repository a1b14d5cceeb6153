'use strict'

// The client as a server of its own, for those whose programs are in other languages or processes.

const { FailoverClient } = require('../../lib/client/client')
const time = require('../lib/time')
const { lineOf } = require('../../lib/util/errors')
const { printable } = require('../../lib/util/printable')
const { createServer } = require('./serve/server')
const { byToken, isLoopback } = require('./serve/guard')

const FINE = 0
const PROBLEMS = 1
const MISUSED = 2
const SHORTEST = 16
const HIGHEST_PORT = 65_535

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether serve (--token-env NAME | --no-auth) [--config FILE] [--port 8787] [--host 127.0.0.1] [--drain 30s] [--json]',
  summary: 'Serves a client over HTTP: as a vendor in three dialects, with health, metrics, events and a dashboard.',
  help: `  --token-env NAME  the variable that holds the token, of at least ${SHORTEST} characters. Callers send it as their API key; a browser,
                    as the password of any user, to look at the dashboard. /livez, /readyz and /health are open to all
  --no-auth         whoever reaches the port may call; only on 127.0.0.1, ::1 or localhost, and not for other sites' pages
  --config FILE     a configuration file, watched. Default: BELLWETHER_CONFIG, else bellwether.yaml, .yml or .json in the working
                    directory, else keys from the environment
  --port N          0 to ${HIGHEST_PORT}; 0 takes one that is free. Default 8787
  --host ADDRESS    Default 127.0.0.1
  --drain TIME      how long calls under way may take once it is to end: 10s, 2m. Default 30s
  --json            lines of log as JSON
  -h, --help        this

Serves /v1 (OpenAI's and Anthropic's dialects), /v1beta (Google's), /livez, /readyz, /health, /metrics, /events, /dashboard.
At SIGTERM or SIGINT it takes no more connections, /readyz says 503, and calls under way are answered; a second signal ends
it at once.

Examples:
  bellwether serve --no-auth
  BELLWETHER_TOKEN=$(openssl rand -hex 24) bellwether serve --token-env BELLWETHER_TOKEN --host 0.0.0.0 --config bellwether.yaml
  curl -H "authorization: Bearer $BELLWETHER_TOKEN" http://127.0.0.1:8787/v1/models

Exit code: 0 ended, all calls answered; 1 calls were cut short; 2 misuse, or it cannot be served as asked.`,
  options: {
    'token-env': { type: 'string' },
    'no-auth': { type: 'boolean' },
    config: { type: 'string' },
    port: { type: 'string' },
    host: { type: 'string' },
    drain: { type: 'string' },
    json: { type: 'boolean' }
  },
  run
}

/** @type {import('../bellwether').Command['run']} */
async function run ({ values }, out) {
  const misused = (/** @type {string} */ why) => {
    out.complain(`bellwether serve: ${why}\nUsage: ${command.usage}`)
    return MISUSED
  }
  const { host = '127.0.0.1', port: given = '8787', 'token-env': variable, 'no-auth': open = false, json = false } = values
  const port = /^\d{1,5}$/.test(given) ? Number(given) : NaN
  if (!(port <= HIGHEST_PORT)) return misused(`--port must be a number from 0 to ${HIGHEST_PORT}, got '${given}'`)
  if (open && variable !== undefined) return misused('--token-env and --no-auth exclude each other')
  if (open && !isLoopback(host)) return misused(`--no-auth is for 127.0.0.1, ::1 and localhost alone, got --host ${host}: beyond this machine a token is needed (--token-env)`)
  if (!open && variable === undefined) return misused('say who may use it: --token-env NAME, or --no-auth for whoever reaches the port of this machine')
  const token = variable === undefined ? '' : process.env[variable] ?? ''
  if (!open && token.length < SHORTEST) return misused(`the variable ${variable} must hold a token of at least ${SHORTEST} characters, and ${token === '' ? 'is empty or not set' : `holds ${token.length}`}`)
  // A header could not say it.
  if (/[^!-~]/.test(token)) return misused(`the variable ${variable} must hold a token of letters, digits and signs of ASCII, without spaces`)
  let drain
  let client
  try {
    drain = time.ms(values.drain, '--drain', 30_000)
    client = values.config === undefined ? new FailoverClient() : FailoverClient.fromConfig(values.config, { watch: true })
  } catch (/** @type {any} */ error) {
    for (const line of error.problems?.map(lineOf) ?? [error.message]) out.complain(`bellwether serve: ${line}`)
    return MISUSED
  }
  const log = logger(out, json)
  client.on('config', ({ message }) => log('config', message))
  client.on('failover', ({ from, to, reason }) => log('failover', `${from.endpoint} → ${to.endpoint}: ${reason}`))
  const served = createServer(/** @type {any} */ (client), open ? 'none' : byToken(token))
  let address
  try {
    address = await served.listen(port, host)
  } catch (/** @type {any} */ error) {
    await client.close()
    out.complain(`bellwether serve: cannot listen on ${host}:${port}: ${error.code ?? error.message}`)
    return MISUSED
  }
  const url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
  const signal = signalled()
  log('listening', `listening on ${url}${open ? ' for whoever reaches it (--no-auth)' : ''}`, { url })
  log('ending', `${await signal}: answering ${served.active} under way`)
  // A second one is not waited for.
  signalled().then((name) => {
    log('ended', `${name} again: ended at once`)
    process.exit(served.active > 0 ? PROBLEMS : FINE)
  })
  const cut = await served.end(drain)
  log('ended', cut > 0 ? `ended; ${cut} calls were cut short` : 'ended; all calls were answered')
  // Signals would be waited for, else.
  setImmediate(() => process.exit())
  return cut > 0 ? PROBLEMS : FINE
}

/** @returns {Promise<string>} */
function signalled () {
  return new Promise((resolve) => {
    const names = /** @type {NodeJS.Signals[]} */ (['SIGTERM', 'SIGINT'])
    const heard = (/** @type {NodeJS.Signals} */ name) => {
      for (const one of names) process.off(one, heard)
      resolve(name)
    }
    for (const name of names) process.on(name, heard)
  })
}

/** @param {import('../lib/output').Out} out @param {boolean} json */
function logger (out, json) {
  return (/** @type {string} */ event, /** @type {string} */ message, more = {}) => {
    out.say(json ? JSON.stringify({ time: new Date().toISOString(), event, message, ...more }) : `bellwether: ${printable(message)}`)
  }
}

module.exports = command
