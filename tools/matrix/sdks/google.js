'use strict'

const { GoogleGenAI, ApiError } = require('@google/genai')

/** @param {import('.').SdkRequest} request */
function parametersOf ({ prompt, tools, schema, image, since, signal }) {
  const picture = image && { inlineData: { mimeType: image.type, data: image.bytes.toString('base64') } }
  return {
    model: sdk.model,
    contents: [{ role: 'user', parts: [{ text: prompt }, ...(picture ? [picture] : [])] }, ...(since ? turnsOf(since) : [])],
    config: {
      abortSignal: signal,
      ...(tools && { tools: [{ functionDeclarations: tools.map(({ name, schema: parameters }) => ({ name, parametersJsonSchema: parameters })) }] }),
      ...(schema && { responseMimeType: 'application/json', responseJsonSchema: schema })
    }
  }
}

function turnsOf ({ turn, results }) {
  const parts = turn.parts.filter(({ functionCall }) => functionCall)
    .map(({ functionCall: { id, name } }, i) => ({ functionResponse: { id, name, response: { output: results[i] } } }))
  return [turn, { role: 'user', parts }]
}

/** Converts a whole answer, or a piece of one. */
function toAnswer ({ candidates: [{ content, finishReason }], usageMetadata: usage }) {
  const parts = content?.parts ?? []
  return {
    text: parts.map(({ text }) => text ?? '').join(''),
    calls: parts.filter(({ functionCall }) => functionCall).map(({ functionCall: { name, args } }) => ({ name, input: args })),
    end: finishReason,
    usage: usage && { input: usage.promptTokenCount, output: usage.candidatesTokenCount }
  }
}

/** @type {import('.').Sdk} */
const sdk = {
  name: 'google',
  dialect: 'google',
  model: 'gemini-2.5-pro',
  ends: { text: 'STOP', tool: 'STOP' },
  leavesOpen: true,
  make: ({ fetch, origin }) => new GoogleGenAI({ apiKey: 'theirs', httpOptions: origin ? { baseUrl: origin } : { fetch } }),
  async ask (google, request) {
    const response = await google.models.generateContent(parametersOf(request))
    return { ...toAnswer(response), object: request.schema && JSON.parse(response.text), turn: response.candidates[0].content }
  },
  async * stream (google, request) {
    for await (const chunk of await google.models.generateContentStream(parametersOf(request))) yield toAnswer(chunk)
  },
  isAbort: (error) => error.name === 'AbortError',
  isError: (error) => error instanceof ApiError
}

module.exports = [sdk]
