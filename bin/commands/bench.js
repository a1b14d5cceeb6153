'use strict'

// The load report: so many requests, so many at a time.

const { open, close, linesOf, interrupted } = require('../lib/client')
const { tableOf, dollars } = require('../lib/table')
const { printable } = require('../../lib/util/printable')

const FINE = 0
const FAILED = 1
const MISUSED = 2
const MOST = 1_000_000
const MOST_AT_ONCE = 1_000
const LATENCY = 50

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether bench [--config FILE] [--requests 1000] [--concurrency 50] [--model NAME ...] [--live] [--json]',
  summary: 'Sends many requests and reports mean, p95, availability and cost by model; to simulated vendors unless --live.',
  help: `  --config FILE    a configuration file. Default: as for a client
  --requests N     1 to ${MOST}. Default 1000
  --concurrency N  so many at a time, 1 to ${MOST_AT_ONCE}. Default 50
  --model NAME     what is asked for, in turn where there are several. Default: the endpoints' own, else gpt-4o
  --live           asks the configured vendors themselves: that costs money. Otherwise vendors are simulated, answer after
                   ${LATENCY} ms, and nothing is sent anywhere
  --json           the report as JSON
  -h, --help       this

Examples:
  bellwether bench
  bellwether bench --requests 200 --concurrency 10 --model gpt-4.1 --live
  bellwether bench --json | jq .availability

Exit code: 0 every request was answered, 1 one was not, 2 misuse, or it could not be held.`,
  options: {
    config: { type: 'string' },
    requests: { type: 'string' },
    concurrency: { type: 'string' },
    model: { type: 'string', multiple: true },
    live: { type: 'boolean' },
    json: { type: 'boolean' }
  },
  run
}

/** @type {import('../bellwether').Command['run']} */
async function run ({ values }, out) {
  const requests = whole(values.requests ?? '1000', MOST)
  const concurrency = whole(values.concurrency ?? '50', MOST_AT_ONCE)
  for (const [name, value, given, most] of /** @type {[string, number | undefined, string, number][]} */ ([['requests', requests, values.requests, MOST], ['concurrency', concurrency, values.concurrency, MOST_AT_ONCE]])) {
    if (value !== undefined) continue
    out.complain(`bellwether bench: --${name} must be a whole number from 1 to ${most}, got '${given}'\nUsage: ${command.usage}`)
    return MISUSED
  }
  /** @type {any} */
  let vendors
  const transport = (/** @type {string} */ url, /** @type {RequestInit} */ init) => vendors.exchange(url, init)
  const client = open('bench', values, out, values.live ? {} : { transport })
  if (client === undefined) return MISUSED
  const endpoints = client.getEndpointStatus()
  if (!values.live) vendors = new (require('../../lib/drill/vendors').Vendors)(endpoints, LATENCY)
  else out.complain(`bellwether bench: ${requests} requests to ${endpoints.map(({ name }) => name).join(', ')}, which cost money`)
  const named = [...new Set(endpoints.map(({ model }) => model).filter((model) => model !== undefined && model !== null))]
  const models = /** @type {string[]} */ (values.model ?? (named.length > 0 ? named : ['gpt-4o']))
  const { signal, forget } = interrupted()
  try {
    const report = await load(client, models, /** @type {number} */ (requests), /** @type {number} */ (concurrency), signal, (done) => out.progress(`${done}/${requests}`))
    out.progress('')
    const whole = { live: values.live === true, ...report }
    out.say(values.json ? JSON.stringify(whole, null, 2) : text(whole))
    return report.failed === 0 ? FINE : FAILED
  } catch (/** @type {any} */ error) {
    out.progress('')
    for (const line of linesOf(error)) out.complain(`bellwether bench: ${line}`)
    return MISUSED
  } finally {
    forget()
    await close(client)
    await vendors?.close()
  }
}

/** @param {string} given @param {number} most */
function whole (given, most) {
  return /^\d{1,7}$/.test(given) && Number(given) >= 1 && Number(given) <= most ? Number(given) : undefined
}

/**
 * @param {import('../..').FailoverClient} client
 * @param {string[]} models
 * @param {number} requests
 * @param {number} concurrency
 * @param {AbortSignal} signal
 * @param {(done: number) => void} progress
 */
async function load (client, models, requests, concurrency, signal, progress) {
  /** By the model that was asked for. @type {Map<string, { latencies: number[], failed: number, costUsd: number | null, failovers: number, errors: Record<string, number> }>} */
  const seen = new Map(models.map((model) => [model, { latencies: [], failed: 0, costUsd: 0, failovers: 0, errors: {} }]))
  let next = 0
  let done = 0
  const began = performance.now()
  await Promise.all(Array.from({ length: Math.min(concurrency, requests) }, async () => {
    while (next < requests) {
      const model = models[next++ % models.length]
      const of = /** @type {any} */ (seen.get(model))
      const from = performance.now()
      try {
        const { report } = await client.chatCompletion({ model, messages: [{ role: 'user', content: 'Say hello in one sentence.' }] }, { signal })
        of.latencies.push(performance.now() - from)
        of.costUsd = of.costUsd === null || report.costUsd === null ? null : of.costUsd + report.costUsd
        if (report.failover) of.failovers++
      } catch (/** @type {any} */ error) {
        // A mistake of ours is the same for all.
        if (signal.aborted || error.code === 'ERR_BELLWETHER_CONFIG') throw error
        of.failed++
        of.errors[error.code ?? error.name] = (of.errors[error.code ?? error.name] ?? 0) + 1
      }
      progress(++done)
    }
  }))
  const durationMs = performance.now() - began
  const all = [...seen.values()]
  const total = figures({
    latencies: all.flatMap(({ latencies }) => latencies),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
    costUsd: all.some(({ costUsd }) => costUsd === null) ? null : all.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0),
    failovers: all.reduce((sum, { failovers }) => sum + failovers, 0),
    errors: {}
  })
  return { ...total, errors: undefined, concurrency, durationMs, requestsPerSecond: requests / durationMs * 1_000, models: Object.fromEntries([...seen].map(([model, of]) => [model, figures(of)])) }
}

/** @param {{ latencies: number[], failed: number, costUsd: number | null, failovers: number, errors: Record<string, number> }} of */
function figures ({ latencies, failed, costUsd, failovers, errors }) {
  const sorted = latencies.sort((a, b) => a - b)
  const requests = sorted.length + failed
  return {
    requests, answered: sorted.length, failed, failovers, availability: requests === 0 ? null : sorted.length / requests,
    meanMs: sorted.length === 0 ? null : sorted.reduce((a, b) => a + b, 0) / sorted.length,
    p95Ms: sorted.length === 0 ? null : sorted[Math.ceil(sorted.length * 0.95) - 1],
    costUsd, errors
  }
}

/** @param {any} report */
function text (report) {
  const time = (/** @type {number | null} */ ms) => ms === null ? '–' : `${ms.toFixed(1)} ms`
  const row = (/** @type {string} */ name, /** @type {any} */ of) => [printable(name), String(of.requests), of.availability === null ? '–' : `${(of.availability * 100).toFixed(2)} %`, time(of.meanMs), time(of.p95Ms), String(of.failovers), dollars(of.costUsd)]
  const models = Object.entries(report.models)
  const rows = [['', 'requests', 'answered', 'mean', 'p95', 'failovers', 'cost'], ...models.map(([name, of]) => row(name, of)), row('all', report)]
  const errors = models.flatMap(([name, of]) => Object.entries(/** @type {any} */ (of).errors).map(([code, n]) => printable(`${name}: ${n} × ${code}`)))
  const how = report.live ? 'to the configured vendors' : 'to simulated vendors'
  return [`${report.requests} requests ${how}, ${report.concurrency} at a time: ${(report.durationMs / 1_000).toFixed(2)} s, ${report.requestsPerSecond.toFixed(0)} a second`, '', ...tableOf(rows, [1, 2, 3, 4, 5, 6]), ...(errors.length > 0 ? ['', ...errors] : [])].join('\n')
}

module.exports = command
