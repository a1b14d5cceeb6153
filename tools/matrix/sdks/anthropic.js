'use strict'

const { default: Anthropic, AnthropicError, APIUserAbortError } = require('@anthropic-ai/sdk')
const { jsonSchemaOutputFormat } = require('@anthropic-ai/sdk/helpers/json-schema')

/** @param {import('.').SdkRequest} request */
function bodyOf ({ prompt, tools, schema, image, since }) {
  const picture = image && { type: 'image', source: { type: 'base64', media_type: image.type, data: image.bytes.toString('base64') } }
  return {
    model: sdk.model,
    max_tokens: 1000,
    messages: [{ role: 'user', content: picture ? [{ type: 'text', text: prompt }, picture] : prompt }, ...(since ? turnsOf(since) : [])],
    ...(tools && { tools: tools.map(({ name, schema: input }) => ({ name, input_schema: input })) }),
    ...(schema && { output_config: { format: jsonSchemaOutputFormat(schema) } })
  }
}

function turnsOf ({ turn, results }) {
  const content = turn.filter(({ type }) => type === 'tool_use').map(({ id }, i) => ({ type: 'tool_result', tool_use_id: id, content: results[i] }))
  return [{ role: 'assistant', content: turn }, { role: 'user', content }]
}

/** @returns {import('.').SdkAnswer} */
function toAnswer ({ content, stop_reason: end, usage }) {
  return {
    text: content.filter(({ type }) => type === 'text').map(({ text }) => text).join(''),
    calls: content.filter(({ type }) => type === 'tool_use').map(({ name, input }) => ({ name, input })),
    end,
    usage: { input: usage.input_tokens, output: usage.output_tokens }
  }
}

/** @type {import('.').Sdk} */
const sdk = {
  name: 'anthropic',
  dialect: 'anthropic',
  model: 'claude-sonnet-5',
  ends: { text: 'end_turn', tool: 'tool_use' },
  make: ({ fetch, origin }) => new Anthropic({ apiKey: 'theirs', maxRetries: 0, ...(origin ? { baseURL: origin } : { fetch }) }),
  async ask (anthropic, request) {
    const message = await anthropic.messages.parse(bodyOf(request), { signal: request.signal })
    return { ...toAnswer(message), object: message.parsed_output, turn: message.content }
  },
  async * stream (anthropic, request) {
    const stream = anthropic.messages.stream(bodyOf(request), { signal: request.signal })
    for await (const { type, delta } of stream) {
      if (type === 'content_block_delta' && delta.type === 'text_delta') yield { text: delta.text }
    }
    const { calls, end, usage } = toAnswer(await stream.finalMessage())
    yield { calls, end, usage }
  },
  isAbort: (error) => error instanceof APIUserAbortError,
  isError: (error) => error instanceof AnthropicError
}

module.exports = [sdk]
