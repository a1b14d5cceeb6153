'use strict'

// Converts requests and completions to the messages of OpenTelemetry's conventions. Used only with `captureContent`.

/** @param {any} request In OpenAI's format; other dialects are converted where they are alike. */
function inputMessages (request) {
  const messages = Array.isArray(request?.messages) ? request.messages : []
  const texts = typeof request?.messages === 'string' ? [{ role: 'user', content: request.messages }] : messages
  const contents = Array.isArray(request?.contents) ? request.contents.map((/** @type {any} */ c) => ({ role: c?.role ?? 'user', content: c?.parts })) : []
  return [...texts, ...contents].filter((message) => !isSystem(message)).map((message) => ({ role: String(message?.role ?? 'user'), parts: parts(message) }))
}

/** @param {any} request */
function systemInstructions (request) {
  const messages = Array.isArray(request?.messages) ? request.messages.filter(isSystem) : []
  const beside = request?.system === undefined ? [] : [{ content: request.system }]
  return [...messages, ...beside].flatMap(parts)
}

/** @param {any} result A completion in OpenAI's format. */
function outputMessages (result) {
  const choices = Array.isArray(result?.choices) ? result.choices : []
  return choices.map((/** @type {any} */ choice) => ({ role: 'assistant', parts: parts(choice.message), finish_reason: String(choice.finish_reason ?? '') }))
}

/** @param {any} message */
function isSystem (message) {
  return message?.role === 'system' || message?.role === 'developer'
}

/** @param {any} message */
function parts (message) {
  if (message?.role === 'tool') return [{ type: 'tool_call_response', id: message.tool_call_id, response: message.content }]
  const content = message?.content
  const own = typeof content === 'string' ? [{ type: 'text', content }] : Array.isArray(content) ? content.map(part) : []
  const calls = Array.isArray(message?.tool_calls) ? message.tool_calls : []
  return [...own, ...calls.map((/** @type {any} */ call) => ({ type: 'tool_call', id: call?.id, name: call?.function?.name, arguments: call?.function?.arguments }))]
}

/** Images and audio are recorded by their type only. @param {any} given */
function part (given) {
  const text = typeof given === 'string' ? given : given?.text
  return typeof text === 'string' ? { type: 'text', content: text } : { type: String(given?.type ?? 'unknown') }
}

module.exports = { inputMessages, systemInstructions, outputMessages }
