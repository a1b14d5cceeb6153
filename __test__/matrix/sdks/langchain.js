'use strict'

const { HumanMessage } = require('@langchain/core/messages')
const { ChatOpenAI } = require('@langchain/openai')
const { ChatAnthropic } = require('@langchain/anthropic')

/** @param {import('./index').Asked} asked */
function messagesOf ({ prompt, image }) {
  const picture = image && { type: 'image', source_type: 'base64', mime_type: image.type, data: image.bytes.toString('base64') }
  return [new HumanMessage({ content: picture ? [{ type: 'text', text: prompt }, picture] : prompt })]
}

/** @param {any} model @param {import('./index').Asked} asked */
function withTool (model, { tool }) {
  return tool ? model.bindTools([{ type: 'function', function: { name: tool.name, parameters: tool.schema } }]) : model
}

/** What a message says, and a piece of one that has been put together. */
function said (message) {
  const { finish_reason: finish, stop_reason: stop } = { ...message.additional_kwargs, ...message.response_metadata }
  const usage = message.usage_metadata
  return {
    text: message.text,
    calls: message.tool_calls.map(({ name, args }) => ({ name, input: args })),
    end: finish ?? stop,
    usage: usage && { input: usage.input_tokens, output: usage.output_tokens }
  }
}

/** @type {Omit<import('./index').Sdk, 'name' | 'dialect' | 'model' | 'ends' | 'make'>} */
const common = {
  async ask (model, asked) {
    const { schema, signal } = asked
    if (!schema) return said(await withTool(model, asked).invoke(messagesOf(asked), { signal }))
    const structured = model.withStructuredOutput(schema, { name: 'place', method: 'jsonSchema', includeRaw: true })
    const { raw, parsed } = await structured.invoke(messagesOf(asked), { signal })
    return { ...said(raw), object: parsed }
  },
  async * stream (model, asked) {
    let whole
    for await (const chunk of await withTool(model, asked).stream(messagesOf(asked), { signal: asked.signal })) {
      whole = whole?.concat(chunk) ?? chunk
      if (chunk.text) yield { text: chunk.text }
    }
    const { calls, end, usage } = said(whole)
    yield { calls, end, usage }
  },
  isAbort: (error) => error.name === 'AbortError',
  // Each provider brings its vendor's SDK, not always in the version that stands beside it.
  isError: (error) => error.constructor.name === 'APIError'
}

/** @type {import('./index').Sdk[]} */
module.exports = [
  {
    ...common,
    name: 'langchain/openai',
    dialect: 'openai',
    model: 'gpt-4.1',
    ends: { text: 'stop', tool: 'tool_calls' },
    make: ({ fetch, origin }) => new ChatOpenAI({ model: 'gpt-4.1', apiKey: 'theirs', maxRetries: 0, configuration: origin ? { baseURL: `${origin}/v1` } : { fetch } })
  },
  {
    ...common,
    name: 'langchain/anthropic',
    dialect: 'anthropic',
    model: 'claude-sonnet-5',
    ends: { text: 'end_turn', tool: 'tool_use' },
  // It adds the count that a stream begins with to the one it ends with, which holds it already.
  miscountsStreams: true,
    make: ({ fetch, origin }) => new ChatAnthropic({ model: 'claude-sonnet-5', apiKey: 'theirs', maxRetries: 0, ...(origin ? { anthropicApiUrl: origin } : { clientOptions: { fetch } }) })
  }
]
