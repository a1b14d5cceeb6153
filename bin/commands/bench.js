'use strict'

// Sends many requests and reports latencies, availability and costs.

const { openClient, closeClient, errorLines, onInterrupt } = require('../lib/client')
const { formatTable, formatUsd } = require('../lib/table')
const { stripControls } = require('../../lib/util/strip-controls')

const OK = 0
const FAILED = 1
const MISUSE = 2
const MAX_REQUESTS = 1_000_000
const MAX_CONCURRENCY = 1_000
const SIMULATED_LATENCY_MS = 50

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether bench [--config FILE] [--requests 1000] [--concurrency 50] [--model NAME ...] [--live] [--json]',
  summary: 'Sends many requests and reports mean, p95, availability and cost by model; to simulated vendors unless --live.',
  help: `  --config FILE    a configuration file. Default: as for a client
  --requests N     1 to ${MAX_REQUESTS}. Default 1000
  --concurrency N  requests in flight, 1 to ${MAX_CONCURRENCY}. Default 50
  --model NAME     the requested model; several are used in turn. Default: the endpoints' own, else gpt-4o
  --live           calls the configured vendors, which costs money. Otherwise vendors are simulated, answer after
                   ${SIMULATED_LATENCY_MS} ms, and nothing leaves the machine
  --json           the report as JSON
  -h, --help       show this help

Examples:
  bellwether bench
  bellwether bench --requests 200 --concurrency 10 --model gpt-4.1 --live
  bellwether bench --json | jq .availability

Exit code: 0 every request was answered, 1 one was not, 2 misuse, or it could not run.`,
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
  const requests = readWhole(values.requests ?? '1000', MAX_REQUESTS)
  const concurrency = readWhole(values.concurrency ?? '50', MAX_CONCURRENCY)
  for (const [name, value, given, most] of /** @type {[string, number | undefined, string, number][]} */ ([['requests', requests, values.requests, MAX_REQUESTS], ['concurrency', concurrency, values.concurrency, MAX_CONCURRENCY]])) {
    if (value !== undefined) continue
    out.printError(`bellwether bench: --${name} must be a whole number from 1 to ${most}, got '${given}'\nUsage: ${command.usage}`)
    return MISUSE
  }
  /** @type {any} */
  let vendors
  const transport = (/** @type {string} */ url, /** @type {RequestInit} */ init) => vendors.exchange(url, init)
  const client = openClient('bench', values, out, values.live ? {} : { transport })
  if (client === undefined) return MISUSE
  const endpoints = client.getEndpointStatus()
  if (!values.live) vendors = new (require('../../lib/drill/vendors').Vendors)(endpoints, SIMULATED_LATENCY_MS)
  else out.printError(`bellwether bench: ${requests} requests to ${endpoints.map(({ name }) => name).join(', ')}, and this costs money`)
  const named = [...new Set(endpoints.map(({ model }) => model).filter((model) => model !== undefined && model !== null))]
  const models = /** @type {string[]} */ (values.model ?? (named.length > 0 ? named : ['gpt-4o']))
  const { signal, forget } = onInterrupt()
  try {
    const report = await runLoad(client, models, /** @type {number} */ (requests), /** @type {number} */ (concurrency), signal, (done) => out.progress(`${done}/${requests}`))
    out.progress('')
    const readWhole = { live: values.live === true, ...report }
    out.print(values.json ? JSON.stringify(readWhole, null, 2) : formatText(readWhole))
    return report.failed === 0 ? OK : FAILED
  } catch (/** @type {any} */ error) {
    out.progress('')
    for (const line of errorLines(error)) out.printError(`bellwether bench: ${line}`)
    return MISUSE
  } finally {
    forget()
    await closeClient(client)
    await vendors?.close()
  }
}

/** @param {string} given @param {number} most */
function readWhole (given, most) {
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
async function runLoad (client, models, requests, concurrency, signal, progress) {
  /**
   * By requested model. @type {Map<string, { latencies: number[], failed: number, costUsd: number | null, failovers:
   * number, errors: Record<string, number> }>}
   */
  const byModel = new Map(models.map((model) => [model, { latencies: [], failed: 0, costUsd: 0, failovers: 0, errors: {} }]))
  let next = 0
  let done = 0
  const began = performance.now()
  await Promise.all(Array.from({ length: Math.min(concurrency, requests) }, async () => {
    while (next < requests) {
      const model = models[next++ % models.length]
      const stats = /** @type {any} */ (byModel.get(model))
      const from = performance.now()
      try {
        const { report } = await client.chatCompletion({ model, messages: [{ role: 'user', content: 'Say hello in one sentence.' }] }, { signal })
        stats.latencies.push(performance.now() - from)
        stats.costUsd = stats.costUsd === null || report.costUsd === null ? null : stats.costUsd + report.costUsd
        if (report.failover) stats.failovers++
      } catch (/** @type {any} */ error) {
        // An invalid option fails every request alike.
        if (signal.aborted || error.code === 'ERR_BELLWETHER_CONFIG') throw error
        stats.failed++
        stats.errors[error.code ?? error.name] = (stats.errors[error.code ?? error.name] ?? 0) + 1
      }
      progress(++done)
    }
  }))
  const durationMs = performance.now() - began
  const all = [...byModel.values()]
  const total = figures({
    latencies: all.flatMap(({ latencies }) => latencies),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
    costUsd: all.some(({ costUsd }) => costUsd === null) ? null : all.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0),
    failovers: all.reduce((sum, { failovers }) => sum + failovers, 0),
    errors: {}
  })
  return { ...total, errors: undefined, concurrency, durationMs, requestsPerSecond: requests / durationMs * 1_000, models: Object.fromEntries([...byModel].map(([model, stats]) => [model, figures(stats)])) }
}

/** @param {{ latencies: number[], failed: number, costUsd: number | null, failovers: number, errors: Record<string, number> }} stats */
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
function formatText (report) {
  const time = (/** @type {number | null} */ ms) => ms === null ? '–' : `${ms.toFixed(1)} ms`
  const row = (/** @type {string} */ name, /** @type {any} */ stats) => [stripControls(name), String(stats.requests), stats.availability === null ? '–' : `${(stats.availability * 100).toFixed(2)} %`, time(stats.meanMs), time(stats.p95Ms), String(stats.failovers), formatUsd(stats.costUsd)]
  const models = Object.entries(report.models)
  const rows = [['', 'requests', 'answered', 'mean', 'p95', 'failovers', 'cost'], ...models.map(([name, stats]) => row(name, stats)), row('all', report)]
  const errors = models.flatMap(([name, stats]) => Object.entries(/** @type {any} */ (stats).errors).map(([code, n]) => stripControls(`${name}: ${n} × ${code}`)))
  const how = report.live ? 'to the configured vendors' : 'to simulated vendors'
  return [`${report.requests} requests ${how}, ${report.concurrency} at a time: ${(report.durationMs / 1_000).toFixed(2)} s, ${report.requestsPerSecond.toFixed(0)} a second`, '', ...formatTable(rows, [1, 2, 3, 4, 5, 6]), ...(errors.length > 0 ? ['', ...errors] : [])].join('\n')
}

module.exports = command
