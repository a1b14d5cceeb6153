'use strict'

// A configuration document: where it is, and its bytes with what of the environment it names. Rust reads it.

const fs = require('node:fs')
const path = require('node:path')
const { fileURLToPath } = require('node:url')
const { ofProblems } = require('../util/errors')
const { what } = require('../util/serialize-options')

/** Looked for in the working directory, in this order. */
const NAMES = ['bellwether.yaml', 'bellwether.yml', 'bellwether.json']
/** As in Rust. */
const LARGEST = 1 << 20
const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)/g

/**
 * @typedef {object} Document
 * @property {string} file As it was given, for messages.
 * @property {string} path
 * @property {Uint8Array} bytes
 * @property {Record<string, string | undefined>} variables
 */

/**
 * The document that is meant where nobody names one: BELLWETHER_CONFIG's, else one of the working directory.
 * @returns {string | undefined}
 */
function find () {
  const named = process.env.BELLWETHER_CONFIG
  if (named !== undefined && named.trim() !== '') return named
  return NAMES.find((name) => fs.existsSync(name))
}

/**
 * The name of a document that somebody gave, or that is meant without one.
 * @param {unknown} given
 * @returns {string}
 */
function nameOf (given) {
  if (given === undefined) {
    const found = find()
    if (found !== undefined) return found
    throw ofProblems([problem('', `there is no ${NAMES.join(', ')} in the working directory, and BELLWETHER_CONFIG is not set`)])
  }
  if (typeof given === 'string' && given !== '') return given
  if (given instanceof URL) {
    try {
      return fileURLToPath(given)
    } catch {
      throw ofProblems([{ path: 'path', message: 'must be a path or a file: URL, got another URL' }])
    }
  }
  throw ofProblems([{ path: 'path', message: `must be a path or a file: URL, got ${given === '' ? "''" : what(given)}` }])
}

/**
 * @param {string} file
 * @returns {Document}
 */
function readSync (file) {
  try {
    const at = path.resolve(file)
    check(file, fs.statSync(at))
    return documentOf(file, at, fs.readFileSync(at))
  } catch (error) {
    throw unreadable(file, error)
  }
}

/**
 * @param {string} file
 * @param {string} [at] Where it was, when the working directory may be another by now.
 * @returns {Promise<Document>}
 */
async function read (file, at = path.resolve(file)) {
  try {
    check(file, await fs.promises.stat(at))
    return documentOf(file, at, await fs.promises.readFile(at))
  } catch (error) {
    throw unreadable(file, error)
  }
}

/** @param {string} file @param {fs.Stats} stats */
function check (file, stats) {
  if (stats.isDirectory()) throw ofProblems([problem(file, 'is a directory; name the file in it')])
  // A pipe would be waited for.
  if (!stats.isFile()) throw ofProblems([problem(file, 'is not a file')])
  if (stats.size > LARGEST) throw ofProblems([problem(file, `is too large: ${stats.size} bytes, at most ${LARGEST} are read`)])
}

/** @param {string} file @param {string} at @param {Buffer} bytes @returns {Document} */
function documentOf (file, at, bytes) {
  /** @type {Record<string, string | undefined>} */
  const variables = {}
  for (const [, name] of bytes.toString('utf8').matchAll(REFERENCE)) variables[name] = process.env[name]
  return { file, path: at, bytes, variables }
}

/** @param {string} file @param {any} error */
function unreadable (file, error) {
  if (typeof error?.code !== 'string' || error.code.startsWith('ERR_BELLWETHER')) return error
  const why = error.code === 'ENOENT' || error.code === 'ENOTDIR' ? 'does not exist' : `cannot be read: ${error.code}`
  return ofProblems([problem(file, why)])
}

/** @param {string} file @param {string} message */
function problem (file, message) {
  return file === '' ? { path: '', message } : { file, path: '', message }
}

module.exports = { NAMES, find, nameOf, readSync, read }
