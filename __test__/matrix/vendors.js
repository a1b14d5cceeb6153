'use strict'

// What the vendors of the matrix say, and what they must have been asked.

const assert = require('node:assert/strict')
const { faults } = require('../../testing')

const PROMPT = 'Where is it – "here"?\n'
const TEXT = 'Grüezi from\nBern, "where" the 🐻 are: \\o/ done'
const PLACE = { city: 'Zürich', people: 447082, twins: [{ name: 'San Francisco', since: null }], capital: false }
const SCHEMA = {
  type: 'object',
  properties: {
    city: { type: 'string', description: 'its name' },
    people: { type: 'integer' },
    twins: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' }, since: { anyOf: [{ type: 'integer' }, { type: 'null' }] } }, required: ['name', 'since'], additionalProperties: false } },
    capital: { type: 'boolean' }
  },
  required: ['city', 'people', 'twins', 'capital'],
  additionalProperties: false
}
const TOOL = { name: 'find_place', schema: SCHEMA }
/** A picture of one pixel. */
const IMAGE = { type: 'image/png', bytes: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64') }
const USAGE = { input: 1234, output: 56 }

const MODELS = { openai: 'gpt-5.5', anthropic: 'claude-opus-5-5', google: 'gemini-3-pro', relay: 'gemini-3-flash' }

const google = {
  usage: { promptTokenCount: USAGE.input, candidatesTokenCount: USAGE.output, totalTokenCount: USAGE.input + USAGE.output },
  prompt: ({ contents }) => contents[0].parts[0].text,
  schema: ({ generationConfig }) => generationConfig.responseJsonSchema,
  tool: ({ tools: [{ functionDeclarations: [{ name, parameters, parametersJsonSchema }] }] }) => ({ name, schema: parametersJsonSchema ?? parameters }),
  image: ({ contents }) => {
    const { inlineData: { mimeType, data } } = contents[0].parts[1]
    return { type: mimeType, bytes: Buffer.from(data, 'base64') }
  }
}

/** How each dialect counts, and where it says what is asked. */
const SPOKEN = {
  openai: {
    usage: { prompt_tokens: USAGE.input, completion_tokens: USAGE.output, total_tokens: USAGE.input + USAGE.output },
    prompt: ({ messages: [{ content }] }) => content[0].text ?? content,
    schema: ({ response_format: format }) => format.json_schema.schema,
    tool: ({ tools: [{ function: { name, parameters } }] }) => ({ name, schema: parameters }),
    image: ({ messages: [{ content }] }) => {
      const [, type, data] = /^data:(.+);base64,(.+)$/.exec(content[1].image_url.url)
      return { type, bytes: Buffer.from(data, 'base64') }
    }
  },
  anthropic: {
    usage: { input_tokens: USAGE.input, output_tokens: USAGE.output },
    prompt: ({ messages: [{ content }] }) => content[0].text ?? content,
    schema: ({ output_config: { format } }) => format.schema,
    tool: ({ tools: [{ name, input_schema: schema }] }) => ({ name, schema }),
    image: ({ messages: [{ content }] }) => {
      const { media_type: type, data } = content[1].source
      return { type, bytes: Buffer.from(data, 'base64') }
    }
  },
  google,
  relay: google
}

/** What an operation asks. */
const ASKED = {
  tools: { prompt: PROMPT, tool: TOOL },
  schema: { prompt: PROMPT, schema: SCHEMA },
  image: { prompt: PROMPT, image: IMAGE }
}
const askedBy = (operation) => ASKED[operation] ?? { prompt: PROMPT }

/** What a vendor answers. @param {string} operation @param {string} dialect */
function answerTo (operation, dialect) {
  const { usage } = SPOKEN[dialect]
  if (operation === 'tools') return faults.healthy({ toolCalls: [{ name: TOOL.name, arguments: PLACE }], usage })
  return faults.healthy({ content: operation === 'schema' ? JSON.stringify(PLACE) : TEXT, usage })
}

/** What an SDK has to make of it. @param {string} operation @param {import('./sdks').Sdk} sdk @returns {import('./sdks').Said} */
function saidTo (operation, { ends }) {
  if (operation === 'tools') return { text: '', calls: [{ name: TOOL.name, input: PLACE }], end: ends.tool, usage: USAGE }
  const object = operation === 'schema' ? { object: PLACE } : {}
  return { text: operation === 'schema' ? JSON.stringify(PLACE) : TEXT, calls: [], ...object, end: ends.text, usage: USAGE }
}

/** @param {import('../../testing').Hit} hit @param {string} operation @param {string} dialect */
function assertAsked ({ body }, operation, dialect) {
  const spoken = SPOKEN[dialect]
  assert.equal(spoken.prompt(body), PROMPT, 'the prompt that reached the vendor')
  if (operation === 'schema') assert.deepEqual(essence(spoken.schema(body)), essence(SCHEMA), 'the schema that reached the vendor')
  if (operation === 'image') assert.deepEqual(spoken.image(body), IMAGE, 'the image that reached the vendor')
  if (operation === 'tools') {
    const { name, schema } = spoken.tool(body)
    assert.deepEqual({ name, schema: essence(schema) }, { name: TOOL.name, schema: essence(SCHEMA) }, 'the tool that reached the vendor')
  }
}

/** A schema without what SDKs add and leave out. */
function essence (schema) {
  const { type, properties, items, anyOf, required, description } = schema
  return {
    type,
    required,
    description,
    properties: properties && Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, essence(inner)])),
    items: items && essence(items),
    anyOf: anyOf?.map(essence)
  }
}

module.exports = { MODELS, TEXT, PLACE, askedBy, answerTo, saidTo, assertAsked }
