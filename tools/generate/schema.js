'use strict'

// `npm run schema`: writes what the option readers describe: schema/bellwether.schema.json, and the tables of
// docs/configuration.md. A test fails if either is not current.

const fs = require('node:fs')
const path = require('node:path')
const native = require('../../lib/native/addon')

const ROOT = path.join(__dirname, '..', '..')
const SCHEMA = path.join(ROOT, 'schema', 'bellwether.schema.json')
const DOCS = path.join(ROOT, 'docs', 'configuration.md')
const BEGIN = '<!-- Written by npm run schema from here … -->'
const END = '<!-- … to here -->'

function schemaText () {
  return `${JSON.stringify(JSON.parse(native.documentSchema()), null, 2)}\n`
}

/** Returns the page with current tables. @param {string} page */
function docsText (page) {
  const [before, rest] = page.split(BEGIN)
  const after = rest?.split(END)[1]
  if (after === undefined) throw new Error(`docs/configuration.md lacks its marks, ${BEGIN} and ${END}`)
  return `${before}${BEGIN}\n\n${tables(JSON.parse(schemaText()))}\n\n${END}${after}`
}

/** @param {any} schema */
function tables (schema) {
  const { gateways, ...top } = schema.properties
  return [
    section('At the top', rows({ ...top, gateways: { ...gateways, type: 'object', properties: {} } }, '')),
    section('An endpoint, under `endpoints`', rows(objectOf(top.endpoints.items).properties, ''))
  ].join('\n\n')
}

/** @param {string} title @param {string[]} lines */
function section (title, lines) {
  return [`### ${title}`, '', '| key | type | what it is |', '|---|---|---|', ...lines].join('\n')
}

/** @param {Record<string, any>} properties @param {string} above @returns {string[]} */
function rows (properties, above) {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const key = `${above}${name}`
    const line = `| \`${key}\` | ${typeOf(schema).replaceAll('|', '\\|')} | ${(schema.description ?? '').replaceAll('|', '\\|')} |`
    // Endpoints have a table of their own, and aliases of an option are listed without their members.
    if (key === 'endpoints' || /^Another name for/.test(schema.description)) return [line]
    const own = objectOf(schema)
    const values = own && typeof own.additionalProperties === 'object' ? objectOf(own.additionalProperties) : undefined
    return [line, ...rows(own?.properties ?? {}, `${key}.`), ...rows(values?.properties ?? {}, `${key}.<name>.`)]
  })
}

/** @param {any} schema */
function objectOf (schema) {
  return (schema.anyOf ?? [schema]).find((/** @type {any} */ one) => one.type === 'object')
}

/** @param {any} schema @returns {string} */
function typeOf (schema) {
  const words = (schema.anyOf ?? [schema]).filter((/** @type {any} */ one) => one.$ref === undefined).map(wordOf)
  return [...new Set(words)].join(' or ')
}

/** @param {any} one */
function wordOf (one) {
  if (one.enum) return one.enum.map((/** @type {any} */ value) => `\`${value}\``).join(', ')
  if ('const' in one) return `\`${one.const}\``
  if (Array.isArray(one.type)) return one.minimum > 0 ? `duration from ${one.minimum} ms` : 'duration'
  if (one.type === 'integer' || one.type === 'number') {
    const kind = one.type === 'integer' ? 'whole number' : 'number'
    return one.maximum === undefined ? `${kind} from ${one.minimum}` : `${kind}, ${one.minimum} to ${one.maximum}`
  }
  if (one.type === 'array') return `list of ${typeOf(one.items)}`
  if (one.type === 'object') return one.properties ? 'object' : `object of ${typeOf(one.additionalProperties)}`
  return one.type === 'boolean' ? 'true or false' : one.type
}

if (require.main === module) {
  fs.writeFileSync(SCHEMA, schemaText())
  fs.writeFileSync(DOCS, docsText(fs.readFileSync(DOCS, 'utf8')))
}

module.exports = { SCHEMA, DOCS, schemaText, docsText }
