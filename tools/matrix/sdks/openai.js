'use strict'

const { default: OpenAI, APIError, APIUserAbortError } = require('openai')

/** @param {import('.').SdkRequest} request */
function bodyOf ({ prompt, tools, schema, image, since }) {
  const picture = image && { type: 'image_url', image_url: { url: `data:${image.type};base64,${image.bytes.toString('base64')}` } }
  return {
    model: sdk.model,
    messages: [{ role: 'user', content: picture ? [{ type: 'text', text: prompt }, picture] : prompt }, ...(since ? [since.turn, ...resultsOf(since)] : [])],
    ...(tools && { tools: tools.map(({ name, schema: parameters }) => ({ type: 'function', function: { name, parameters } })) }),
    ...(schema && { response_format: { type: 'json_schema', json_schema: { name: 'place', strict: true, schema } } })
  }
}

const resultsOf = ({ turn, results }) => turn.tool_calls.map(({ id }, i) => ({ role: 'tool', tool_call_id: id, content: results[i] }))
const callOf = ({ function: { name, arguments: input } }) => ({ name, input: JSON.parse(input) })
const usageOf = (usage) => usage && { input: usage.prompt_tokens, output: usage.completion_tokens }

/** @type {import('.').Sdk} */
const sdk = {
  name: 'openai',
  dialect: 'openai',
  model: 'gpt-4.1',
  ends: { text: 'stop', tool: 'tool_calls' },
  abortsQuietly: true,
  make: ({ fetch, origin }) => new OpenAI({ apiKey: 'theirs', maxRetries: 0, ...(origin ? { baseURL: `${origin}/v1` } : { fetch }) }),
  async ask (openai, request) {
    const { choices: [{ message, finish_reason: end }], usage } = await openai.chat.completions.create(bodyOf(request), { signal: request.signal })
    return { text: message.content ?? '', calls: (message.tool_calls ?? []).map(callOf), object: request.schema && JSON.parse(message.content), end, usage: usageOf(usage), turn: message }
  },
  async * stream (openai, request) {
    const body = { ...bodyOf(request), stream: true, stream_options: { include_usage: true } }
    const calls = []
    for await (const { choices: [choice], usage } of await openai.chat.completions.create(body, { signal: request.signal })) {
      for (const { index, function: { name, arguments: input } } of choice?.delta.tool_calls ?? []) {
        calls[index] ??= { function: { name, arguments: '' } }
        calls[index].function.arguments += input ?? ''
      }
      if (choice?.delta.content) yield { text: choice.delta.content }
      if (choice?.finish_reason) yield { calls: calls.map(callOf), end: choice.finish_reason }
      if (usage) yield { usage: usageOf(usage) }
    }
  },
  isAbort: (error) => error instanceof APIUserAbortError,
  isError: (error) => error instanceof APIError
}

module.exports = [sdk]
