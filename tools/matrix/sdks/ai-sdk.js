'use strict'

const { generateText, streamText, tool: toolOf, jsonSchema, Output, AISDKError } = require('ai')
const { createOpenAI } = require('@ai-sdk/openai')
const { createAnthropic } = require('@ai-sdk/anthropic')
const { createGoogle } = require('@ai-sdk/google')
const { createOpenAICompatible } = require('@ai-sdk/openai-compatible')
const { createBellwether } = require('bellwether/ai-sdk')

globalThis.AI_SDK_LOG_WARNINGS = false

/** @param {unknown} model @param {import('.').SdkRequest} request */
function settingsOf (model, { prompt, tools, schema, image, since, signal }) {
  const picture = image && { type: 'file', data: image.bytes, mediaType: image.type }
  return {
    model,
    maxRetries: 0,
    abortSignal: signal,
    messages: [{ role: 'user', content: picture ? [{ type: 'text', text: prompt }, picture] : prompt }, ...(since ? turnsOf(since) : [])],
    ...(tools && { tools: Object.fromEntries(tools.map(({ name, schema: input }) => [name, toolOf({ inputSchema: jsonSchema(input) })])) }),
    ...(schema && { output: Output.object({ schema: jsonSchema(schema) }) })
  }
}

function turnsOf ({ turn: { messages, toolCalls }, results }) {
  const content = toolCalls.map(({ toolCallId, toolName }, i) => ({ type: 'tool-result', toolCallId, toolName, output: { type: 'text', value: results[i] } }))
  return [...messages, { role: 'tool', content }]
}

const callOf = ({ toolName, input }) => ({ name: toolName, input })
const usageOf = ({ inputTokens, outputTokens }) => ({ input: inputTokens, output: outputTokens })

/** @type {Omit<import('.').Sdk, 'name' | 'dialect' | 'model' | 'make'>} */
const common = {
  ends: { text: 'stop', tool: 'tool-calls' },
  leavesOpen: true,
  async ask (model, request) {
    const result = await generateText(settingsOf(model, request))
    const turn = { messages: result.response.messages, toolCalls: result.toolCalls }
    return { text: result.text, calls: result.toolCalls.map(callOf), object: request.schema && result.output, end: result.finishReason, usage: usageOf(result.usage), turn }
  },
  async * stream (model, request) {
    // It reports errors and aborts as parts of the stream, and logs them without this listener.
    for await (const part of streamText({ ...settingsOf(model, request), onError () {} }).fullStream) {
      if (part.type === 'error') throw part.error
      if (part.type === 'abort') throw request.signal.reason
      if (part.type === 'text-delta') yield { text: part.text }
      if (part.type === 'tool-call') yield { calls: [callOf(part)] }
      if (part.type === 'finish') yield { end: part.finishReason, usage: usageOf(part.totalUsage) }
    }
  },
  isAbort: (error) => error.name === 'AbortError',
  isError: (error) => AISDKError.isInstance(error)
}

/** @type {import('.').Sdk[]} */
module.exports = [
  {
    ...common,
    name: 'ai-sdk/openai',
    dialect: 'openai',
    model: 'gpt-4.1',
    // The default is the Responses API.
    make: ({ fetch, origin }) => createOpenAI({ apiKey: 'theirs', ...(origin ? { baseURL: `${origin}/v1` } : { fetch }) }).chat('gpt-4.1')
  },
  {
    ...common,
    name: 'ai-sdk/anthropic',
    dialect: 'anthropic',
    model: 'claude-sonnet-5',
    make: ({ fetch, origin }) => createAnthropic({ apiKey: 'theirs', ...(origin ? { baseURL: `${origin}/v1` } : { fetch }) })('claude-sonnet-5')
  },
  {
    ...common,
    name: 'ai-sdk/google',
    dialect: 'google',
    model: 'gemini-2.5-pro',
    make: ({ fetch, origin }) => createGoogle({ apiKey: 'theirs', ...(origin ? { baseURL: `${origin}/v1beta` } : { fetch }) })('gemini-2.5-pro')
  },
  {
    ...common,
    name: 'ai-sdk/bellwether',
    dialect: 'openai',
    model: 'gpt-4.1',
    // With a client it uses the client's fetch. Without one, an equivalent provider stands in.
    make: ({ fetch, origin }) => (origin
      ? createOpenAICompatible({ name: 'bellwether', apiKey: 'theirs', baseURL: `${origin}/v1`, includeUsage: true, supportsStructuredOutputs: true })
      : createBellwether(/** @type {any} */ ({ fetch })))('gpt-4.1')
  }
]
