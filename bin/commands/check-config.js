'use strict'

// Reads a configuration as a client would, and prints its content or every problem.

const configFiles = require('../../lib/config/config-file')
const native = require('../../lib/native/addon')
const { readEnvironment } = require('../../lib/config/environment')
const { formatProblem } = require('../../lib/util/errors')
const { stripControls } = require('../../lib/util/strip-controls')

const OK = 0
const PROBLEMS = 1
const MISSING = 2

/** Names of alert receivers. */
const RECEIVER_NAMES = { slack: 'Slack', discord: 'Discord', pagerduty: 'PagerDuty', webhook: 'a webhook', function: 'a function' }

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether check-config [path] [--json]',
  summary: 'Reads a configuration file and prints its content, or every problem.',
  help: `Without a path: BELLWETHER_CONFIG, else ${configFiles.DEFAULT_NAMES.join(', ')} in the working directory.
Environment variables in the file must be set, as for a client.

  --json      the same as JSON: {"file", "config"} or {"file", "problems"}
  -h, --help  show this help

Examples:
  bellwether check-config
  bellwether check-config deploy/bellwether.yaml
  bellwether check-config --json | jq -r '.problems[].message'

Exit code: 0 valid, 1 there are problems, 2 misuse, or the file cannot be read.
Problems are printed as file:line:column path message. NO_COLOR disables colours.`,
  options: { json: { type: 'boolean' } },
  positionals: 1,
  run
}

/** @type {import('../bellwether').Command['run']} */
function run ({ values, positionals }, out) {
  let file = ''
  let document
  try {
    file = configFiles.configFileName(positionals[0])
    document = configFiles.readConfigFileSync(file)
  } catch (/** @type {any} */ error) {
    const problems = error.problems ?? [{ path: '', message: error.message }]
    if (values.json) out.print(JSON.stringify({ file, problems }, null, 2))
    else for (const problem of problems) out.printError(formatProblem(problem))
    return MISSING
  }
  const input = { options: {}, environment: readEnvironment(), file, variables: document.variables }
  const { config, problems } = JSON.parse(native.checkDocument(JSON.stringify(input), document.bytes))
  if (values.json) {
    out.print(JSON.stringify(problems === undefined ? { file, config } : { file, problems }, null, 2))
  } else if (problems === undefined) {
    out.print(formatConfig(file, config, out))
  } else {
    for (const { file, line, column, path, message } of problems) {
      const location = [file, line, column].filter((part) => part !== undefined).join(':')
      out.print([out.bold(stripControls(location)), out.red(stripControls(path)), stripControls(message)].filter(Boolean).join(' '))
    }
    out.printError(`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} in ${file}`)
  }
  return problems === undefined ? OK : PROBLEMS
}

/**
 * @param {string} file
 * @param {any} config
 * @param {import('../lib/output').Out} out
 */
function formatConfig (file, config, out) {
  const lines = [`${out.bold(file)} is valid`, '', out.bold('Endpoints, in order')]
  const widest = Math.max(...config.endpoints.map((/** @type {any} */ e) => e.name.length))
  config.endpoints.forEach((/** @type {any} */ e, /** @type {number} */ i) => {
    const models = e.models === 'any' ? 'any model' : stripControls([e.models].flat().join(', '))
    const key = e.keys.map((/** @type {string} */ key) => key === 'no key' ? key : `key ${key}`).join(', ')
    lines.push(`  ${i + 1}. ${stripControls(e.name).padEnd(widest)}  ${models}  ${out.dim(`${e.provider} at ${e.url}, ${key}${e.probed ? ', probed' : ''}`)}`)
  })
  if (config.aliases.length > 0) {
    lines.push('', out.bold('Aliases'))
    for (const { name, models } of config.aliases) lines.push(`  ${stripControls(`${name}: ${models.join(', ')}`)}`)
  }
  if (config.rules.length > 0) {
    lines.push('', out.bold('Rules'))
    for (const rule of config.rules) lines.push(`  ${stripControls(`${rule.name}: ${formatRule(rule)}`)}`)
  }
  if (config.alerts !== null) lines.push('', out.bold('Alerts'), `  ${config.alerts.receivers.length > 0 ? `to ${config.alerts.receivers.map((/** @type {keyof typeof RECEIVER_NAMES} */ name) => RECEIVER_NAMES[name]).join(', ')}` : 'without a receiver'}`)
  return lines.join('\n')
}

/** @param {any} rule */
function formatRule ({ routeTo, fallback, cheapestFirst, maxRetries, latencySlaMs }) {
  return [
    routeTo.length > 0 ? routeTo.join(', ') : 'all endpoints that serve the model',
    routeTo.length > 0 && fallback ? 'then all other endpoints' : '',
    cheapestFirst ? 'cheapest first' : '',
    maxRetries === null ? '' : `at most ${maxRetries} retries`,
    latencySlaMs === null ? '' : `first content within ${latencySlaMs} ms`
  ].filter(Boolean).join('; ')
}

module.exports = command
