'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { Ajv2020 } = require('ajv/dist/2020')
const { SCHEMA, DOCS, schemaText, docsText } = require('../../tools/generate/schema')
const { ROOT } = require('./helpers')

const schema = JSON.parse(fs.readFileSync(SCHEMA, 'utf8'))
const valid = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false }).compile(schema)

test('the schema and the tables of docs/configuration.md match the option readers (npm run schema)', () => {
  assert.equal(fs.readFileSync(SCHEMA, 'utf8'), schemaText())
  const page = fs.readFileSync(DOCS, 'utf8')
  assert.equal(page, docsText(page))
})

test('the package exports it', () => {
  assert.deepEqual(require('bellwether/schema/bellwether.schema.json'), schema)
})

const endpoint = { name: 'a', base_url: 'http://h' }
const GOOD = {
  'nothing but a key': { api_key: '${KEY}' },
  'an address': { endpoints: ['http://h/v1', endpoint] },
  'no key': { endpoints: [{ ...endpoint, api_key: null }] },
  'variables where numbers and words are wanted': { max_retries: '${N}', breaker: '${B:-false}', retry: { prefer: '${P}', backoff: ['${A}', 5] }, timeout: '${T}' },
  durations: { timeout: { total: '30s', connect: 500, first_content: '1.5m' }, hedge: { after: 'p95' } },
  'names of the user\'s': { models: { 'camelCase name': ['a', 'b'] }, prices: { 'gpt-4.1': { input: 2, output: 8 } }, rules: { 'my rule': { route_to: ['a'], latency_sla_ms: 5 } }, routing: { anyTask: { fast: 'm' } } },
  'the schema itself': { $schema: 'x', api_key: 'k' },
  'the original shape': { gateways: { primary: { model: 'm', health_check: { endpoint: 'http://h', interval_seconds: 5 } }, fallback_chain: [{ max_latency_ms: 5 }] }, monitoring: { alert_on: ['failover_triggered'] } }
}
const BAD = {
  'an unknown name': { max_retires: 1 },
  'an option\'s own name': { maxRetries: 1 },
  'an unknown name below': { endpoints: [{ ...endpoint, prioritty: 1 }] },
  'no name': { endpoints: [{ base_url: 'http://h' }] },
  'too many': { max_retries: 101 },
  'not whole': { max_retries: 1.5 },
  'no duration': { timeout: 'soon' },
  'too short': { timeout: { total: 0 } },
  'no such word': { on_unavailable: 'wit' },
  'half a price': { prices: { m: { input: 1 } } },
  'no endpoints': { endpoints: [] },
  'no address of a proxy': { proxy: 'socks5://h' },
  'no primary': { gateways: { fallback_chain: [] } },
  'no alert': { monitoring: { alert_on: ['fire'] } },
  'a list of options': []
}

for (const [name, document] of Object.entries(GOOD)) {
  test(`accepts ${name}`, () => assert.ok(valid(document), JSON.stringify(valid.errors)))
}

for (const [name, document] of Object.entries(BAD)) {
  test(`refuses ${name}`, () => assert.equal(valid(document), false))
}

test('every option is described', () => {
  const silent = []
  const look = (schema, at) => {
    for (const one of schema.anyOf ?? [schema]) {
      for (const [name, member] of Object.entries(one.properties ?? {})) {
        if (!member.description && at !== '' && name !== 'primary') silent.push(`${at}.${name}`)
        look(member, `${at}.${name}`)
      }
      for (const below of [one.items, one.additionalProperties]) if (typeof below === 'object') look(below, at)
    }
  }
  look(schema, '')
  assert.deepEqual(silent, [])
})

test('the README names its address for editors', () => {
  const line = '# yaml-language-server: $schema=./node_modules/bellwether/schema/bellwether.schema.json'
  assert.ok(fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8').includes(line))
})

module.exports = { GOOD, BAD }
