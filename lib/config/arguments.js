'use strict'

// Reads options of methods: plain objects with known members.

const native = require('../native/addon')
const { configError } = require('../util/errors')
const { describe, isPlainObject, readMember } = require('../util/serialize-options')

/**
 * Reads each member of an object once. If its getter throws, a member becomes a marker, which validation refuses.
 * @param {any} object
 * @param {string} path
 * @returns {Record<string, any>}
 */
function readMembers (object, path) {
  const copy = Object.create(null)
  if (object === undefined) return copy
  let names
  try {
    names = Object.keys(object)
  } catch {
    throw configError([{ path, message: 'must be a plain object, got an object that cannot be read' }])
  }
  for (const name of names) copy[name] = readMember(object, name)
  return copy
}

/** @param {unknown} value */
function isAbortSignal (value) {
  try {
    return value instanceof AbortSignal && typeof value.aborted === 'boolean'
  } catch {
    return false
  }
}

/**
 * Reads an object of known options. Throws a ConfigError that names the nearest known option.
 * @param {object | undefined} options
 * @param {string[]} accepted
 * @param {string} path
 */
function readOptions (options, accepted, path) {
  if (options !== undefined && !isPlainObject(options)) {
    throw configError([{ path, message: `must be a plain object, got ${describe(options)}` }])
  }
  const copy = readMembers(options, path)
  for (const name in copy) {
    if (!accepted.includes(name)) {
      throw configError([{ path: `${path}.${name}`, message: native.refuseName(name, accepted) }])
    }
  }
  return copy
}

/**
 * Reads an optional limit, capped at what Rust can count.
 * @param {unknown} given
 * @param {string} path
 * @param {import('../..').ConfigProblem[]} problems
 */
function readLimit (given, path, problems) {
  if (given === undefined) return undefined
  if (typeof given === 'number' && Number.isInteger(given) && given >= 0) return Math.min(given, 2 ** 32 - 1)
  problems.push({ path, message: `must be a whole number from 0, got ${typeof given === 'number' ? given : describe(given)}` })
  return undefined
}

/**
 * Reads an optional name.
 * @param {unknown} value
 * @param {string} path
 */
function optionalName (value, path) {
  if (value === undefined || typeof value === 'string') return value
  throw configError([{ path, message: `must be a string, got ${describe(value)}` }])
}

module.exports = { readMembers, isAbortSignal, readOptions, readLimit, optionalName }
