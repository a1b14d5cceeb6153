'use strict'

// A rehearsal of failures on the configuration, with simulated vendors.

const { NAMES } = require('../../lib/drill/scenarios')
const { open, close, linesOf, interrupted } = require('../lib/client')
const { nearest } = require('../lib/nearest')
const { numeric } = require('../lib/time')

const FINE = 0
const FAILED = 1
const MISUSED = 2
/** What they are counted in: all but two are times. */
const OBJECTIVES = ['maxLost', 'maxDetection', 'maxRecovery', 'maxReturn', 'maxExtraCostUsd']
const AMOUNTS = ['maxLost', 'maxExtraCostUsd']

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether drill [scenario ...] [--config FILE] [--objective NAME=VALUE ...] [--requests N] [--duration TIME] [--json | --markdown]',
  summary: 'Rehearses failures on the configuration, with simulated vendors: none is asked, and no key leaves.',
  help: `Scenarios: ${NAMES.join(', ')}. Default: all, within a minute or so.

  --config FILE     a configuration file. Default: as for a client
  --objective N=V   what is expected, in place of the scenario's own; may be repeated: ${OBJECTIVES.join(', ')}.
                    A number, a time (500ms, 2s), or none
  --endpoint NAME   who is disturbed, where it is one. Default: the first
  --requests N      of each scenario. Default 300
  --duration TIME   of each scenario. Default 4s
  --json            the report as client.drill() gives it
  --markdown        a page
  -h, --help        this

Examples:
  bellwether drill
  bellwether drill vendor-down all-down --objective maxLost=0 --objective maxReturn=10s
  bellwether drill quota --config deploy/bellwether.yaml --markdown > drill.md
  bellwether drill --json | jq '.scenarios[] | select(.passed | not)'

Exit code: 0 all passed, 1 one did not, 2 misuse, or it could not be held.`,
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
  const misused = (/** @type {string} */ why) => {
    out.complain(`bellwether drill: ${why}\nUsage: ${command.usage}`)
    return MISUSED
  }
  if (values.json && values.markdown) return misused('--json and --markdown exclude each other')
  for (const name of positionals) {
    if (NAMES.includes(name)) continue
    const meant = nearest(name, NAMES)
    return misused(`there is no scenario '${name}'${meant === undefined ? '' : `; did you mean '${meant}'?`}; there are ${NAMES.join(', ')}`)
  }
  /** @type {Record<string, any>} */
  const objectives = {}
  for (const given of values.objective ?? []) {
    const [, name, value] = /^([^=]*)=(.*)$/.exec(given) ?? [undefined, given, '']
    if (!OBJECTIVES.includes(name) || value === '') return misused(`--objective must be NAME=VALUE with one of ${OBJECTIVES.join(', ')}, got '${given}'`)
    objectives[name] = value === 'none' ? null : AMOUNTS.includes(name) || /^[\d.]+$/.test(value) ? Number(value) : value
    if (Number.isNaN(objectives[name])) return misused(`--objective ${name} must be a number, or none, got '${value}'`)
  }
  const { endpoint, requests, duration, json } = values
  const plans = (positionals.length > 0 ? positionals : NAMES).map((scenario) => ({
    scenario, objectives, ...(endpoint === undefined ? {} : { endpoint }), ...(requests === undefined ? {} : { requests: Number(requests) }), ...(duration === undefined ? {} : { duration: numeric(duration) })
  }))
  // Whatever it would ask by itself, as checks of health.
  const transport = () => Promise.reject(new Error('a drill asks no vendor'))
  const client = open('drill', values, out, { transport })
  if (client === undefined) return MISUSED
  const { signal, forget } = interrupted()
  try {
    const report = await client.drill(/** @type {any} */ (plans), {
      signal,
      onProgress: ({ scenario, number, of, done, phase }) => {
        out.progress(`${number}/${of} ${scenario} ${Math.round(done * 100)} % ${phase ?? ''}`)
      }
    })
    out.progress('')
    out.say(json ? JSON.stringify(report, null, 2) : values.markdown ? report.toMarkdown().trimEnd() : String(report))
    return report.passed ? FINE : FAILED
  } catch (/** @type {any} */ error) {
    out.progress('')
    // The same for each scenario.
    for (const line of new Set(linesOf(error).map((line) => line.replace(/^scenario\[\d+\]\.(\w+)/, '--$1')))) out.complain(`bellwether drill: ${line}`)
    return MISUSED
  } finally {
    forget()
    await close(client)
  }
}

module.exports = command
