'use strict'

// Answers of the matrix's vendors, and the requests they must receive.

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
const TOOLS = [{ name: 'find_place', schema: SCHEMA }, { name: 'now', schema: { type: 'object', properties: {}, additionalProperties: false } }]
/** Two calls in one answer, one of them without arguments. */
const CALLS = [{ name: 'find_place', input: PLACE }, { name: 'now', input: {} }]
const RESULTS = ['found: "Zürich"\n', 'noon']
/** An image of one pixel. */
const IMAGE = { type: 'image/png', bytes: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64') }
const USAGE = { input: 1234, output: 56 }

const MODELS = { openai: 'gpt-5.5', anthropic: 'claude-opus-5-5', google: 'gemini-3-pro', relay: 'gemini-3-flash' }

const google = {
  usage: { promptTokenCount: USAGE.input, candidatesTokenCount: USAGE.output, totalTokenCount: USAGE.input + USAGE.output },
  prompt: ({ contents }) => contents[0].parts[0].text,
  schema: ({ generationConfig }) => generationConfig.responseJsonSchema,
  tools: ({ tools: [{ functionDeclarations }] }) => functionDeclarations.map(({ name, parameters, parametersJsonSchema }) => ({ name, schema: parametersJsonSchema ?? parameters })),
  calls: ({ contents: [, { parts }] }) => parts.filter(({ functionCall }) => functionCall).map(({ functionCall: { id, name, args } }) => ({ id, name, input: args })),
  results: ({ contents: [,, { parts }] }) => parts.map(({ functionResponse: { id, name, response } }) => ({ id, name, said: JSON.stringify(response) })),
  image: ({ contents }) => {
    const { inlineData: { mimeType, data } } = contents[0].parts[1]
    return { type: mimeType, bytes: Buffer.from(data, 'base64') }
  }
}

/** How each dialect reports usage, and where its requests hold their content. */
const SPOKEN = {
  openai: {
    usage: { prompt_tokens: USAGE.input, completion_tokens: USAGE.output, total_tokens: USAGE.input + USAGE.output },
    prompt: ({ messages: [{ content }] }) => content[0].text ?? content,
    schema: ({ response_format: format }) => format.json_schema.schema,
    tools: ({ tools }) => tools.map(({ function: { name, parameters } }) => ({ name, schema: parameters })),
    calls: ({ messages: [, { tool_calls: calls }] }) => calls.map(({ id, function: { name, arguments: input } }) => ({ id, name, input: JSON.parse(input) })),
    results: ({ messages: [,, ...results] }) => results.map(({ tool_call_id: id, content }) => ({ id, said: JSON.stringify(content) })),
    image: ({ messages: [{ content }] }) => {
      const [, type, data] = /^data:(.+);base64,(.+)$/.exec(content[1].image_url.url)
      return { type, bytes: Buffer.from(data, 'base64') }
    }
  },
  anthropic: {
    usage: { input_tokens: USAGE.input, output_tokens: USAGE.output },
    prompt: ({ messages: [{ content }] }) => content[0].text ?? content,
    schema: ({ output_config: { format } }) => format.schema,
    tools: ({ tools }) => tools.map(({ name, input_schema: schema }) => ({ name, schema })),
    calls: ({ messages: [, { content }] }) => content.filter(({ type }) => type === 'tool_use').map(({ id, name, input }) => ({ id, name, input })),
    results: ({ messages: [,, { content }] }) => content.map(({ tool_use_id: id, content: said }) => ({ id, said: JSON.stringify(said) })),
    image: ({ messages: [{ content }] }) => {
      const { media_type: type, data } = content[1].source
      return { type, bytes: Buffer.from(data, 'base64') }
    }
  },
  google,
  relay: google
}

/** The request of each operation. */
const ASKED = {
  tools: { prompt: PROMPT, tools: TOOLS },
  results: { prompt: PROMPT, tools: TOOLS },
  schema: { prompt: PROMPT, schema: SCHEMA },
  image: { prompt: PROMPT, image: IMAGE }
}
const expectedRequest = (operation) => ASKED[operation] ?? { prompt: PROMPT }

/** The answer of a vendor. @param {string} operation @param {string} dialect */
function answerTo (operation, dialect) {
  const { usage } = SPOKEN[dialect]
  if (operation === 'tools') return faults.healthy({ toolCalls: CALLS.map(({ name, input }) => ({ name, arguments: input })), usage })
  return faults.healthy({ content: operation === 'schema' ? JSON.stringify(PLACE) : TEXT, usage })
}

/**
 * The result that an SDK must return for it. @param {string} operation @param {import('./sdks').Sdk} sdk @returns
 * {import('./sdks').SdkAnswer}
 */
function expectedAnswer (operation, { ends }) {
  if (operation === 'tools') return { text: '', calls: CALLS, end: ends.tool, usage: USAGE }
  const object = operation === 'schema' ? { object: PLACE } : {}
  return { text: operation === 'schema' ? JSON.stringify(PLACE) : TEXT, calls: [], ...object, end: ends.text, usage: USAGE }
}

/** @param {import('../../testing').Hit} hit @param {string} operation @param {string} dialect */
function assertAsked ({ body }, operation, dialect) {
  const spoken = SPOKEN[dialect]
  assert.equal(spoken.prompt(body), PROMPT, 'the prompt that reached the vendor')
  if (operation === 'schema') assert.deepEqual(essence(spoken.schema(body)), essence(SCHEMA), 'the schema that reached the vendor')
  if (operation === 'image') assert.deepEqual(spoken.image(body), IMAGE, 'the image that reached the vendor')
  if (operation === 'tools' || operation === 'results') {
    const tools = spoken.tools(body)
    assert.deepEqual(tools.map(({ name }) => name), TOOLS.map(({ name }) => name), 'the tools that reached the vendor')
    assert.deepEqual(essence(tools[0].schema), essence(SCHEMA), 'the schema of a tool that reached the vendor')
  }
  if (operation === 'results') assertResults(spoken.calls(body), spoken.results(body))
}

/** Calls and results are matched by their ids; Google's, without ids, by their names. */
function assertResults (calls, results) {
  assert.deepEqual(calls.map(({ name, input }) => ({ name, input })), CALLS, 'the calls that came back to the vendor')
  assert.deepEqual(results.map(({ id }) => id), calls.map(({ id }) => id), 'the ids of the results')
  assert.equal(new Set(calls.map(({ id, name }) => id ?? name)).size, CALLS.length)
  for (const [i, { name = CALLS[i].name, said }] of results.entries()) {
    assert.equal(name, CALLS[i].name)
    assert.ok(bare(said).includes(bare(JSON.stringify(RESULTS[i]).slice(1, -1))), `the result that reached the vendor: ${said}`)
  }
}

/** Removes the escapes of JSON within JSON. @param {string} json */
const bare = (json) => json.replaceAll('\\', '')

/** Returns a schema without members that SDKs add or omit. */
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

module.exports = { MODELS, TEXT, CALLS, RESULTS, expectedRequest, answerTo, expectedAnswer, assertAsked }
