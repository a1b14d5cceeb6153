'use strict'

// Shared by all dialects: the text of a reply, its pieces, and token counts.

/** @typedef {import('../index').Reply} Reply */

/** @param {Reply} reply @param {string} name */
const textOf = (reply, name) => reply.content ?? `Hello from ${name}`

/**
 * Splits a text by words, or into `chunks` pieces; never inside a surrogate pair. @param {string} text @param {number}
 * [chunks]
 */
function pieces(text, chunks) {
  if (chunks === undefined) return text.match(/\s*\S+(\s+$)?/g) ?? [text]
  const letters = Array.from(text)
  const size = letters.length / chunks
  return Array.from({ length: chunks }, (_, i) => letters.slice(Math.round(i * size), Math.round((i + 1) * size)).join(''))
}

/** Four characters per token: not a tokenizer's count, but a reproducible one. @param {number} characters */
const tokens = (characters) => Math.ceil(characters / 4)

/**
 * Counts the tokens of a reply. @param {Reply} reply @param {string} name @returns {{ reasoning: number, said: number
 * }}
 */
function counted(reply, name) {
  const said = reply.toolCalls ? JSON.stringify(reply.toolCalls) : (reply.refusal ?? textOf(reply, name))
  return { reasoning: tokens(reply.reasoning?.length ?? 0), said: tokens(said.length) }
}

/**
 * Characters in a member of some messages; values other than texts count as JSON. @param {any} messages @param
 * {string} member
 */
function lengthOf(messages, member) {
  let length = 0
  for (const message of Array.isArray(messages) ? messages : []) {
    const content = message?.[member]
    length += typeof content === 'string' ? content.length : content === undefined || content === null ? 0 : JSON.stringify(content).length
  }
  return length
}

/** A tool's arguments, parsed if they are a JSON object. @param {unknown} given */
function argumentsOf(given = {}) {
  if (typeof given !== 'string') return given
  try {
    return JSON.parse(given)
  } catch {
    return given
  }
}

/**
 * Translates OpenAI's finish reasons to the vendor's; others stay as they are. @param {Reply} reply @param
 * {Record<string, string>} words
 */
function finishOf(reply, words) {
  const given = reply.finishReason ?? (reply.refusal !== undefined ? 'content_filter' : reply.toolCalls === undefined ? 'stop' : 'tool_calls')
  return Object.hasOwn(words, given) ? words[given] : given
}

/** Returns the bearer token. @param {import('../index').Hit} hit */
const bearer = (hit) => /^Bearer (.+)$/i.exec(hit.headers.authorization ?? '')?.[1]

/** Returns a query parameter. @param {string} path @param {string} name */
function parameter(path, name) {
  const query = path.indexOf('?')
  return query === -1 ? undefined : new URLSearchParams(path.slice(query)).get(name) ?? undefined
}

/** Decodes percent-encoding in a path. @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

module.exports = { argumentsOf, bearer, counted, decoded, finishOf, lengthOf, parameter, pieces, textOf, tokens }
