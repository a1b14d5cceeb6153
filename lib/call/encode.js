'use strict'

// Encodes a request for the core. JSON.stringify spends most of its time on the contents of messages, so long contents
// are copied beside the JSON as bytes, and Rust inserts them where the placeholders are.

const { getHub } = require('../native/bridge')

/** In UTF-16 units. Shorter contents are cheaper to leave in the JSON. */
const MIN_CONTENT_LENGTH = 64
const MAX_CONTENTS = 254
/** The header: the number of contents, then the byte lengths of the JSON and of each content. */
const HEAD_BYTES = (MAX_CONTENTS + 2) * 4
const SHARED_BYTES = 256 << 10

const sharedBuffer = allocate(SHARED_BYTES)
/** Stands for a content in the JSON. It is random for each process, so no text of a request equals it. */
let placeholder = ''

/** @param {number} bytes */
function allocate (bytes) {
  const buffer = Buffer.from(new ArrayBuffer(HEAD_BYTES + bytes))
  return { buffer, head: new Uint32Array(buffer.buffer, 0, MAX_CONTENTS + 2) }
}

/**
 * Returns the request as JSON with placeholders, and the contents that they stand for. Throws what JSON.stringify
 * throws.
 * @param {any} request
 * @returns {{ json: string, contents: string[], stream: unknown }}
 */
function encodeRequest (request) {
  /** @type {string[]} */
  const contents = []
  placeholder ||= getHub().placeholder
  // As JSON.stringify does. The result is copied, so that each member is read once.
  const given = typeof request.toJSON === 'function' ? request.toJSON('') : request
  const copy = withPlaceholders(given, contents)
  return { json: JSON.stringify(copy), contents, stream: copy?.stream }
}

/**
 * Copies a request and puts placeholders in place of long contents. Anything that JSON.stringify treats specially is
 * left as it is.
 * @param {any} request
 * @param {string[]} contents
 */
function withPlaceholders (request, contents) {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return undefined
  const copy = { ...request }
  const { messages } = copy
  if (!Array.isArray(messages) || /** @type {any} */ (messages).toJSON !== undefined) return copy
  const copies = new Array(messages.length)
  for (let i = 0; i < messages.length; i++) copies[i] = withPlaceholder(messages[i], contents)
  copy.messages = copies
  return copy
}

/**
 * @param {any} message
 * @param {string[]} contents
 */
function withPlaceholder (message, contents) {
  if (typeof message !== 'object' || message === null || message.toJSON !== undefined || Array.isArray(message)) return message
  const copy = { ...message }
  const { content } = copy
  // A lone surrogate can be escaped in JSON, but not encoded as UTF-8.
  if (typeof content !== 'string' || content.length < MIN_CONTENT_LENGTH || contents.length === MAX_CONTENTS || !content.isWellFormed()) return copy
  contents.push(content)
  copy.content = placeholder
  return copy
}

/**
 * Writes an encoded request into a buffer. The next call uses the same buffer: hand it over in the same turn.
 * @param {{ json: string, contents: string[] }} encoded
 * @returns {Uint8Array}
 */
function packRequest ({ json, contents }) {
  let units = json.length
  for (const content of contents) units += content.length
  const { buffer, head } = units * 3 <= SHARED_BYTES ? sharedBuffer : allocate(units * 3)
  head[0] = contents.length
  let at = HEAD_BYTES
  at += head[1] = buffer.write(json, at)
  for (let i = 0; i < contents.length; i++) at += head[i + 2] = buffer.write(/** @type {string} */ (contents[i]), at)
  return buffer
}

module.exports = { encodeRequest, packRequest }
