'use strict'

// Options as plain data. What JSON would silently lose, or make something else of, is named instead, so that Rust
// refuses it with its path and with what is accepted there. Nothing of what a getter throws is told.

const { types } = require('node:util')

/** Deeper than any options are. */
const MAX_DEPTH = 32
/** Longer than any list in them. */
const MAX_LENGTH = 100_000
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
 * @param {Special} [conversions]
 * @param {string} [path]
 * @param {object[]} [ancestors] The objects that it is in.
 * @returns {any}
 */
function toPlainData (value, conversions = {}, path = '', ancestors = []) {
  switch (typeof value) {
    case 'number': return Number.isFinite(value) ? value : unsupported(String(value))
    case 'function': return conversions.ofFunction?.(value, path) ?? unsupported('a function')
    case 'bigint': return unsupported(conversions.isSecret?.(path) ? 'a bigint' : describe(value))
    case 'symbol': return unsupported(describe(value))
    case 'object': break
    default: return value
  }
  if (value === null) return null
  if (ancestors.includes(value)) return unsupported('a circular reference')
  if (ancestors.length === MAX_DEPTH) return unsupported('something nested too deeply')
  const chain = [...ancestors, value]
  try {
    if (Buffer.isBuffer(value)) return conversions.ofBuffer?.(value, path) ?? unsupported(describe(value))
    if (Array.isArray(value)) {
      if (value.length > MAX_LENGTH) return unsupported(describe(value))
      const copy = []
      // Also its holes.
      for (let i = 0; i < value.length; i++) copy.push(toPlainData(readMember(value, i), conversions, `${path}[${i}]`, chain))
      return copy
    }
    if (!hasPlainPrototype(value)) return unsupported(describe(value))
    const copy = Object.create(null)
    for (const name of Object.keys(value)) {
      if (name === GIVEN || name === FUNCTION) return unsupported(`an object with a member named ${name}`)
      copy[name] = toPlainData(readMember(value, name), conversions, path === '' ? name : `${path}.${name}`, chain)
    }
    return copy
  } catch {
    return unsupported('an object that cannot be read')
  }
}

/**
 * A member's value, or what says that there is none to be had.
 * @param {any} object
 * @param {string | number} name
 */
function readMember (object, name) {
  try {
    return object[name]
  } catch {
    return new Unreadable()
  }
}

class Unreadable {}

/** @param {string} given */
function unsupported (given) {
  return { [GIVEN]: given }
}

/**
 * What a value is, in words; never what a text says.
 * @param {unknown} value
 */
function describe (value) {
  try {
    switch (typeof value) {
      case 'bigint': return value.toString().length > 30 ? 'a bigint' : `${value}n`
      case 'object': return value === null ? 'null' : describeObject(value)
      case 'undefined': return 'undefined'
      case 'number': return Number.isFinite(value) ? 'a number' : String(value)
      default: return `a ${typeof value}`
    }
  } catch {
    return 'an object that cannot be read'
  }
}

/**
 * What was given where it is no secret: a text is quoted, shortened; the rest as `describe` has it.
 * @param {unknown} value
 */
function quote (value) {
  if (typeof value === 'string') return `'${value.slice(0, 60)}'`
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : describe(value)
}

/** @param {any} value */
function describeObject (value) {
  if (isUnreadable(value)) return 'a getter that throws'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (types.isPromise(value)) return 'a Promise'
  if (hasPlainPrototype(value)) return 'an object'
  const name = value.constructor?.name
  return typeof name === 'string' && /^[\w$]{1,40}$/.test(name) && name !== 'Object' ? `an instance of ${name}` : 'an object that is not plain'
}

/**
 * An object literal, also of another realm, or one without a prototype.
 * @param {any} value
 */
function hasPlainPrototype (value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || types.isMap(value) || types.isSet(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'))
}

/**
 * Whether a value can be read as an object's members; a proxy may refuse to say.
 * @param {unknown} value
 */
function isPlainObject (value) {
  try {
    return hasPlainPrototype(value)
  } catch {
    return false
  }
}

/**
 * Whether `readMember` found that a value cannot be read.
 * @param {unknown} value
 * @returns {boolean}
 */
function isUnreadable (value) {
  return value instanceof Unreadable
}

module.exports = { toPlainData, describe, quote, readMember, isPlainObject, isUnreadable }
