'use strict'

// Serves a client over HTTP, for programs in other languages or processes.

const { FailoverClient } = require('../../lib/client/client')
const time = require('../lib/time')
const { formatProblem } = require('../../lib/util/errors')
const { stripControls } = require('../../lib/util/strip-controls')
const { createServer } = require('./serve/server')
const { requireToken, isLoopback } = require('./serve/guard')

const OK = 0
const PROBLEMS = 1
const MISUSE = 2
const MIN_TOKEN_LENGTH = 16
const MAX_PORT = 65_535

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether serve (--token-env NAME | --no-auth) [--config FILE] [--port 8787] [--host 127.0.0.1] [--drain 30s] [--json]',
  summary: 'Serves a client over HTTP in three vendor dialects, with health, metrics, events and a dashboard.',
  help: `  --token-env NAME  the variable that holds the token, of at least ${MIN_TOKEN_LENGTH} characters. Callers send it as their API key; a browser,
                    as the password of any user, to look at the dashboard. /livez, /readyz and /health are open to all
  --no-auth         accepts every request; only on 127.0.0.1, ::1 or localhost, and not from other sites' pages
  --config FILE     a configuration file, watched. Default: BELLWETHER_CONFIG, else bellwether.yaml, .yml or .json in the working
                    directory, else keys from the environment
  --port N          0 to ${MAX_PORT}; 0 chooses a free port. Default 8787
  --host ADDRESS    Default 127.0.0.1
  --drain TIME      how long calls in flight may take at the end: 10s, 2m. Default 30s
  --json            log lines as JSON
  -h, --help        show this help

Serves /v1 (OpenAI's and Anthropic's dialects), /v1beta (Google's), /livez, /readyz, /health, /metrics, /events, /dashboard.
At SIGTERM or SIGINT it stops accepting connections, /readyz answers 503, and calls in flight are answered; a second signal
ends it at once.

Examples:
  bellwether serve --no-auth
  BELLWETHER_TOKEN=$(openssl rand -hex 24) bellwether serve --token-env BELLWETHER_TOKEN --host 0.0.0.0 --config bellwether.yaml
  curl -H "authorization: Bearer $BELLWETHER_TOKEN" http://127.0.0.1:8787/v1/models

Exit code: 0 all calls were answered; 1 calls were cut short; 2 misuse, or it could not start.`,
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
  const failWithUsage = (/** @type {string} */ why) => {
    out.printError(`bellwether serve: ${why}\nUsage: ${command.usage}`)
    return MISUSE
  }
  const { host = '127.0.0.1', port: given = '8787', 'token-env': variable, 'no-auth': open = false, json = false } = values
  const port = /^\d{1,5}$/.test(given) ? Number(given) : NaN
  if (!(port <= MAX_PORT)) return failWithUsage(`--port must be a number from 0 to ${MAX_PORT}, got '${given}'`)
  if (open && variable !== undefined) return failWithUsage('--token-env and --no-auth exclude each other')
  if (open && !isLoopback(host)) return failWithUsage(`--no-auth requires 127.0.0.1, ::1 or localhost, got --host ${host}: use --token-env for other addresses`)
  if (!open && variable === undefined) return failWithUsage('--token-env NAME is required, or --no-auth to accept every request from this machine')
  const token = variable === undefined ? '' : process.env[variable] ?? ''
  if (!open && token.length < MIN_TOKEN_LENGTH) return failWithUsage(`the variable ${variable} must contain a token of at least ${MIN_TOKEN_LENGTH} characters, but ${token === '' ? 'is empty or not set' : `has ${token.length}`}`)
  // A header cannot carry other characters.
  if (/[^!-~]/.test(token)) return failWithUsage(`the variable ${variable} must contain a token of printable ASCII characters without spaces`)
  let drain
  let client
  try {
    drain = time.parseDuration(values.drain, '--drain', 30_000)
    client = values.config === undefined ? new FailoverClient() : FailoverClient.fromConfig(values.config, { watch: true })
  } catch (/** @type {any} */ error) {
    for (const line of error.problems?.map(formatProblem) ?? [error.message]) out.printError(`bellwether serve: ${line}`)
    return MISUSE
  }
  const log = logger(out, json)
  client.on('config', ({ message }) => log('config', message))
  client.on('failover', ({ from, to, reason }) => log('failover', `${from.endpoint} → ${to.endpoint}: ${reason}`))
  const served = createServer(/** @type {any} */ (client), open ? 'none' : requireToken(token))
  let address
  try {
    address = await served.listen(port, host)
  } catch (/** @type {any} */ error) {
    await client.close()
    out.printError(`bellwether serve: cannot listen on ${host}:${port}: ${error.code ?? error.message}`)
    return MISUSE
  }
  const url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
  const signal = nextSignal()
  log('listening', `listening on ${url}${open ? ' without authentication (--no-auth)' : ''}`, { url })
  log('ending', `${await signal}: answering ${served.active} requests in flight`)
  // A second signal ends the process at once.
  nextSignal().then((name) => {
    log('ended', `second ${name}: ended at once`)
    process.exit(served.active > 0 ? PROBLEMS : OK)
  })
  const cut = await served.end(drain)
  log('ended', cut > 0 ? `ended; ${cut} calls were cut short` : 'ended; all calls were answered')
  // The signal listeners would keep the process alive.
  setImmediate(() => process.exit())
  return cut > 0 ? PROBLEMS : OK
}

/** @returns {Promise<string>} */
function nextSignal () {
  return new Promise((resolve) => {
    const names = /** @type {NodeJS.Signals[]} */ (['SIGTERM', 'SIGINT'])
    const onSignal = (/** @type {NodeJS.Signals} */ name) => {
      for (const one of names) process.off(one, onSignal)
      resolve(name)
    }
    for (const name of names) process.on(name, onSignal)
  })
}

/** @param {import('../lib/output').Out} out @param {boolean} json */
function logger (out, json) {
  return (/** @type {string} */ event, /** @type {string} */ message, more = {}) => {
    out.print(json ? JSON.stringify({ time: new Date().toISOString(), event, message, ...more }) : `bellwether: ${stripControls(message)}`)
  }
}

module.exports = command
