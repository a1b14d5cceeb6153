'use strict'

const { HumanMessage, ToolMessage } = require('@langchain/core/messages')
const { ChatOpenAI } = require('@langchain/openai')
const { ChatAnthropic } = require('@langchain/anthropic')

/** @param {import('.').SdkRequest} request */
function messagesOf ({ prompt, image, since }) {
  const picture = image && { type: 'image', source_type: 'base64', mime_type: image.type, data: image.bytes.toString('base64') }
  const request = new HumanMessage({ content: picture ? [{ type: 'text', text: prompt }, picture] : prompt })
  return since ? [request, since.turn, ...resultsOf(since)] : [request]
}

function resultsOf ({ turn, results }) {
  return turn.tool_calls.map(({ id, name }, i) => new ToolMessage({ tool_call_id: id, name, content: results[i] }))
}

/** @param {any} model @param {import('.').SdkRequest} request */
function withTools (model, { tools }) {
  return tools ? model.bindTools(tools.map(({ name, schema: parameters }) => ({ type: 'function', function: { name, parameters } }))) : model
}

/** Converts a message, or a joined piece of one. */
function toAnswer (message) {
  const { finish_reason: finish, stop_reason: stop } = { ...message.additional_kwargs, ...message.response_metadata }
  const usage = message.usage_metadata
  return {
    text: message.text,
    calls: message.tool_calls.map(({ name, args }) => ({ name, input: args })),
    end: finish ?? stop,
    usage: usage && { input: usage.input_tokens, output: usage.output_tokens }
  }
}

/** @type {Omit<import('.').Sdk, 'name' | 'dialect' | 'model' | 'ends' | 'make'>} */
const common = {
  async ask (model, request) {
    const { schema, signal } = request
    if (!schema) {
      const turn = await withTools(model, request).invoke(messagesOf(request), { signal })
      return { ...toAnswer(turn), turn }
    }
    const structured = model.withStructuredOutput(schema, { name: 'place', method: 'jsonSchema', includeRaw: true })
    const { raw, parsed } = await structured.invoke(messagesOf(request), { signal })
    return { ...toAnswer(raw), object: parsed }
  },
  async * stream (model, request) {
    let whole
    for await (const chunk of await withTools(model, request).stream(messagesOf(request), { signal: request.signal })) {
      whole = whole?.concat(chunk) ?? chunk
      if (chunk.text) yield { text: chunk.text }
    }
    const { calls, end, usage } = toAnswer(whole)
    yield { calls, end, usage }
  },
  isAbort: (error) => error.name === 'AbortError',
  // Each provider bundles its vendor's SDK, possibly in another version.
  isError: (error) => error.constructor.name === 'APIError'
}

/** @type {import('.').Sdk[]} */
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
  // It adds the count at the start of a stream to the one at its end, which already includes it.
  miscountsStreams: true,
    make: ({ fetch, origin }) => new ChatAnthropic({ model: 'claude-sonnet-5', apiKey: 'theirs', maxRetries: 0, ...(origin ? { anthropicApiUrl: origin } : { clientOptions: { fetch } }) })
  }
]
