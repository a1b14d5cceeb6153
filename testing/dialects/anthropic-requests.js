'use strict'

// Refuses requests that Anthropic refuses, with its messages.

/** @typedef {import('./index').Dialect} Dialect */

/** From this API version on there are no sampling parameters. */
const WITHOUT_SAMPLING = '2026-10-21'
const SAMPLING = ['temperature', 'top_p', 'top_k']
const FIELDS = [
  'model', 'messages', 'max_tokens', 'system', 'metadata', 'stop_sequences', 'stream', 'thinking', 'tools', 'tool_choice', 'service_tier',
  'output_config', 'cache_control', 'container', 'context_management', 'inference_geo', 'mcp_servers', 'speed',
]

/** @type {Dialect['validate']} */
const validate = ({ headers, body }) => {
  const version = headers['anthropic-version']
  const message = version === undefined ? 'anthropic-version: header is required' : mistakeIn(body, version >= WITHOUT_SAMPLING)
  return message === undefined ? undefined : { kind: 'badRequest', options: { message } }
}

/** @param {any} body @param {boolean} isNew @returns {string | undefined} */
function mistakeIn(body, isNew) {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return 'The request body is not valid JSON'
  for (const field of ['model', 'max_tokens', 'messages']) {
    if (body[field] === undefined) return `${field}: Field required`
  }
  const known = isNew ? FIELDS : [...FIELDS, ...SAMPLING]
  const unknown = Object.keys(body).find((field) => !known.includes(field))
  if (unknown !== undefined) return `${unknown}: Extra inputs are not permitted`
  if (typeof body.model !== 'string') return 'model: Input should be a valid string'
  if (!Number.isInteger(body.max_tokens) || body.max_tokens < 1) return 'max_tokens: Input should be greater than or equal to 1'
  if (body.temperature > 1) return 'temperature: Input should be less than or equal to 1'
  if (!Array.isArray(body.messages)) return 'messages: Input should be a valid list'
  if (body.messages.length === 0) return 'messages: at least one message is required'
  return mistakeInMessages(body.messages, isNew ? ['user', 'assistant', 'system'] : ['user', 'assistant'])
}

/** @param {any[]} messages @param {string[]} roles */
function mistakeInMessages(messages, roles) {
  /** Ids of calls that wait for their results. @type {string[]} */
  let waiting = []
  for (const [i, message] of messages.entries()) {
    const at = `messages.${i}`
    if (!roles.includes(message?.role)) return `${at}.role: Input should be ${roles.map((role) => `'${role}'`).join(' or ')}`
    const { content } = message
    if (typeof content !== 'string' && !Array.isArray(content)) return `${at}.content: Input should be a valid list`
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content
    if (blocks.length === 0) return `${at}: all messages must have non-empty content except for the optional final assistant message`
    const empty = blocks.some((block) => block.type === 'text' && (typeof block.text !== 'string' || block.text.trim() === ''))
    if (empty) return 'messages: text content blocks must contain non-whitespace text'
    const results = blocks.filter(({ type }) => type === 'tool_result').map((block) => block.tool_use_id)
    const missing = waiting.filter((id) => !results.includes(id))
    if (missing.length > 0) return `${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`
    const stray = results.find((id) => !waiting.includes(id))
    if (stray !== undefined) return `${at}.content.0: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`
    const end = i === messages.length - 1 && message.role === 'assistant' ? blocks.at(-1) : undefined
    if (end?.type === 'text' && end.text !== end.text.trimEnd()) return 'messages: final assistant content cannot end with trailing whitespace'
    waiting = blocks.filter(({ type }) => type === 'tool_use').map((block) => block.id)
  }
  return undefined
}

module.exports = { validate }
