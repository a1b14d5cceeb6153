'use strict'

// Defines the scenarios of drills: the endpoints that each disturbs, the fault, and the objectives.

const { configError } = require('../util/errors')
const { describe, quote, isPlainObject } = require('../util/serialize-options')
const duration = require('../util/duration')

/**
 * @typedef {object} Scenario
 * @property {(endpoints: string[], asked: string | undefined) => string[][]} targets Groups that are disturbed one after the other.
 * @property {(faults: any, well: any, latencyMs: number) => any} fault
 * @property {Partial<Objectives>} objectives
 * @property {string} about
 */
/** @typedef {{ maxLost: number | null, maxDetection: number | null, maxRecovery: number | null, maxReturn: number | null, maxExtraCostUsd: number | null }} Objectives In milliseconds; null asks for nothing. */

const firstOrNamed = (/** @type {string[]} */ endpoints, /** @type {string | undefined} */ asked) => [[asked ?? endpoints[0]]]
const all = (/** @type {string[]} */ endpoints) => [endpoints]
const SECOND = 1_000
/** Duration of a scenario, without the wait for endpoints to return. */
const DEFAULT_DURATION_MS = 4 * SECOND
const SURVIVED = { maxLost: 0, maxDetection: SECOND, maxRecovery: SECOND }

/** @type {Record<string, Scenario>} */
const SCENARIOS = {
  'vendor-down': {
    about: 'an endpoint answers with errors, then its connections are reset',
    targets: firstOrNamed,
    fault: (f) => f.forever(f.serverError(), f.serverError(), f.serverError(), f.reset()),
    objectives: SURVIVED
  },
  'region-by-region': {
    about: 'each endpoint fails in turn',
    targets: (endpoints) => endpoints.map((endpoint) => [endpoint]),
    fault: (f) => f.serverError(),
    objectives: { maxLost: 0, maxRecovery: SECOND }
  },
  'all-down': {
    about: 'every endpoint fails; calls must be answered again after the recovery',
    targets: all,
    fault: (f) => f.serverError(),
    objectives: { maxReturn: 10 * SECOND }
  },
  'rate-limited': {
    about: 'an endpoint answers 429, with and without Retry-After',
    targets: firstOrNamed,
    fault: (f) => f.forever(f.rateLimited({ retryAfter: '1s' }), f.rateLimited()),
    objectives: SURVIVED
  },
  quota: {
    about: 'the quota of an endpoint\'s key is used up',
    targets: firstOrNamed,
    fault: (f) => f.quota(),
    objectives: SURVIVED
  },
  slow: {
    about: 'an endpoint takes ten times as long',
    targets: firstOrNamed,
    fault: (f, healthy, latencyMs) => f.combine(healthy, f.slowHeaders(latencyMs * 10)),
    objectives: { maxLost: 0 }
  },
  'cut-stream': {
    about: 'an endpoint\'s streams break off after their first content; a lost one must fail with an error',
    targets: firstOrNamed,
    // Paced, so that the break does not arrive together with the first content.
    fault: (f, healthy) => f.combine(healthy, f.pace(20), f.cut({ after: 2 })),
    objectives: {}
  },
  flapping: {
    about: 'an endpoint fails and recovers every 300 ms',
    targets: firstOrNamed,
    fault: (f) => f.flap(f.serverError(), { down: 300, up: 300 }),
    objectives: { maxLost: 0 }
  }
}

const NAMES = Object.keys(SCENARIOS)
const PLAN_MEMBERS = ['scenario', 'endpoint', 'model', 'requests', 'concurrency', 'duration', 'latencyMs', 'streamShare', 'objectives']
const OBJECTIVES = ['maxLost', 'maxDetection', 'maxRecovery', 'maxReturn', 'maxExtraCostUsd']

/**
 * @param {any} given One scenario or several, by name or with parameters; undefined plays all.
 * @param {string[]} endpoints
 */
function readPlans (given, endpoints) {
  const list = given === undefined ? NAMES : Array.isArray(given) ? given : [given]
  /** @type {{ path: string, message: string }[]} */
  const problems = []
  if (list.length === 0) problems.push({ path: 'scenario', message: `must be one of ${NAMES.join(', ')}, or several of them` })
  const plans = list.map((one, i) => readPlan(one, Array.isArray(given) ? `scenario[${i}]` : 'scenario', endpoints, problems))
  if (problems.length > 0) throw configError(problems)
  return /** @type {NonNullable<ReturnType<typeof readPlan>>[]} */ (plans)
}

/**
 * @param {any} given
 * @param {string} path
 * @param {string[]} endpoints
 * @param {{ path: string, message: string }[]} problems
 */
function readPlan (given, path, endpoints, problems) {
  const plan = typeof given === 'string' ? { scenario: given } : given
  const reject = (/** @type {string} */ member, /** @type {string} */ message) => { problems.push({ path: `${path}.${member}`, message }) }
  if (!isPlainObject(plan)) {
    problems.push({ path, message: `must be one of ${NAMES.join(', ')}, or an object with one of them as its scenario, got ${describe(plan)}` })
    return undefined
  }
  const { scenario, endpoint, model, requests = 300, concurrency = 20, latencyMs = 50, streamShare = 0.3 } = plan
  if (!Object.hasOwn(SCENARIOS, scenario)) {
    const problemPath = typeof given === 'string' ? path : `${path}.scenario`
    problems.push({ path: problemPath, message: `must be one of ${NAMES.join(', ')}, got ${quote(scenario)}` })
    return undefined
  }
  for (const member of Object.keys(plan)) if (!PLAN_MEMBERS.includes(member)) reject(member, `is not an option; accepted are ${PLAN_MEMBERS.join(', ')}`)
  if (endpoint !== undefined && !endpoints.includes(endpoint)) reject('endpoint', `must be one of ${endpoints.join(', ')}, got ${quote(endpoint)}`)
  if (model !== undefined && (typeof model !== 'string' || model === '')) reject('model', `must be the name of a model, got ${quote(model)}`)
  const expectWhole = (/** @type {string} */ member, /** @type {any} */ value, /** @type {number} */ most) => {
    if (!Number.isInteger(value) || value < 1 || value > most) reject(member, `must be a whole number from 1 to ${most}, got ${quote(value)}`)
  }
  expectWhole('requests', requests, 1_000_000)
  expectWhole('concurrency', concurrency, 1_000)
  if (!Number.isFinite(latencyMs) || latencyMs < 0 || latencyMs > 60_000) reject('latencyMs', `must be a number from 0 to 60000, got ${quote(latencyMs)}`)
  if (!Number.isFinite(streamShare) || streamShare < 0 || streamShare > 1) reject('streamShare', `must be a number from 0 to 1, got ${quote(streamShare)}`)
  return {
    scenario, endpoint, model, requests, concurrency, latencyMs, streamShare,
    durationMs: readTime(plan.duration ?? DEFAULT_DURATION_MS, 'duration', reject) ?? DEFAULT_DURATION_MS,
    objectives: readObjectives(plan.objectives, SCENARIOS[scenario].objectives, reject)
  }
}

/**
 * @param {any} given
 * @param {Partial<Objectives>} defaults
 * @param {(member: string, message: string) => void} reject
 * @returns {Objectives}
 */
function readObjectives (given = {}, defaults, reject) {
  const asked = isPlainObject(given) ? given : {}
  if (!isPlainObject(given)) reject('objectives', `must be a plain object, got ${describe(given)}`)
  for (const member of Object.keys(asked)) if (!OBJECTIVES.includes(member)) reject(`objectives.${member}`, `is not an option; accepted are ${OBJECTIVES.join(', ')}`)
  const readPlans = (/** @type {keyof Objectives} */ member, /** @type {(value: any) => number | null} */ of) => {
    const value = asked[member]
    return value === undefined ? defaults[member] ?? null : value === null ? null : of(value)
  }
  const amount = (/** @type {string} */ member) => (/** @type {any} */ value) => {
    if (!Number.isFinite(value) || value < 0) reject(`objectives.${member}`, `must be a number of at least 0, or null, got ${quote(value)}`)
    return value
  }
  const limit = (/** @type {string} */ member) => (/** @type {any} */ value) => readTime(value, `objectives.${member}`, reject) ?? null
  return {
    maxLost: readPlans('maxLost', amount('maxLost')),
    maxDetection: readPlans('maxDetection', limit('maxDetection')),
    maxRecovery: readPlans('maxRecovery', limit('maxRecovery')),
    maxReturn: readPlans('maxReturn', limit('maxReturn')),
    maxExtraCostUsd: readPlans('maxExtraCostUsd', amount('maxExtraCostUsd'))
  }
}

/** @param {any} given @param {string} member @param {(member: string, message: string) => void} reject */
function readTime (given, member, reject) {
  try {
    return duration.parseDuration(given, member, 0)
  } catch (/** @type {any} */ error) {
    reject(member, error.problems?.[0]?.message ?? error.message)
    return undefined
  }
}

module.exports = { SCENARIOS, NAMES, readPlans }
