'use strict'

// Plain data as JSON. What JSON would silently lose is made visible, so that Rust refuses it by name.

const { ofProblems } = require('./errors')

/**
 * A replacer that hides nothing.
 * @this {any}
 * @param {string} key
 * @param {any} value
 */
function visible (key, value) {
  const original = this[key]
  switch (typeof original) {
    case 'function': return '[function]'
    case 'bigint':
    case 'symbol': return String(original)
    case 'number': return Number.isFinite(original) ? value : String(original)
    case 'object': return isPlain(original) ? value : String(Object.prototype.toString.call(original))
    default: return value
  }
}

/** @param {any} value */
function isPlain (value) {
  if (value === null || Array.isArray(value) || typeof value.toJSON === 'function') return true
  const prototype = Object.getPrototypeOf(value)
  // Also of another realm.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/**
 * @param {unknown} value
 * @param {(this: any, key: string, value: any) => any} replacer
 * @param {string} path
 */
function stringify (value, replacer, path) {
  try {
    return JSON.stringify(value, replacer)
  } catch (error) {
    throw ofProblems([{ path, message: `must be plain data: ${/** @type {Error} */ (error).message}` }])
  }
}

module.exports = { stringify, visible }
