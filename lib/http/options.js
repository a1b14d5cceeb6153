'use strict'

// Reads the options of a mount: its parts, their paths, and their authorization.

const duration = require('../util/duration')
const { configError } = require('../util/errors')
const { isPlainObject, describe, quote } = require('../util/serialize-options')

/** Paths of parts that are given as `true`. */
const DEFAULT_PATHS = { health: '/health', metrics: '/metrics', events: '/events', dashboard: '/dashboard', proxy: '/v1' }
/** Parts that are mounted by default. */
const DEFAULT_PARTS = ['health', 'metrics']
/** Parts that need `authorize`. */
const GUARDED_PARTS = ['proxy', 'events', 'dashboard']
const ACCEPTED = ['authorize', ...Object.keys(DEFAULT_PATHS), 'protect', 'ready', 'base', 'challenge', 'push']
const PUSH = ['heartbeat', 'patience', 'maxUnsent', 'maxListeners', 'origins']

/**
 * @typedef {object} Push
 * @property {number} heartbeat Milliseconds.
 * @property {number} patience Milliseconds.
 * @property {number} maxUnsent Bytes.
 * @property {number} maxListeners
 * @property {string[]} origins
 */

/**
 * @typedef {object} Settings
 * @property {string} base
 * @property {Partial<Record<'health' | 'livez' | 'readyz' | 'metrics' | 'events' | 'dashboard' | 'proxy', string>>} paths
 * @property {Set<string>} guarded
 * @property {'none' | ((request: any) => boolean | Promise<boolean>) | undefined} authorize
 * @property {'process' | 'vendors'} ready
 * @property {string} challenge
 * @property {Push} push
 */

/**
 * @param {any} given
 * @returns {Settings}
 */
function readMountOptions (given) {
  if (!isPlainObject(given)) throw configError([{ path: 'options', message: `must be a plain object, got ${describe(given)}` }])
  /** @type {import('../..').ConfigProblem[]} */
  const problems = Object.keys(given)
    .filter((name) => !ACCEPTED.includes(name))
    .map((name) => ({ path: name, message: `is not an option; accepted are ${ACCEPTED.join(', ')}` }))
  const { authorize, protect = [], ready = 'process', base = '', challenge = 'Bearer' } = given
  /** @type {Record<string, string>} */
  const paths = {}
  for (const [name, defaultPath] of Object.entries(DEFAULT_PATHS)) {
    const { [name]: part = DEFAULT_PARTS.includes(name) } = given
    if (part === true) paths[name] = defaultPath
    else if (isPath(part)) paths[name] = part.replace(/\/+$/, '')
    else if (part !== false) problems.push({ path: name, message: `must be true, false or a percent-encoded path that begins with '/', got ${quote(part)}` })
  }
  if (paths.health !== undefined) {
    const folder = paths.health.slice(0, paths.health.lastIndexOf('/'))
    Object.assign(paths, { livez: `${folder}/livez`, readyz: `${folder}/readyz` })
  }
  // By default a dashboard's events are below its own path.
  if (paths.dashboard !== undefined) paths.events ??= `${paths.dashboard}/events`
  for (const [name, path] of Object.entries(paths)) {
    const other = Object.keys(paths).find((one) => one !== name && paths[one] === path)
    if (other !== undefined && other < name) problems.push({ path: name, message: `must not have the path ${path}, which ${other} has` })
  }
  const guardedGiven = GUARDED_PARTS.filter((name) => given[name] !== undefined && given[name] !== false)
  if (authorize !== undefined && authorize !== 'none' && typeof authorize !== 'function') {
    problems.push({ path: 'authorize', message: `must be a function of the request, or 'none', got ${quote(authorize)}` })
  } else if (authorize === undefined && guardedGiven.length > 0) {
    problems.push({ path: 'authorize', message: `is missing: ${guardedGiven.join(', ')} would be open to everyone. Give a function that returns true for requests that may use them, or 'none' to accept every request` })
  }
  if (!Array.isArray(protect) || protect.some((name) => !DEFAULT_PARTS.includes(name))) {
    problems.push({ path: 'protect', message: `must be an array of ${DEFAULT_PARTS.map((name) => `'${name}'`).join(', ')}, got ${quote(protect)}` })
  } else if (protect.length > 0 && authorize === undefined && guardedGiven.length === 0) {
    problems.push({ path: 'authorize', message: `is missing: protect needs it for ${protect.join(', ')}` })
  }
  if (ready !== 'process' && ready !== 'vendors') problems.push({ path: 'ready', message: `must be 'process' or 'vendors', got ${quote(ready)}` })
  if (base !== '' && !isPath(base)) problems.push({ path: 'base', message: `must be a percent-encoded path that begins with '/', got ${quote(base)}` })
  if (typeof challenge !== 'string' || !/^[!-~]+( [ -~]*)?$/.test(challenge)) problems.push({ path: 'challenge', message: `must be a valid www-authenticate header, got ${quote(challenge)}` })
  const push = readPush(given.push ?? {}, problems)
  if (problems.length > 0) throw configError(problems)
  return { base: base.replace(/\/+$/, ''), paths, guarded: new Set([...GUARDED_PARTS, ...protect]), authorize, ready, challenge, push }
}

/** @param {any} given @param {import('../..').ConfigProblem[]} problems @returns {Push} */
function readPush (given, problems) {
  if (!isPlainObject(given)) {
    problems.push({ path: 'push', message: `must be a plain object, got ${describe(given)}` })
    given = {}
  }
  for (const name of Object.keys(given)) {
    if (!PUSH.includes(name)) problems.push({ path: `push.${name}`, message: `is not an option; accepted are ${PUSH.join(', ')}` })
  }
  const time = (/** @type {string} */ name, /** @type {number} */ fallback) => {
    try {
      const ms = duration.parseDuration(given[name], `push.${name}`, fallback)
      if (ms < 10) problems.push({ path: `push.${name}`, message: `must be at least 10 ms, got ${ms}` })
      return ms
    } catch (/** @type {any} */ error) {
      problems.push(...error.problems)
      return fallback
    }
  }
  const readWhole = (/** @type {string} */ name, /** @type {number} */ fallback, /** @type {number} */ least) => {
    const { [name]: value = fallback } = given
    if (!Number.isSafeInteger(value) || value < least) problems.push({ path: `push.${name}`, message: `must be a whole number from ${least}, got ${quote(value)}` })
    return value
  }
  const { origins = [] } = given
  if (!Array.isArray(origins) || origins.some((one) => typeof one !== 'string' || !URL.canParse(one) || new URL(one).origin !== one)) {
    problems.push({ path: 'push.origins', message: `must be an array of origins such as 'https://app.example.com', got ${quote(origins)}` })
  }
  return {
    heartbeat: time('heartbeat', 15_000),
    patience: time('patience', 10_000),
    maxUnsent: readWhole('maxUnsent', 1 << 20, 1024),
    maxListeners: readWhole('maxListeners', 10_000, 1),
    origins
  }
}

/** @param {unknown} value @returns {value is string} */
function isPath (value) {
  return typeof value === 'string' && value.startsWith('/') && URL.canParse(`http://x${value}`) &&
    new URL(`http://x${value}`).pathname === value && !value.includes('//')
}

module.exports = { readMountOptions }
