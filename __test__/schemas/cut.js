'use strict'

// `node __test__/schemas/cut.js openapi.json`: cuts what a chat completion needs out of OpenAI's OpenAPI document
// (https://github.com/openai/openai-openapi) into openai-chat.json, as a JSON Schema of 2020-12.

const fs = require('node:fs')
const path = require('node:path')

const ROOTS = ['CreateChatCompletionRequest', 'CreateChatCompletionResponse', 'CreateChatCompletionStreamResponse']
/** Words for people, and `format`, which 2020-12 does not check either. */
const PROSE = new Set(['description', 'title', 'default', 'example', 'deprecated', 'discriminator', 'format'])
/** What holds schemas by name, where a name that looks like a keyword is none. */
const MAPS = new Set(['properties', 'patternProperties'])

const [, , source] = process.argv
const { components, info } = JSON.parse(fs.readFileSync(source, 'utf8'))
/** @type {Record<string, unknown>} */
const $defs = {}
for (const name of ROOTS) define(name)

const head = { $schema: 'https://json-schema.org/draft/2020-12/schema', $comment: `OpenAI API ${info.version}, ${info.license.name} licence, Copyright (c) OpenAI; see README.md` }
const lines = Object.keys($defs).toSorted().map((name) => `  ${JSON.stringify(name)}: ${JSON.stringify($defs[name])}`)
fs.writeFileSync(path.join(__dirname, 'openai-chat.json'), `${JSON.stringify(head).slice(0, -1)},"$defs":{\n${lines.join(',\n')}\n}}\n`)

/** @param {string} name */
function define (name) {
  if (name in $defs) return
  $defs[name] = true
  $defs[name] = cut(components.schemas[name])
}

/** @param {any} schema @returns {any} */
function cut (schema) {
  if (Array.isArray(schema)) return schema.map(cut)
  if (typeof schema !== 'object' || schema === null) return schema
  const { nullable, ...rest } = schema
  /** @type {Record<string, any>} */
  const kept = {}
  for (const [word, value] of Object.entries(rest)) {
    if (PROSE.has(word) || word.startsWith('x-')) continue
    if (word === '$ref') kept.$ref = reference(value)
    else if (MAPS.has(word)) kept[word] = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, cut(member)]))
    else kept[word] = cut(value)
  }
  // OpenAPI 3.0's word, which the document still uses in places.
  return nullable ? { anyOf: [kept, { type: 'null' }] } : kept
}

/** @param {string} ref */
function reference (ref) {
  const name = ref.slice('#/components/schemas/'.length)
  define(name)
  return `#/$defs/${name}`
}
