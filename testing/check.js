'use strict'

// Checks and normalises every value from outside, once. The rest of the folder relies on it.

/**
 * @template T
 * @typedef {(value: any, where: string) => T} Check returns the normalised value or throws
 */

/** @param {string} where @param {unknown} value @param {string} accepted */
function refuse(where, value, accepted) {
  return Object.assign(new TypeError(`${where}: got ${show(value)}, expected ${accepted}`), { code: 'ERR_BELLWETHER_INVALID_OPTION' })
}

/** @param {unknown} value */
function show(value) {
  if (typeof value === 'string') return `'${value.length > 60 ? value.slice(0, 57) + '...' : value}'`
  if (value !== null && typeof value === 'object') return Array.isArray(value) ? 'an array' : 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}

/** @type {Check<string>} */
const string = (value, where) => {
  if (typeof value !== 'string') throw refuse(where, value, 'a string')
  return value
}

/** @type {Check<boolean>} */
const boolean = (value, where) => {
  if (typeof value !== 'boolean') throw refuse(where, value, 'true or false')
  return value
}

/** @param {number} min @param {number} [max] @returns {Check<number>} */
const integer = (min, max = Number.MAX_SAFE_INTEGER) => (value, where) => {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw refuse(where, value, max === Number.MAX_SAFE_INTEGER ? `an integer from ${min}` : `an integer from ${min} to ${max}`)
  }
  return value
}

/** @param {number} min @param {number} max @returns {Check<number>} */
const number = (min, max) => (value, where) => {
  if (typeof value !== 'number' || !(value >= min && value <= max)) throw refuse(where, value, `a number from ${min} to ${max}`)
  return value
}

/** @type {Record<string, number>} */
const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds. @type {Check<number>} */
const duration = (value, where) => {
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) : null
  if (!match) throw refuse(where, value, "milliseconds, or '500ms' '30s' '5m' '1h' '1d'")
  return Number(match[1]) * /** @type {number} */ (UNITS[/** @type {string} */ (match[2])])
}

/** @template {string} T @param {readonly T[]} words @returns {Check<T>} */
const oneOf = (words) => (value, where) => {
  if (!words.includes(value)) throw refuse(where, value, words.map((word) => `'${word}'`).join(', '))
  return value
}

/** @template T @param {Check<T>} check @returns {Check<T[]>} */
const arrayOf = (check) => (value, where) => {
  if (!Array.isArray(value)) throw refuse(where, value, 'an array')
  return value.map((item, i) => check(item, `${where}[${i}]`))
}

/** One item, or an array of them. @template T @param {Check<T>} check @returns {Check<T[]>} */
const oneOrMore = (check) => (value, where) => (Array.isArray(value) ? arrayOf(check)(value, where) : [check(value, where)])

/** @template A, B @param {Check<A>} first @param {Check<B>} second @param {(value: any) => boolean} isFirst @returns {Check<A | B>} */
const either = (first, second, isFirst) => (value, where) => (isFirst(value) ? first(value, where) : second(value, where))

/** @type {Check<Record<string, any>>} */
const record = (value, where) => {
  if (!isPlain(value)) throw refuse(where, value, 'an object')
  return value
}

/** @type {Check<any>} */
const anything = (value) => value

/**
 * An object with known members only.
 * @param {Record<string, Check<any>>} members
 * @returns {Check<Record<string, any>>}
 */
const shape = (members) => (value, where) => {
  if (!isPlain(value)) throw refuse(where, value, 'an object')
  /** @type {Record<string, any>} */
  const out = {}
  for (const name of Object.keys(value)) {
    if (value[name] === undefined) continue
    const check = Object.hasOwn(members, name) ? members[name] : undefined
    if (check === undefined) throw unknown(where, name, Object.keys(members))
    out[name] = check(value[name], `${where}.${name}`)
  }
  return out
}

/** @param {string} where @param {string} name @param {string[]} known */
function unknown(where, name, known) {
  const near = nearest(name, known)
  const hint = near === undefined ? `known: ${known.join(', ')}` : `did you mean '${near}'?`
  return Object.assign(new TypeError(`${where}: unknown option '${name}', ${hint}`), { code: 'ERR_BELLWETHER_INVALID_OPTION' })
}

/** @param {string} name @param {string[]} known @returns {string | undefined} */
function nearest(name, known) {
  let best
  let least = Math.max(2, Math.floor(name.length / 2)) + 1
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

/** @param {string} a @param {string} b */
function editDistance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = /** @type {number} */ (row[j - 1]) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitute, /** @type {number} */ (row[j]) + 1, /** @type {number} */ (next[j - 1]) + 1))
    }
    row = next
  }
  return /** @type {number} */ (row[b.length])
}

/** @param {unknown} value @returns {value is Record<string, any>} */
function isPlain(value) {
  if (value === null || typeof value !== 'object') return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

module.exports = { anything, arrayOf, boolean, duration, either, integer, isPlain, number, oneOf, oneOrMore, record, refuse, shape, string }
