'use strict'

// OpenAI's own description of its chat completions, as a judge.

const Ajv = require('ajv/dist/2020').default
const document = require('./openai-chat.json')

/**
 * Closes a schema: fields that it does not name are errors here, so that a misspelled field is found.
 * @param {any} schema
 * @param {boolean} [part] Of an `allOf`, which is closed as a whole.
 * @returns {any}
 */
function closed (schema, part = false) {
  if (Array.isArray(schema)) return schema.map((member) => closed(member))
  if (typeof schema !== 'object' || schema === null) return schema
  const copy = Object.fromEntries(Object.entries(schema).map(([word, value]) => {
    if (word === 'properties') return [word, Object.fromEntries(Object.entries(value).map(([name, member]) => [name, closed(member)]))]
    if (word === 'allOf') return [word, value.map((/** @type {any} */ member) => closed(member, true))]
    return [word, closed(value)]
  }))
  const open = part || 'additionalProperties' in copy || !('properties' in copy || 'allOf' in copy)
  return open ? copy : { ...copy, unevaluatedProperties: false }
}

/** Schemas that are nothing but parts of others. */
const PARTS = ['CreateModelResponseProperties', 'ModelResponseProperties']
const $defs = Object.fromEntries(Object.entries(document.$defs).map(([name, schema]) => [name, closed(schema, PARTS.includes(name))]))
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, strictTypes: false, strictRequired: false })
ajv.addSchema({ $id: 'openai', $defs })

/** What is wrong with a value, in the words of the validator; nothing: an empty list. */
function judge (name) {
  const validate = ajv.getSchema(`openai#/$defs/${name}`)
  return (value) => validate(value) ? [] : validate.errors.map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
}

module.exports = {
  requestMistakes: judge('CreateChatCompletionRequest'),
  completionMistakes: judge('CreateChatCompletionResponse'),
  chunkMistakes: judge('CreateChatCompletionStreamResponse')
}
