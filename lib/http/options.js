'use strict'

// What a mount of the client over HTTP is told: which parts, where, and who may use them.

const duration = require('../util/duration')
const { ofProblems } = require('../util/errors')
const { isObject, what, shown } = require('../util/serialize-options')

/** Where each part is when it is only said to be there. */
const PLACES = { health: '/health', metrics: '/metrics', events: '/events', dashboard: '/dashboard', proxy: '/v1' }
/** They are there unless it is said that they are not. */
const OPEN = ['health', 'metrics']
/** Who may use these must be said. */
const GUARDED = ['proxy', 'events', 'dashboard']
const ACCEPTED = ['authorize', ...Object.keys(PLACES), 'protect', 'ready', 'base', 'challenge', 'push']
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
function check (given) {
  if (!isObject(given)) throw ofProblems([{ path: 'options', message: `must be a plain object, got ${what(given)}` }])
  /** @type {import('../..').ConfigProblem[]} */
  const problems = Object.keys(given)
    .filter((name) => !ACCEPTED.includes(name))
    .map((name) => ({ path: name, message: `is no option of the middleware; accepted are ${ACCEPTED.join(', ')}` }))
  const { authorize, protect = [], ready = 'process', base = '', challenge = 'Bearer' } = given
  /** @type {Record<string, string>} */
  const paths = {}
  for (const [name, place] of Object.entries(PLACES)) {
    const { [name]: part = OPEN.includes(name) } = given
    if (part === true) paths[name] = place
    else if (isPath(part)) paths[name] = part.replace(/\/+$/, '')
    else if (part !== false) problems.push({ path: name, message: `must be true, false or a path that begins with '/', as addresses write it, got ${shown(part)}` })
  }
  if (paths.health !== undefined) {
    const beside = paths.health.slice(0, paths.health.lastIndexOf('/'))
    Object.assign(paths, { livez: `${beside}/livez`, readyz: `${beside}/readyz` })
  }
  // Without a path of their own, a dashboard's events are below it.
  if (paths.dashboard !== undefined) paths.events ??= `${paths.dashboard}/events`
  for (const [name, path] of Object.entries(paths)) {
    const other = Object.keys(paths).find((one) => one !== name && paths[one] === path)
    if (other !== undefined && other < name) problems.push({ path: name, message: `must not be at ${path}, where ${other} is` })
  }
  const needy = GUARDED.filter((name) => given[name] !== undefined && given[name] !== false)
  if (authorize !== undefined && authorize !== 'none' && typeof authorize !== 'function') {
    problems.push({ path: 'authorize', message: `must be a function of the request, or 'none', got ${shown(authorize)}` })
  } else if (authorize === undefined && needy.length > 0) {
    problems.push({ path: 'authorize', message: `is missing; who may use ${needy.join(', ')}, and spend your keys, is decided by a function of the request, or by 'none' for everybody` })
  }
  if (!Array.isArray(protect) || protect.some((name) => !OPEN.includes(name))) {
    problems.push({ path: 'protect', message: `must be an array of ${OPEN.map((name) => `'${name}'`).join(', ')}, got ${shown(protect)}` })
  } else if (protect.length > 0 && authorize === undefined && needy.length === 0) {
    problems.push({ path: 'authorize', message: `is missing; protect asks it about ${protect.join(', ')}` })
  }
  if (ready !== 'process' && ready !== 'vendors') problems.push({ path: 'ready', message: `must be 'process' or 'vendors', got ${shown(ready)}` })
  if (base !== '' && !isPath(base)) problems.push({ path: 'base', message: `must be a path that begins with '/', as addresses write it, got ${shown(base)}` })
  if (typeof challenge !== 'string' || !/^[!-~]+( [ -~]*)?$/.test(challenge)) problems.push({ path: 'challenge', message: `must be what the header www-authenticate may hold, got ${shown(challenge)}` })
  const push = pushOf(given.push ?? {}, problems)
  if (problems.length > 0) throw ofProblems(problems)
  return { base: base.replace(/\/+$/, ''), paths, guarded: new Set([...GUARDED, ...protect]), authorize, ready, challenge, push }
}

/** @param {any} given @param {import('../..').ConfigProblem[]} problems @returns {Push} */
function pushOf (given, problems) {
  if (!isObject(given)) {
    problems.push({ path: 'push', message: `must be a plain object, got ${what(given)}` })
    given = {}
  }
  for (const name of Object.keys(given)) {
    if (!PUSH.includes(name)) problems.push({ path: `push.${name}`, message: `is not an option; accepted are ${PUSH.join(', ')}` })
  }
  const time = (/** @type {string} */ name, /** @type {number} */ fallback) => {
    try {
      const ms = duration.ms(given[name], `push.${name}`, fallback)
      if (ms < 10) problems.push({ path: `push.${name}`, message: `must be at least 10 ms, got ${ms}` })
      return ms
    } catch (/** @type {any} */ error) {
      problems.push(...error.problems)
      return fallback
    }
  }
  const whole = (/** @type {string} */ name, /** @type {number} */ fallback, /** @type {number} */ least) => {
    const { [name]: value = fallback } = given
    if (!Number.isSafeInteger(value) || value < least) problems.push({ path: `push.${name}`, message: `must be a whole number from ${least}, got ${shown(value)}` })
    return value
  }
  const { origins = [] } = given
  if (!Array.isArray(origins) || origins.some((one) => typeof one !== 'string' || !URL.canParse(one) || new URL(one).origin !== one)) {
    problems.push({ path: 'push.origins', message: `must be an array of origins such as 'https://app.example.com', got ${shown(origins)}` })
  }
  return {
    heartbeat: time('heartbeat', 15_000),
    patience: time('patience', 10_000),
    maxUnsent: whole('maxUnsent', 1 << 20, 1024),
    maxListeners: whole('maxListeners', 10_000, 1),
    origins
  }
}

/** @param {unknown} value @returns {value is string} */
function isPath (value) {
  return typeof value === 'string' && value.startsWith('/') && URL.canParse(`http://x${value}`) &&
    new URL(`http://x${value}`).pathname === value && !value.includes('//')
}

module.exports = { check }
