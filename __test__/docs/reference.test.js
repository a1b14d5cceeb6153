'use strict'

// The reference pages list exactly what exists.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { FailoverClient } = require('../..')

const ROOT = path.join(__dirname, '..', '..')
const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8')
/** What is quoted as code in the first column of a table. */
const firsts = (text) => [...text.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code))
const section = (text, heading) => text.slice(text.indexOf(heading)).split('\n## ')[0]

test('docs/reference/metrics.md has every family of metrics, by its name in Prometheus, and no other', (t) => {
  const client = new FailoverClient({ endpoints: [{ name: 'A', baseURL: 'http://127.0.0.1:1', apiKey: null }] })
  t.after(() => client.close())
  const names = client.metrics.families().map(({ name, unit, kind }) => [name, unit, kind === 'counter' ? 'total' : undefined].filter(Boolean).join('_'))
  // Only where there is a queue.
  names.push('queued_jobs')
  assert.deepEqual(firsts(section(read('docs/reference/metrics.md'), '## Series')).sort(), names.sort())
})

test('docs/reference/drills.md, the schema and a drill know the same scenarios, and what is expected of each', () => {
  const { SCENARIOS, NAMES } = require('../../lib/drill/scenarios')
  const [one] = JSON.parse(read('schema/bellwether.schema.json')).properties.drills.properties.scenarios.anyOf
  assert.deepEqual(one.enum, NAMES)
  const said = (objectives) => Object.entries(objectives).map(([name, limit]) => `\`${name}\` ${name === 'maxLost' ? limit : `${limit / 1_000} s`}`).join(', ')
  const usual = said(SCENARIOS['vendor-down'].objectives)
  const rows = [...read('docs/reference/drills.md').matchAll(/^\| `([\w-]+)` \| [^|]+ \| (.+) \|$/gm)].map(([, name, expected]) => [name, expected.replace('as `vendor-down`', usual).replace('none', '')])
  assert.deepEqual(rows, NAMES.map((name) => [name, said(SCENARIOS[name].objectives)]))
})

test('docs/reference/cli.md has a line for every command', () => {
  const { COMMANDS } = require('../../bin/table')
  const listed = [...section(read('docs/reference/cli.md'), '# Command line').matchAll(/^\| `bellwether ([\w-]+)/gm)].map(([, name]) => name)
  assert.deepEqual(listed, Object.keys(COMMANDS))
})

test('docs/reference/events.md lists every event', () => {
  const { EVENTS } = require('../../lib/util/emitter')
  assert.deepEqual(firsts(read('docs/reference/events.md')).sort(), [...EVENTS, 'drill'].sort())
})

test('docs/reference/errors.md lists every class with its code', () => {
  const rows = [...section(read('docs/reference/errors.md'), '# Errors').matchAll(/^\| `(\w+Error)` \| `(\w+)` \|/gm)].map(([, name, code]) => [name, code])
  const typed = [...read('types/errors.d.ts').matchAll(/^export class (\w+) extends FailoverError \{\n {2}readonly code: '(\w+)'/gm)].map(([, name, code]) => [name, code])
  assert.deepEqual(rows.filter(([name]) => name !== 'FailoverError').sort(), typed.sort())
  const exported = Object.keys(require('../..')).filter((name) => name.endsWith('Error') && name !== 'FailoverError')
  assert.deepEqual(typed.map(([name]) => name), exported.sort())
})

test('docs/reference/results.md and failures.md have every reason', () => {
  const types = read('types/reports.d.ts')
  const reasons = [...types.slice(types.indexOf('type FailureReason')).matchAll(/'(\w+)'/g)].map(([, word]) => word)
  assert.ok(reasons.length > 30)
  const pages = read('docs/reference/results.md') + read('docs/reference/failures.md')
  assert.deepEqual(reasons.filter((word) => !pages.includes(`\`${word}\``)), [])
})

test('docs/reference/calls.md has every option of a call', () => {
  const types = read('types/calls.d.ts').replace(/\/\*[\s\S]*?\*\//g, '')
  const options = [...types.matchAll(/^export interface (?:Call|Chat|Complete|LongContext)Options[\s\S]*?^}/gm)].flatMap(([body]) => [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name))
  assert.ok(options.length > 25)
  const page = read('docs/reference/calls.md')
  assert.deepEqual(options.filter((name) => !page.includes(`\`${name}\``)), [])
})

test('docs/how-to/vendors.md has every provider with its default address and variable', () => {
  const page = read('docs/how-to/vendors.md')
  for (const provider of ['openai', 'anthropic', 'google', 'deepseek', 'holysheep']) {
    const [, url, dialect, variable] = new RegExp(`^\\| \`${provider}\`[^|]*\\| \`([^\`]+)\` \\| \`(\\w+)\` \\| \`(\\w+)\` \\|`, 'm').exec(page)
    assert.throws(() => new FailoverClient({ endpoints: [{ name: 'a', provider }] }), ({ message }) => message.includes(`or set ${variable}`), provider)
    const client = new FailoverClient({ endpoints: [{ name: 'a', provider, apiKey: 'k'.repeat(30) }] })
    assert.equal(client.getEndpointStatus('a').url, url)
    assert.equal(dialect, { anthropic: 'anthropic', google: 'google' }[provider] ?? 'openai')
    client.close()
  }
})

test('docs/reference/http.md has every option of a mount, and the defaults of push', () => {
  const { readMountOptions } = require('../../lib/http/options')
  const text = read('docs/reference/http.md')
  assert.throws(() => readMountOptions({ nothing: 1 }), ({ message }) => {
    const accepted = /accepted are ([\w, ]+)/.exec(message)[1].split(', ')
    assert.ok(accepted.length > 8)
    assert.deepEqual(accepted.filter((name) => !text.includes(`\`${name}\``)), [])
    return true
  })
  const { heartbeat, patience, maxUnsent, maxListeners, origins } = readMountOptions({}).push
  assert.ok(text.includes(`\`heartbeat\` \`'${heartbeat / 1_000}s'\`, \`patience\` \`'${patience / 1_000}s'\`, \`maxUnsent\` ${maxUnsent >> 20} MiB, \`maxListeners\` ${maxListeners.toLocaleString('en-US')}, \`origins\` none`))
  assert.deepEqual(origins, [])
})

test('every option that is typed can be written into a file, and every one of a file is typed', () => {
  const schema = JSON.parse(read('schema/bellwether.schema.json'))
  const types = fs.readdirSync(path.join(ROOT, 'types')).map((file) => read(`types/${file}`)).join('\n').replace(/\/\*[\s\S]*?\*\//g, '')
  const typed = (name) => {
    const [, bases, body] = new RegExp(`^export interface ${name}(?: extends ([\\w, ]+))? \\{\n([\\s\\S]*?)^\\}`, 'm').exec(types)
    return [...(bases?.split(', ').flatMap(typed) ?? []), ...[...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, member]) => member)]
  }
  const camel = (name) => name === 'base_url' ? 'baseURL' : name.replace(/_(.)/g, (_, c) => c.toUpperCase())
  /** The members of an object, of the objects of a list or a record, or of the one of several forms that has any. */
  const members = (node) => node.properties ?? [...(node.anyOf ?? []), ...[node.items, node.additionalProperties].filter((one) => typeof one === 'object'), ...(node.$ref === undefined ? [] : [schema.$defs[node.$ref.split('/').at(-1)]])]
    .map(members).find((found) => found !== undefined)
  const all = schema.properties
  const endpoint = members(all.endpoints)
  /** In the words of the original files, which stand for options, and what no file can hold. */
  const others = ['$schema', 'gateways', 'monitoring', 'routingRules', 'alertOn', 'slackWebhook', 'maxLatencyMs', 'latencySlaMs', 'endpoint', 'intervalSeconds', 'logger', 'signal', 'forward']
  for (const [name, node] of Object.entries({
    ClientOptions: schema, EndpointOptions: all.endpoints, AlertOptions: all.alerts, AlertRules: members(all.alerts).rules, DrillsOptions: all.drills,
    IncidentOptions: all.incidents, HealthOptions: all.health, RetryOptions: all.retry, BreakerOptions: all.breaker, QueueOptions: all.queue, StreamOptions: all.streams,
    HedgeOptions: all.hedge, TimeoutOptions: all.timeout, TlsOptions: all.tls, LimitOptions: endpoint.limits, CanaryOptions: endpoint.canary,
    HealthCheckOptions: endpoint.health_check, BudgetOptions: all.budgets, RoutingRule: all.rules
  })) {
    const own = (list) => list.filter((member) => !others.includes(member)).sort()
    assert.deepEqual(own(Object.keys(members(node)).map(camel)), own(typed(name)), name)
  }
})
