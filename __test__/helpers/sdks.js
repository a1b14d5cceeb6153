'use strict'

// The official SDKs, each asked the same: a text, a stream, a tool. What they say comes back in one form.

const { default: OpenAI } = require('openai')
const { default: Anthropic } = require('@anthropic-ai/sdk')
const { GoogleGenAI } = require('@google/genai')

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }

/**
 * @typedef {object} Sdk
 * @property {string} dialect
 * @property {string} model
 * @property {(to: { fetch?: typeof fetch, baseURL?: string }) => any} make
 * @property {(sdk: any, options?: { signal?: AbortSignal }) => Promise<{ text: string, end: string }>} answer
 * @property {(sdk: any, options?: { signal?: AbortSignal, each?: (text: string) => void }) => Promise<{ text: string, end: string }>} stream
 * @property {(sdk: any) => Promise<{ name: string, input: any, end: string }>} tools
 */

/** @type {Sdk[]} */
const SDKS = [
  {
    dialect: 'openai',
    model: 'gpt-4o',
    make: ({ fetch, baseURL }) => new OpenAI({ apiKey: 'theirs', maxRetries: 0, fetch, ...(baseURL && { baseURL: `${baseURL}/v1` }) }),
    async answer (sdk, { signal } = {}) {
      const { choices: [{ message, finish_reason: end }] } = await sdk.chat.completions.create({ model: this.model, messages: [{ role: 'user', content: 'hi' }] }, { signal })
      return { text: message.content, end }
    },
    async stream (sdk, { signal, each } = {}) {
      let [text, end] = ['', '']
      for await (const { choices: [choice] } of await sdk.chat.completions.create({ model: this.model, stream: true, messages: [{ role: 'user', content: 'hi' }] }, { signal })) {
        text += choice?.delta.content ?? ''
        end = choice?.finish_reason ?? end
        each?.(text)
      }
      return { text, end }
    },
    async tools (sdk) {
      const { choices: [{ message, finish_reason: end }] } = await sdk.chat.completions.create({
        model: this.model, messages: [{ role: 'user', content: 'weather?' }], tools: [{ type: 'function', function: { name: 'weather', parameters: SCHEMA } }]
      })
      const [{ function: { name, arguments: input } }] = message.tool_calls
      return { name, input: JSON.parse(input), end }
    }
  },
  {
    dialect: 'anthropic',
    model: 'claude-sonnet-5',
    make: ({ fetch, baseURL }) => new Anthropic({ apiKey: 'theirs', maxRetries: 0, fetch, ...(baseURL && { baseURL }) }),
    async answer (sdk, { signal } = {}) {
      const { content: [{ text }], stop_reason: end } = await sdk.messages.create({ model: this.model, max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] }, { signal })
      return { text, end }
    },
    async stream (sdk, { signal, each } = {}) {
      const stream = sdk.messages.stream({ model: this.model, max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] }, { signal })
      let text = ''
      stream.on('text', (piece) => each?.(text += piece))
      const { content, stop_reason: end } = await stream.finalMessage()
      return { text: content[0].text, end }
    },
    async tools (sdk) {
      const { content, stop_reason: end } = await sdk.messages.create({
        model: this.model, max_tokens: 100, messages: [{ role: 'user', content: 'weather?' }], tools: [{ name: 'weather', input_schema: SCHEMA }]
      })
      const { name, input } = content.find((block) => block.type === 'tool_use')
      return { name, input, end }
    }
  },
  {
    dialect: 'google',
    model: 'gemini-2.5-pro',
    make: ({ fetch, baseURL }) => new GoogleGenAI({ apiKey: 'theirs', httpOptions: { ...(fetch && { fetch }), ...(baseURL && { baseUrl: baseURL }) } }),
    async answer (sdk, { signal } = {}) {
      const response = await sdk.models.generateContent({ model: this.model, contents: 'hi', config: { abortSignal: signal } })
      return { text: response.text, end: response.candidates[0].finishReason }
    },
    async stream (sdk, { signal, each } = {}) {
      let [text, end] = ['', '']
      for await (const chunk of await sdk.models.generateContentStream({ model: this.model, contents: 'hi', config: { abortSignal: signal } })) {
        text += chunk.text ?? ''
        end = chunk.candidates?.[0]?.finishReason ?? end
        each?.(text)
      }
      return { text, end }
    },
    async tools (sdk) {
      const response = await sdk.models.generateContent({
        model: this.model, contents: 'weather?', config: { tools: [{ functionDeclarations: [{ name: 'weather', parametersJsonSchema: SCHEMA }] }] }
      })
      const [{ name, args }] = response.functionCalls
      return { name, input: args, end: response.candidates[0].finishReason }
    }
  }
]

/** How each says that it has said all, and that it wants a tool. */
const ENDS = { openai: ['stop', 'tool_calls'], anthropic: ['end_turn', 'tool_use'], google: ['STOP', 'STOP'] }

module.exports = { SDKS, ENDS }
