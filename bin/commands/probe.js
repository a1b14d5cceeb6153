'use strict'

// Sends a real prompt to every endpoint, for every model it serves.

const configFiles = require('../../lib/config/config-file')
const native = require('../../lib/native/addon')
const time = require('../lib/time')
const { readEnvironment } = require('../../lib/config/environment')
const { stripControls } = require('../../lib/util/strip-controls')
const { Vendors } = require('../../lib/drill/vendors')
const { openClient, closeClient, errorLines, onInterrupt } = require('../lib/client')
const { formatTable, formatUsd } = require('../lib/table')

const OK = 0
const FAILED = 1
const MISUSE = 2
const MAX_TOKENS = 5
/** Requests at a time. */
const CONCURRENCY = 4
/** Removes everything that lets another endpoint answer. */
const WITHOUT_ALTERNATIVES = { models: null, fallbackResponse: null }

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether probe [--config FILE] [--endpoint NAME ...] [--model NAME ...] [--timeout 30s] [--yes] [--json]',
  summary: `Sends a real prompt (at most ${MAX_TOKENS} output tokens) to every endpoint, for every model of every chain.`,
  help: `  --config FILE    a configuration file. Default: as for a client
  --endpoint NAME  only this one; may be repeated
  --model NAME     these, instead of those that the configuration names; may be repeated
  --timeout TIME   for each. Default 30s
  --yes            sends the requests; at a terminal, the costs are only printed without it
  --json           the results as JSON
  -h, --help       show this help

Examples:
  bellwether probe --yes
  bellwether probe --config deploy/bellwether.yaml --endpoint openai --json
  bellwether probe --model gpt-4.1-mini --yes

Exit code: 0 all answered, 1 one did not, 2 misuse, or --yes is missing.`,
  options: {
    config: { type: 'string' },
    endpoint: { type: 'string', multiple: true },
    model: { type: 'string', multiple: true },
    timeout: { type: 'string' },
    yes: { type: 'boolean' },
    json: { type: 'boolean' }
  },
  run
}

/** @typedef {{ endpoint: string, model: string }} Target */

/** @type {import('../bellwether').Command['run']} */
async function run ({ values }, out) {
  const failWithUsage = (/** @type {string} */ why) => {
    out.printError(`bellwether probe: ${why}`)
    return MISUSE
  }
  let timeout
  try {
    timeout = time.parseDuration(values.timeout, '--timeout', 30_000)
  } catch (error) {
    return failWithUsage(errorLines(error).join('; '))
  }
  const client = openClient('probe', values, out, WITHOUT_ALTERNATIVES)
  if (client === undefined) return MISUSE
  const { signal, forget } = onInterrupt()
  try {
    const names = client.getEndpointStatus().map(({ name }) => name)
    const unknown = values.endpoint?.find((/** @type {string} */ name) => !names.includes(name))
    if (unknown !== undefined) return failWithUsage(`--endpoint must be one of ${names.join(', ')}, got '${unknown}'`)
    const targets = targetsOf(client, values).filter(({ endpoint }) => values.endpoint === undefined || values.endpoint.includes(endpoint))
    if (targets.length === 0) return failWithUsage('the configuration names no model: use --model NAME')
    const estimateUsd = await estimate(values, out, targets)
    const cost = `${targets.length} ${targets.length === 1 ? 'request' : 'requests'} of at most ${MAX_TOKENS} output tokens each: ${estimateUsd === null ? 'the cost is not known' : `about ${formatUsd(estimateUsd)}`}`
    if (process.stdin.isTTY && !values.yes) return failWithUsage(`${cost}. Use --yes to send them`)
    if (!values.json) out.printError(cost)
    const results = await probeAll(targets, (target) => probe(client, target, timeout, signal), (done) => out.progress(`${done}/${targets.length}`))
    out.progress('')
    const passed = results.every(({ ok }) => ok)
    out.print(values.json ? JSON.stringify({ passed, estimateUsd: estimateUsd, results }, null, 2) : formatText(results, out))
    return passed ? OK : FAILED
  } catch (error) {
    out.progress('')
    return failWithUsage(errorLines(error).join('; '))
  } finally {
    forget()
    await closeClient(client)
  }
}

/**
 * Returns every endpoint with each of its models. @param {import('../..').FailoverClient} client @param
 * {Record<string, any>} values @returns {Target[]}
 */
function targetsOf (client, { config: file, model: given }) {
  const statuses = client.getEndpointStatus()
  const name = file ?? configFiles.findConfigFile()
  /** @type {any} */
  let config = { endpoints: [], aliases: [], rules: [] }
  if (name !== undefined) {
    const { bytes, variables } = configFiles.readConfigFileSync(name)
    config = JSON.parse(native.checkDocument(JSON.stringify({ options: {}, environment: readEnvironment(), file: name, variables }), bytes)).config ?? config
  }
  const endpoints = new Set(statuses.map(({ name }) => name))
  const ofRules = config.rules.flatMap((/** @type {any} */ rule) => rule.routeTo).filter((/** @type {string} */ goal) => !endpoints.has(goal))
  const ofAliases = new Map(config.aliases.map((/** @type {any} */ alias) => [alias.name, alias.models]))
  const chains = [...ofAliases.values(), ...ofRules.map((/** @type {string} */ goal) => ofAliases.get(goal) ?? [goal])].flat()
  return statuses.flatMap(({ name, model }) => {
    const listed = config.endpoints.find((/** @type {any} */ e) => e.name === name)?.models
    const own = listed !== undefined && listed !== 'any' ? [listed].flat() : model ? [model] : chains
    return [...new Set(given ?? own)].map((one) => ({ endpoint: name, model: String(one) }))
  })
}

/**
 * Estimates the costs by sending the same requests to simulated vendors. @param {Record<string, any>} values @param
 * {import('../lib/output').Out} out @param {Target[]} targets
 */
async function estimate (values, out, targets) {
  const transport = (/** @type {string} */ url, /** @type {RequestInit} */ init) => vendors.exchange(url, init)
  const client = openClient('probe', values, out, { ...WITHOUT_ALTERNATIVES, transport })
  if (client === undefined) return null
  const vendors = new Vendors(client.getEndpointStatus(), 0, { input: 12, output: MAX_TOKENS })
  try {
    const results = await probeAll(targets, (target) => probe(client, target, 10_000, new AbortController().signal), () => {})
    return results.some(({ costUsd }) => costUsd === null) ? null : results.reduce((sum, { costUsd }) => sum + costUsd, 0)
  } finally {
    await closeClient(client)
    await vendors.close()
  }
}

/** @param {import('../..').FailoverClient} client @param {Target} target @param {number} timeout @param {AbortSignal} signal @returns {Promise<any>} */
async function probe (client, { endpoint, model }, timeout, signal) {
  const began = performance.now()
  const took = () => Math.round((performance.now() - began) * 10) / 10
  try {
    const { model: answered, usage, report } = await client.chatCompletion(
      { model, messages: [{ role: 'user', content: 'Reply with: ok' }], max_tokens: MAX_TOKENS },
      { endpoints: [endpoint], maxRetries: 0, timeout, onUnavailable: 'error', signal }
    )
    return { endpoint, model, ok: true, status: 200, latencyMs: took(), answered, tokens: usage?.total_tokens ?? null, costUsd: report.costUsd }
  } catch (/** @type {any} */ error) {
    signal.throwIfAborted()
    return { endpoint, model, ok: false, status: error.status ?? null, latencyMs: took(), answered: null, tokens: null, costUsd: null, reason: error.reason ?? error.code ?? error.name, message: error.message }
  }
}

/**
 * Probes all targets, CONCURRENCY at a time. Results keep the order of targets. @template R @param {Target[]} targets
 * @param {(target: Target) => Promise<R>} probeOne @param {(done: number) => void} progress @returns {Promise<R[]>}
 */
async function probeAll (targets, probeOne, progress) {
  /** @type {R[]} */
  const results = []
  let next = 0
  let done = 0
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, targets.length) }, async () => {
    while (next < targets.length) {
      const n = next++
      results[n] = await probeOne(targets[n])
      progress(++done)
    }
  }))
  return results
}

/** @param {any[]} results @param {import('../lib/output').Out} out */
function formatText (results, out) {
  const rows = results.map((r) => [stripControls(r.endpoint), stripControls(r.model), r.ok ? 'ok' : `${r.status ?? ''} ${r.reason}`.trim(), `${r.latencyMs} ms`, stripControls(r.answered ?? '–'), String(r.tokens ?? '–'), r.ok ? formatUsd(r.costUsd) : '–'])
  const [head, ...lines] = formatTable([['endpoint', 'model', 'status', 'latency', 'answered as', 'tokens', 'cost'], ...rows], [3, 5])
  return [out.bold(head), ...lines.map((line, i) => results[i].ok ? line : out.red(line)), ...results.filter(({ ok }) => !ok).map((r) => stripControls(`${r.endpoint}, ${r.model}: ${r.message}`))].join('\n')
}

module.exports = command
