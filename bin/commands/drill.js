'use strict'

// Runs drills on a configuration, with simulated vendors.

const { NAMES } = require('../../lib/drill/scenarios')
const { openClient, closeClient, errorLines, onInterrupt } = require('../lib/client')
const { nearestName } = require('../lib/nearest')
const { toNumberIfNumeric } = require('../lib/time')

const OK = 0
const FAILED = 1
const MISUSE = 2
/** All but NUMERIC_OBJECTIVES are durations. */
const OBJECTIVES = ['maxLost', 'maxDetection', 'maxRecovery', 'maxReturn', 'maxExtraCostUsd']
const NUMERIC_OBJECTIVES = ['maxLost', 'maxExtraCostUsd']

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether drill [scenario ...] [--config FILE] [--objective NAME=VALUE ...] [--requests N] [--duration TIME] [--json | --markdown]',
  summary: 'Runs failure drills on the configuration with simulated vendors: no vendor is called, and no key is sent.',
  help: `Scenarios: ${NAMES.join(', ')}. Default: all, which takes about a minute.

  --config FILE     a configuration file. Default: as for a client
  --objective N=V   overrides an objective of the scenarios; may be repeated: ${OBJECTIVES.join(', ')}.
                    A number, a time (500ms, 2s), or none
  --endpoint NAME   the endpoint to disturb, in scenarios that disturb one. Default: the first
  --requests N      of each scenario. Default 300
  --duration TIME   of each scenario. Default 4s
  --json            the report as client.drill() gives it
  --markdown        the report as Markdown
  -h, --help        show this help

Examples:
  bellwether drill
  bellwether drill vendor-down all-down --objective maxLost=0 --objective maxReturn=10s
  bellwether drill quota --config deploy/bellwether.yaml --markdown > drill.md
  bellwether drill --json | jq '.scenarios[] | select(.passed | not)'

Exit code: 0 all passed, 1 one failed, 2 misuse, or it could not run.`,
  options: {
    config: { type: 'string' },
    objective: { type: 'string', multiple: true },
    endpoint: { type: 'string' },
    requests: { type: 'string' },
    duration: { type: 'string' },
    json: { type: 'boolean' },
    markdown: { type: 'boolean' }
  },
  positionals: NAMES.length,
  words: NAMES,
  run
}

/** @type {import('../bellwether').Command['run']} */
async function run ({ values, positionals }, out) {
  const failWithUsage = (/** @type {string} */ why) => {
    out.printError(`bellwether drill: ${why}\nUsage: ${command.usage}`)
    return MISUSE
  }
  if (values.json && values.markdown) return failWithUsage('--json and --markdown exclude each other')
  for (const name of positionals) {
    if (NAMES.includes(name)) continue
    const meant = nearestName(name, NAMES)
    return failWithUsage(`unknown scenario '${name}'${meant === undefined ? '' : `; did you mean '${meant}'?`}; scenarios are ${NAMES.join(', ')}`)
  }
  /** @type {Record<string, any>} */
  const objectives = {}
  for (const given of values.objective ?? []) {
    const [, name, value] = /^([^=]*)=(.*)$/.exec(given) ?? [undefined, given, '']
    if (!OBJECTIVES.includes(name) || value === '') return failWithUsage(`--objective must be NAME=VALUE with one of ${OBJECTIVES.join(', ')}, got '${given}'`)
    objectives[name] = value === 'none' ? null : NUMERIC_OBJECTIVES.includes(name) || /^[\d.]+$/.test(value) ? Number(value) : value
    if (Number.isNaN(objectives[name])) return failWithUsage(`--objective ${name} must be a number, or none, got '${value}'`)
  }
  const { endpoint, requests, duration, json } = values
  const plans = (positionals.length > 0 ? positionals : NAMES).map((scenario) => ({
    scenario, objectives, ...(endpoint === undefined ? {} : { endpoint }), ...(requests === undefined ? {} : { requests: Number(requests) }), ...(duration === undefined ? {} : { duration: toNumberIfNumeric(duration) })
  }))
  // Keeps the client's own requests, such as health checks, from being sent.
  const transport = () => Promise.reject(new Error('a drill calls no vendor'))
  const client = openClient('drill', values, out, { transport })
  if (client === undefined) return MISUSE
  const { signal, forget } = onInterrupt()
  try {
    const report = await client.drill(/** @type {any} */ (plans), {
      signal,
      onProgress: ({ scenario, number, of, done, phase }) => {
        out.progress(`${number}/${of} ${scenario} ${Math.round(done * 100)} % ${phase ?? ''}`)
      }
    })
    out.progress('')
    out.print(json ? JSON.stringify(report, null, 2) : values.markdown ? report.toMarkdown().trimEnd() : String(report))
    return report.passed ? OK : FAILED
  } catch (/** @type {any} */ error) {
    out.progress('')
    // Each scenario has the same problem.
    for (const line of new Set(errorLines(error).map((line) => line.replace(/^scenario\[\d+\]\.(\w+)/, '--$1')))) out.printError(`bellwether drill: ${line}`)
    return MISUSE
  } finally {
    forget()
    await closeClient(client)
  }
}

module.exports = command
