'use strict'

// Converts options to plain data. Values that JSON would drop or change are described instead, so that Rust refuses
// them with their path and what is accepted there. What a getter throws is never reported.

const { types } = require('node:util')

/** Deeper than any valid options. */
const MAX_DEPTH = 32
/** Longer than any valid list. */
const MAX_LENGTH = 100_000
/** The member that describes a value that JSON cannot hold, and the member that stands for a function. */
const GIVEN = '$given'
const FUNCTION = '$function'

/**
 * @typedef {object} Conversions What some paths accept beside plain data.
 * @property {(value: Function, path: string) => object | undefined} [ofFunction]
 * @property {(value: Buffer, path: string) => string | undefined} [ofBuffer]
 * @property {(path: string) => boolean} [isSecret] Whether a value at this path must not be reported.
 */

/**
 * Copies a value so that JSON.stringify loses nothing.
 * @param {any} value
 * @param {Conversions} [conversions]
 * @param {string} [path]
 * @param {object[]} [ancestors] The objects that contain the value.
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
      // Includes the holes of sparse arrays.
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
 * Returns the value of a member, or a marker if its getter throws.
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

/** Describes a value without its content. @param {unknown} value */
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
 * Quotes a value that is not secret: a text shortened to 60 characters, anything else as `describe` does.
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

/** True for object literals, also of another realm, and for objects without a prototype. @param {any} value */
function hasPlainPrototype (value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || types.isMap(value) || types.isSet(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'))
}

/** Like `hasPlainPrototype`, but false for a proxy that throws. @param {unknown} value */
function isPlainObject (value) {
  try {
    return hasPlainPrototype(value)
  } catch {
    return false
  }
}

/**
 * Whether `readMember` returned the marker for a getter that throws.
 * @param {unknown} value
 * @returns {boolean}
 */
function isUnreadable (value) {
  return value instanceof Unreadable
}

module.exports = { toPlainData, describe, quote, readMember, isPlainObject, isUnreadable }
