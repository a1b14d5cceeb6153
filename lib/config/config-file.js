'use strict'

// Finds and reads a configuration file, and the environment variables that it names. Rust parses it.

const fs = require('node:fs')
const path = require('node:path')
const { fileURLToPath } = require('node:url')
const { configError } = require('../util/errors')
const { describe } = require('../util/serialize-options')

/** File names tried in the working directory, in this order. */
const DEFAULT_NAMES = ['bellwether.yaml', 'bellwether.yml', 'bellwether.json']
/** In bytes; the same limit as in Rust. */
const MAX_BYTES = 1 << 20
const VARIABLE_REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)/g

/**
 * @typedef {object} ConfigFile
 * @property {string} file As it was given, for messages.
 * @property {string} path
 * @property {Uint8Array} bytes
 * @property {Record<string, string | undefined>} variables
 */

/**
 * Returns the default configuration file: BELLWETHER_CONFIG, else one of DEFAULT_NAMES in the working directory.
 * @returns {string | undefined}
 */
function findConfigFile () {
  const named = process.env.BELLWETHER_CONFIG
  if (named !== undefined && named.trim() !== '') return named
  return DEFAULT_NAMES.find((name) => fs.existsSync(name))
}

/**
 * Returns the path of a configuration file: the given one, else the default. Throws a ConfigError if there is none.
 * @param {unknown} given
 * @returns {string}
 */
function configFileName (given) {
  if (given === undefined) {
    const found = findConfigFile()
    if (found !== undefined) return found
    throw configError([fileProblem('', `there is no ${DEFAULT_NAMES.join(', ')} in the working directory, and BELLWETHER_CONFIG is not set`)])
  }
  if (typeof given === 'string' && given !== '') return given
  if (given instanceof URL) {
    try {
      return fileURLToPath(given)
    } catch {
      throw configError([{ path: 'path', message: 'must be a path or a file: URL, got another URL' }])
    }
  }
  throw configError([{ path: 'path', message: `must be a path or a file: URL, got ${given === '' ? "''" : describe(given)}` }])
}

/**
 * @param {string} file
 * @returns {ConfigFile}
 */
function readConfigFileSync (file) {
  try {
    const absolute = path.resolve(file)
    checkStats(file, fs.statSync(absolute))
    return configFileOf(file, absolute, fs.readFileSync(absolute))
  } catch (error) {
    throw readError(file, error)
  }
}

/**
 * @param {string} file
 * @param {string} [absolute] Its absolute path, for when the working directory may have changed.
 * @returns {Promise<ConfigFile>}
 */
async function readConfigFile (file, absolute = path.resolve(file)) {
  try {
    checkStats(file, await fs.promises.stat(absolute))
    return configFileOf(file, absolute, await fs.promises.readFile(absolute))
  } catch (error) {
    throw readError(file, error)
  }
}

/** @param {string} file @param {fs.Stats} stats */
function checkStats (file, stats) {
  if (stats.isDirectory()) throw configError([fileProblem(file, 'is a directory; name the file in it')])
  // Reading a pipe would wait for its writer.
  if (!stats.isFile()) throw configError([fileProblem(file, 'is not a file')])
  if (stats.size > MAX_BYTES) throw configError([fileProblem(file, `is too large: ${stats.size} bytes, at most ${MAX_BYTES} are read`)])
}

/** @param {string} file @param {string} absolute @param {Buffer} bytes @returns {ConfigFile} */
function configFileOf (file, absolute, bytes) {
  /** @type {Record<string, string | undefined>} */
  const variables = {}
  for (const [, name] of bytes.toString('utf8').matchAll(VARIABLE_REFERENCE)) variables[name] = process.env[name]
  return { file, path: absolute, bytes, variables }
}

/** @param {string} file @param {any} error */
function readError (file, error) {
  if (typeof error?.code !== 'string' || error.code.startsWith('ERR_BELLWETHER')) return error
  const why = error.code === 'ENOENT' || error.code === 'ENOTDIR' ? 'does not exist' : `cannot be read: ${error.code}`
  return configError([fileProblem(file, why)])
}

/** @param {string} file @param {string} message */
function fileProblem (file, message) {
  return file === '' ? { path: '', message } : { file, path: '', message }
}

module.exports = { DEFAULT_NAMES, findConfigFile, configFileName, readConfigFileSync, readConfigFile }
