'use strict'

// Shows the state of a running process in a terminal, live or once.

const time = require('../lib/time')
const { createSource, SourceError, delay } = require('./top/source')
const { renderScreen } = require('./top/screen')
const { openScreen } = require('./top/terminal')

const OK = 0
const PROBLEMS = 1
const MISUSE = 2
const MIN_INTERVAL_MS = 100
const MAX_INTERVAL_MS = 3_600_000
const PIPE_WIDTH = 120

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether top ADDRESS [--token-env NAME] [--once] [--json] [--interval 1s] [--ascii]',
  summary: 'Shows the state of a running process in a terminal: endpoints, failovers, alerts, incidents, costs.',
  help: `  ADDRESS           the dashboard's address, http://127.0.0.1:8787/dashboard
  --token-env NAME  the variable that holds the token, sent as authorization: Bearer
  --once            prints the current state and exits; the default if the output is not a terminal
  --json            one JSON object per interval: data.json, and figures of the last minute
  --interval TIME   the refresh interval, 100ms to 1h. Default 1s
  --ascii           ASCII characters only; the default if the locale is not UTF-8
  -h, --help        show this help

q or Ctrl-C ends it. NO_COLOR disables colours. Events are shown from the start of the command on.

Examples:
  bellwether top http://127.0.0.1:8787/dashboard
  BELLWETHER_TOKEN=… bellwether top https://llm.example.com/dashboard --token-env BELLWETHER_TOKEN
  bellwether top http://127.0.0.1:8787/dashboard --once || echo 'not healthy'
  bellwether top http://127.0.0.1:8787/dashboard --json --interval 10s | jq .figures.perSecond

Exit code: 0 ended, or healthy (--once); 1 not healthy (--once); 2 misuse, or the process cannot be reached.`,
  options: {
    'token-env': { type: 'string' },
    once: { type: 'boolean' },
    json: { type: 'boolean' },
    interval: { type: 'string' },
    ascii: { type: 'boolean' }
  },
  positionals: 1,
  run
}

/** @type {import('../bellwether').Command['run']} */
async function run ({ values, positionals: [address] }, out) {
  const failWithUsage = (/** @type {string} */ why) => {
    out.printError(`bellwether top: ${why}\nUsage: ${command.usage}`)
    return MISUSE
  }
  const { 'token-env': variable, json = false } = values
  if (address === undefined) return failWithUsage('the dashboard\'s address is missing, such as http://127.0.0.1:8787/dashboard')
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return failWithUsage(`the address must begin with http:// or https://, got '${address.slice(0, 80)}'`)
  if (url.username !== '' || url.password !== '') return failWithUsage('the address must not contain a password, which other users could see: use --token-env NAME')
  const token = variable === undefined ? undefined : process.env[variable] ?? ''
  if (token === '') return failWithUsage(`the variable ${variable} must contain the token, but is empty or not set`)
  if (token !== undefined && /[^!-~]/.test(token)) return failWithUsage(`the variable ${variable} must contain a token of printable ASCII characters without spaces`)
  /** @type {number} */
  let interval
  try {
    interval = time.parseDuration(values.interval, '--interval', 1_000)
  } catch (/** @type {any} */ error) {
    return failWithUsage(`--interval ${error.problems[0].message}`)
  }
  if (interval < MIN_INTERVAL_MS || interval > MAX_INTERVAL_MS) return failWithUsage(`--interval must be from 100ms to 1h, got '${values.interval}'`)

  const [format, { createModel, summary, currentAlerts }] = await Promise.all([import('../../dashboard/format.mjs'), import('../../dashboard/model.mjs')])
  const shared = { format, summary, currentAlerts }
  const model = createModel()
  const source = createSource(address, token)
  const unicode = values.ascii !== true && /utf-?8/i.test(process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || (process.platform === 'win32' ? 'utf8' : ''))
  const once = values.once === true || (!json && !process.stdout.isTTY)
  const renderLines = (/** @type {import('./top/screen').View} */ view) => {
    try {
      return renderScreen(model, source.href, view, shared)
    } catch {
      throw new SourceError(`${source.href} does not answer like a dashboard of this version`)
    }
  }
  try {
    model.data(await source.data(), Date.now())
    renderLines({ width: PIPE_WIDTH, height: Infinity, unicode, now: Date.now() })
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    out.printError(`bellwether top: ${error.message}`)
    return MISUSE
  }
  const figures = () => ({ ...model.latest, figures: model.headline(Date.now()) })
  if (once) {
    // A rate needs two samples.
    await delay(Math.max(interval, 600), new AbortController().signal)
    await source.data().then((data) => model.data(data, Date.now()), () => {})
    const view = { width: process.stdout.columns ?? PIPE_WIDTH, height: Infinity, unicode, now: Date.now() }
    out.print(json ? JSON.stringify(figures()) : renderLines(view).map(({ text }) => text).join('\n'))
    return model.latest?.health.overallStatus === 'healthy' ? OK : PROBLEMS
  }
  const ended = new AbortController()
  return json ? runJson() : runLive()

  async function runJson () {
    for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => ended.abort())
    const following = source.follow((name, payload) => model.event(name, payload, Date.now()), () => {}, ended.signal)
    out.print(JSON.stringify(figures()))
    await poll((error) => error === undefined ? out.print(JSON.stringify(figures())) : out.printError(`bellwether top: ${error.message}`))
    await following
    return OK
  }

  async function runLive () {
    const colours = !process.env.NO_COLOR && process.env.TERM !== 'dumb'
    /** @type {number | undefined} */
    let lost
    const terminal = openScreen({ quit: () => ended.abort(), resize: draw })
    function draw () {
      const view = { width: process.stdout.columns ?? 80, height: process.stdout.rows ?? 24, unicode, lost, now: Date.now() }
      terminal.draw(renderLines(view), colours)
    }
    const following = source.follow((name, payload) => model.event(name, payload, Date.now()), () => {}, ended.signal)
    draw()
    try {
      await poll((error) => {
        lost = error === undefined ? undefined : lost ?? Date.now()
        draw()
      })
      await following
    } finally {
      terminal.release()
    }
    return OK
  }

  /** @param {(error?: Error) => void} onPoll */
  async function poll (onPoll) {
    for (;;) {
      await delay(interval, ended.signal)
      if (ended.signal.aborted) return
      let failed
      try {
        model.data(await source.data(), Date.now())
      } catch (/** @type {any} */ error) {
        failed = error
      }
      onPoll(failed)
    }
  }
}

module.exports = command
