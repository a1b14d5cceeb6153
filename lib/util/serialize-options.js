'use strict'

// Options as plain data. What JSON would silently lose, or make something else of, is named instead, so that Rust
// refuses it with its path and with what is accepted there. Nothing of what a getter throws is told.

const { types } = require('node:util')

/** Deeper than any options are. */
const DEEPEST = 32
/** Longer than any list in them. */
const LONGEST = 100_000
/** A member that says what stood where no plain data was; a member that stands for a function. */
const GIVEN = '$given'
const FUNCTION = '$function'

/**
 * @typedef {object} Special What is accepted at some paths beside plain data.
 * @property {(value: Function, path: string) => object | undefined} [ofFunction]
 * @property {(value: Buffer, path: string) => string | undefined} [ofBuffer]
 * @property {(path: string) => boolean} [isSecret] Whether even a number may not be told.
 */

/**
 * A copy that JSON.stringify cannot disagree with.
 * @param {any} value
 * @param {Special} [special]
 * @param {string} [path]
 * @param {object[]} [above] The objects that it is in.
 * @returns {any}
 */
function plain (value, special = {}, path = '', above = []) {
  switch (typeof value) {
    case 'number': return Number.isFinite(value) ? value : foreign(String(value))
    case 'function': return special.ofFunction?.(value, path) ?? foreign('a function')
    case 'bigint': return foreign(special.isSecret?.(path) ? 'a bigint' : what(value))
    case 'symbol': return foreign(what(value))
    case 'object': break
    default: return value
  }
  if (value === null) return null
  if (above.includes(value)) return foreign('a circular reference')
  if (above.length === DEEPEST) return foreign('something nested too deeply')
  const inside = [...above, value]
  try {
    if (Buffer.isBuffer(value)) return special.ofBuffer?.(value, path) ?? foreign(what(value))
    if (Array.isArray(value)) {
      if (value.length > LONGEST) return foreign(what(value))
      const copy = []
      // Also its holes.
      for (let i = 0; i < value.length; i++) copy.push(plain(member(value, i), special, `${path}[${i}]`, inside))
      return copy
    }
    if (!isPlain(value)) return foreign(what(value))
    const copy = Object.create(null)
    for (const name of Object.keys(value)) {
      if (name === GIVEN || name === FUNCTION) return foreign(`an object with a member named ${name}`)
      copy[name] = plain(member(value, name), special, path === '' ? name : `${path}.${name}`, inside)
    }
    return copy
  } catch {
    return foreign('an object that cannot be read')
  }
}

/**
 * A member's value, or what says that there is none to be had.
 * @param {any} object
 * @param {string | number} name
 */
function member (object, name) {
  try {
    return object[name]
  } catch {
    return new Unreadable()
  }
}

class Unreadable {}

/** @param {string} given */
function foreign (given) {
  return { [GIVEN]: given }
}

/**
 * What a value is, in words; never what a text says.
 * @param {unknown} value
 */
function what (value) {
  try {
    switch (typeof value) {
      case 'bigint': return value.toString().length > 30 ? 'a bigint' : `${value}n`
      case 'object': return value === null ? 'null' : thing(value)
      case 'undefined': return 'undefined'
      case 'number': return Number.isFinite(value) ? 'a number' : String(value)
      default: return `a ${typeof value}`
    }
  } catch {
    return 'an object that cannot be read'
  }
}

/**
 * What was given where it is no secret: a text is quoted, shortened; the rest as `what` has it.
 * @param {unknown} value
 */
function shown (value) {
  if (typeof value === 'string') return `'${value.slice(0, 60)}'`
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : what(value)
}

/** @param {any} value */
function thing (value) {
  if (isUnreadable(value)) return 'a getter that throws'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (types.isPromise(value)) return 'a Promise'
  if (isPlain(value)) return 'an object'
  const name = value.constructor?.name
  return typeof name === 'string' && /^[\w$]{1,40}$/.test(name) && name !== 'Object' ? `an instance of ${name}` : 'an object that is not plain'
}

/**
 * An object literal, also of another realm, or one without a prototype.
 * @param {any} value
 */
function isPlain (value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || types.isMap(value) || types.isSet(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'))
}

/**
 * Whether a value can be read as an object's members; a proxy may refuse to say.
 * @param {unknown} value
 */
function isObject (value) {
  try {
    return isPlain(value)
  } catch {
    return false
  }
}

/**
 * Whether `member` found that a value cannot be read.
 * @param {unknown} value
 * @returns {boolean}
 */
function isUnreadable (value) {
  return value instanceof Unreadable
}

module.exports = { plain, what, shown, member, isObject, isUnreadable }
