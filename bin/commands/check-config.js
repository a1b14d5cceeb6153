'use strict'

// Reads a configuration as a client would, and says what it read, or all that is wrong.

const documents = require('../../lib/config/config-file')
const native = require('../../lib/native/addon')
const { environment } = require('../../lib/config/options')
const { lineOf } = require('../../lib/util/errors')
const { printable } = require('../../lib/util/printable')

const FINE = 0
const PROBLEMS = 1
const MISSING = 2

/** How people call those who are told of alerts. */
const RECEIVERS = { slack: 'Slack', discord: 'Discord', pagerduty: 'PagerDuty', webhook: 'a webhook', function: 'a function' }

/** @type {import('../bellwether').Command} */
const command = {
  usage: 'bellwether check-config [path] [--json]',
  summary: 'Reads a configuration file and says what is in it, or all that is wrong with it.',
  help: `Without a path: BELLWETHER_CONFIG, else ${documents.NAMES.join(', ')} in the working directory.
Environment variables that the file names must be set, as for a client.

  --json      the same as JSON: {"file", "config"} or {"file", "problems"}
  -h, --help  this

Examples:
  bellwether check-config
  bellwether check-config deploy/bellwether.yaml
  bellwether check-config --json | jq -r '.problems[].message'

Exit code: 0 fine, 1 there are problems, 2 misuse, or there is no file that can be read.
Problems are printed as file:line:column path message. Colours are left out where NO_COLOR is set.`,
  options: { json: { type: 'boolean' } },
  positionals: 1,
  run
}

/** @type {import('../bellwether').Command['run']} */
function run ({ values, positionals }, out) {
  let file = ''
  let document
  try {
    file = documents.nameOf(positionals[0])
    document = documents.readSync(file)
  } catch (/** @type {any} */ error) {
    const problems = error.problems ?? [{ path: '', message: error.message }]
    if (values.json) out.say(JSON.stringify({ file, problems }, null, 2))
    else for (const problem of problems) out.complain(lineOf(problem))
    return MISSING
  }
  const asked = { options: {}, environment: environment(), file, variables: document.variables }
  const { config, problems } = JSON.parse(native.checkDocument(JSON.stringify(asked), document.bytes))
  if (values.json) {
    out.say(JSON.stringify(problems === undefined ? { file, config } : { file, problems }, null, 2))
  } else if (problems === undefined) {
    out.say(told(file, config, out))
  } else {
    for (const { file, line, column, path, message } of problems) {
      const place = [file, line, column].filter((part) => part !== undefined).join(':')
      out.say([out.bold(printable(place)), out.red(printable(path)), printable(message)].filter(Boolean).join(' '))
    }
    out.complain(`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} in ${file}`)
  }
  return problems === undefined ? FINE : PROBLEMS
}

/**
 * @param {string} file
 * @param {any} config
 * @param {import('../lib/output').Out} out
 */
function told (file, config, out) {
  const lines = [`${out.bold(file)} is fine`, '', out.bold('Endpoints, in order')]
  const widest = Math.max(...config.endpoints.map((/** @type {any} */ e) => e.name.length))
  config.endpoints.forEach((/** @type {any} */ e, /** @type {number} */ i) => {
    const models = e.models === 'any' ? 'any model' : printable([e.models].flat().join(', '))
    const key = e.keys.map((/** @type {string} */ key) => key === 'no key' ? key : `key ${key}`).join(', ')
    lines.push(`  ${i + 1}. ${printable(e.name).padEnd(widest)}  ${models}  ${out.dim(`${e.provider} at ${e.url}, ${key}${e.probed ? ', probed' : ''}`)}`)
  })
  if (config.aliases.length > 0) {
    lines.push('', out.bold('Aliases'))
    for (const { name, models } of config.aliases) lines.push(`  ${printable(`${name}: ${models.join(', ')}`)}`)
  }
  if (config.rules.length > 0) {
    lines.push('', out.bold('Rules'))
    for (const rule of config.rules) lines.push(`  ${printable(`${rule.name}: ${ruleOf(rule)}`)}`)
  }
  if (config.alerts !== null) lines.push('', out.bold('Alerts'), `  ${config.alerts.receivers.length > 0 ? `to ${config.alerts.receivers.map((/** @type {keyof typeof RECEIVERS} */ name) => RECEIVERS[name]).join(', ')}` : 'without a receiver'}`)
  return lines.join('\n')
}

/** @param {any} rule */
function ruleOf ({ routeTo, fallback, cheapestFirst, maxRetries, latencySlaMs }) {
  return [
    routeTo.length > 0 ? routeTo.join(', ') : 'whoever serves the model',
    routeTo.length > 0 && fallback ? 'then everybody else' : '',
    cheapestFirst ? 'the cheapest first' : '',
    maxRetries === null ? '' : `at most ${maxRetries} retries`,
    latencySlaMs === null ? '' : `first content within ${latencySlaMs} ms`
  ].filter(Boolean).join('; ')
}

module.exports = command
