'use strict'

// Refuses requests that Google refuses, with its messages.

/** @typedef {import('./index').Dialect} Dialect */

const FIELDS = ['contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'safetySettings', 'cachedContent', 'serviceTier', 'labels', 'store', 'model']
const CONFIG = [
  'candidateCount', 'maxOutputTokens', 'temperature', 'topP', 'topK', 'stopSequences', 'seed', 'presencePenalty', 'frequencyPenalty',
  'responseMimeType', 'responseSchema', 'responseJsonSchema', 'responseModalities', 'responseLogprobs', 'logprobs', 'thinkingConfig',
  'speechConfig', 'imageConfig', 'mediaResolution', 'audioTimestamp', 'routingConfig', 'enableEnhancedCivicAnswers',
]

/** @type {Dialect['validate']} */
const validate = ({ body }) => {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    return { kind: 'badRequest', options: { message: 'Invalid JSON payload received. Unexpected end of string. Expected a value.' } }
  }
  const unknown = unknownIn(body, FIELDS, '') ?? unknownIn(body.generationConfig ?? body.generation_config, CONFIG, " at 'generation_config'")
  if (unknown !== undefined) return { kind: 'unsupportedParameter', options: { message: `Invalid JSON payload received. Unknown name ${unknown}: Cannot find field.` } }
  const message = mistakeIn(body.contents)
  return message === undefined ? undefined : { kind: 'badRequest', options: { message } }
}

/**
 * Names may be written in camel case or snake case. @param {any} value @param {string[]} known @param {string} where
 */
function unknownIn(value, known, where) {
  const name = Object.keys(value ?? {}).find((name) => !known.includes(name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())))
  return name === undefined ? undefined : `"${name}"${where}`
}

/** @param {any} contents @returns {string | undefined} */
function mistakeIn(contents) {
  if (!Array.isArray(contents) || contents.length === 0) return '* GenerateContentRequest.contents: contents is not specified\n'
  let called = 0
  for (const [i, content] of contents.entries()) {
    const { role = 'user', parts } = content ?? {}
    if (role !== 'user' && role !== 'model') return 'Please use a valid role: user, model.'
    if (!Array.isArray(parts) || parts.length === 0) return `* GenerateContentRequest.contents[${i}].parts: contents.parts must not be empty.\n`
    const results = parts.filter((part) => part.functionResponse !== undefined)
    if (results.length !== called && (called > 0 || results.length > 0)) {
      return 'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.'
    }
    const unnamed = results.findIndex((part) => typeof part.functionResponse.name !== 'string' || part.functionResponse.name === '')
    if (unnamed !== -1) return `* GenerateContentRequest.contents[${i}].parts[${unnamed}].function_response.name: Name cannot be empty.\n`
    called = parts.filter((part) => part.functionCall !== undefined).length
  }
  return undefined
}

module.exports = { validate }
