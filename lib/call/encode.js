'use strict'

// A request on its way to Rust. JSON.stringify spends most of its time on the messages' contents, character by
// character; they travel beside the JSON instead, as bytes, and Rust puts them where the placeholders are.

const { getHub } = require('../native/bridge')

/** Shorter contents are cheaper left where they are. */
const SHORTEST = 64
const MOST = 254
/** The number of contents, then the byte lengths of the JSON and of each content; then their bytes. */
const HEAD_BYTES = (MOST + 2) * 4
const ROOM = 256 << 10

const outbox = parcel(ROOM)
/** Stands for a content. Nobody outside the process knows it, so no caller's text can be it. */
let placeholder = ''

/** @param {number} bytes */
function parcel (bytes) {
  const buffer = Buffer.from(new ArrayBuffer(HEAD_BYTES + bytes))
  return { buffer, head: new Uint32Array(buffer.buffer, 0, MOST + 2) }
}

/**
 * The request as JSON without its long contents, and these. Throws what JSON.stringify throws.
 * @param {any} request
 * @returns {{ json: string, contents: string[], stream: unknown }}
 */
function encode (request) {
  /** @type {string[]} */
  const contents = []
  placeholder ||= getHub().placeholder
  // As JSON.stringify would, and then what it gave is what is read: each member once.
  const given = typeof request.toJSON === 'function' ? request.toJSON('') : request
  const copy = hollow(given, contents)
  return { json: JSON.stringify(copy), contents, stream: copy?.stream }
}

/**
 * A copy with placeholders, wherever that and JSON.stringify cannot disagree.
 * @param {any} request
 * @param {string[]} contents
 */
function hollow (request, contents) {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return undefined
  const copy = { ...request }
  const { messages } = copy
  if (!Array.isArray(messages) || /** @type {any} */ (messages).toJSON !== undefined) return copy
  const kept = new Array(messages.length)
  for (let i = 0; i < messages.length; i++) kept[i] = hollowMessage(messages[i], contents)
  copy.messages = kept
  return copy
}

/**
 * @param {any} message
 * @param {string[]} contents
 */
function hollowMessage (message, contents) {
  if (typeof message !== 'object' || message === null || message.toJSON !== undefined || Array.isArray(message)) return message
  const copy = { ...message }
  const { content } = copy
  // Half a surrogate pair is no character: JSON can escape it, bytes cannot.
  if (typeof content !== 'string' || content.length < SHORTEST || contents.length === MOST || !content.isWellFormed()) return copy
  contents.push(content)
  copy.content = placeholder
  return copy
}

/**
 * What was encoded, as bytes. The parcel is the next call's too: hand it on at once.
 * @param {{ json: string, contents: string[] }} encoded
 * @returns {Uint8Array}
 */
function pack ({ json, contents }) {
  let units = json.length
  for (const content of contents) units += content.length
  const { buffer, head } = units * 3 <= ROOM ? outbox : parcel(units * 3)
  head[0] = contents.length
  let at = HEAD_BYTES
  at += head[1] = buffer.write(json, at)
  for (let i = 0; i < contents.length; i++) at += head[i + 2] = buffer.write(/** @type {string} */ (contents[i]), at)
  return buffer
}

module.exports = { encode, pack }
