'use strict'

// Defines a fault as plain data: how the answer to one request differs. Its parts are independent, so faults combine by
// merging.

const { anything, arrayOf, boolean, duration, either, integer, isPlain, oneOf, oneOrMore, record, refuse, shape, string } = require('./check')

/** @typedef {import('./index').Fault} Fault */
/** @typedef {import('./check').Check<any>} Check */

/** How many content chunks come first; 'headers': none, not even the role chunk. @type {Check} */
const position = (value, where) => (value === 'headers' ? value : integer(0)(value, where))

/** @type {Check} */
const headers = (value, where) => {
  /** @type {Record<string, string | string[] | null>} */
  const out = {}
  for (const [name, given] of Object.entries(record(value, where))) {
    if (given !== null && !['string', 'number'].includes(typeof given) && !Array.isArray(given)) throw refuse(`${where}.${name}`, given, 'a string, a number, an array of strings, or null to remove it')
    out[name.toLowerCase()] = given === null ? null : Array.isArray(given) ? given.map(String) : String(given)
  }
  return out
}

/** @type {Check} */
const bytes = (value, where) => {
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  if (isPlain(value) && typeof value.base64 === 'string') return Buffer.from(value.base64, 'base64')
  throw refuse(where, value, 'a string, bytes, or { base64 }')
}

/** @type {Check} */
const body = (value, where) => (isPlain(value) && !('base64' in value) || Array.isArray(value) ? value : bytes(value, where))

/** A duration that may be negative. @type {Check} */
const skew = (value, where) => {
  if (typeof value === 'number') return value < 0 ? -duration(-value, where) : duration(value, where)
  return typeof value === 'string' && value.startsWith('-') ? -duration(value.slice(1), where) : duration(value, where)
}

const usage = either(boolean, record, (value) => typeof value === 'boolean')

const reply = shape({
  content: string, chunks: integer(1), reasoning: string, toolCalls: arrayOf(shape({ name: string, arguments: anything, id: string })),
  refusal: string, finishReason: string, usage, usageOnFinish: boolean, model: string, id: string,
})

const stream = shape({
  cut: shape({ after: position, how: oneOf(['eof', 'close', 'reset']) }),
  stall: shape({ after: position, for: duration }),
  keepAlive: shape({ after: position, every: duration, for: duration, text: string }),
  malformed: shape({ after: position, count: integer(1), text: string }),
  error: shape({ after: position, form: oneOf(['data', 'event']), kind: string, options: record, body: record, thenContinue: boolean }),
  hugeEvent: shape({ after: position, bytes: integer(1) }),
  emptyChunks: shape({ after: position, count: integer(1) }),
  omit: oneOrMore(oneOf(['role', 'content', 'finish', 'done', 'blankLine'])),
  lineEnding: oneOf(['\n', '\r\n', '\r']),
  byteOrderMark: boolean, multiLine: boolean, comments: boolean, noSpace: boolean,
  pace: duration,
})

const parts = /** @type {(value: any, where: string) => Fault} */ (shape({
  name: string,
  connection: shape({ action: oneOf(['reset', 'close', 'hang', 'halfOpen', 'refuse']), at: oneOf(['accept', 'request', 'body', 'answer']), for: duration, scope: oneOf(['stream', 'connection']), code: integer(0, 13) }),
  goAway: shape({ code: integer(0, 13), processed: boolean }),
  informational: arrayOf(shape({ status: integer(100, 199), headers })),
  status: integer(200, 999), statusText: string, headers, body, raw: bytes,
  error: shape({ kind: string, options: record }),
  retryAfter: shape({ after: duration, as: oneOrMore(oneOf(['seconds', 'float', 'date', 'ms', 'body', 'retryInfo', 'text'])), clockSkew: skew }),
  reply,
  delay: shape({ headers: duration, firstContent: duration }),
  stream,
  payload: oneOf(['malformed', 'truncated', 'empty']),
  encoding: shape({ type: oneOf(['gzip', 'br', 'deflate']), corrupt: boolean, raw: boolean }),
  split: shape({ every: integer(1), at: arrayOf(integer(0)), seed: integer(0), max: integer(1), pause: duration }),
  contentLength: shape({ off: integer(-1_000_000_000) }),
  framing: oneOf(['length', 'chunked', 'close']),
  closeAfter: boolean,
}))

/** @type {Check} */
const fault = (value, where) => {
  if (!isPlain(value)) throw refuse(where, value, 'a fault: one of `faults`, or an object of the same shape')
  const checked = parts(value, where)
  return checked.name === undefined ? { ...checked, name: Object.keys(checked)[0] ?? 'healthy' } : checked
}

/**
 * One fault with the parts of all; where two give the same part, the later one wins member by member.
 * @param {...Fault} given
 * @returns {Fault}
 */
function combine(...given) {
  /** @type {any} */
  const out = {}
  for (const [i, item] of given.entries()) {
    const { name, ...rest } = fault(item, `combine[${i}]`)
    out.name = out.name === undefined ? name : `${out.name}+${name}`
    for (const [part, value] of Object.entries(rest)) {
      const mergeable = part !== 'body' && isPlain(out[part]) && isPlain(value)
      out[part] = mergeable ? { ...out[part], ...value } : value
    }
  }
  return out
}

module.exports = { combine, fault }
