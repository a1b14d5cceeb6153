'use strict'

// What a drill plays: whom it disturbs, how, and what is expected of the client then.

const { ofProblems } = require('../util/errors')
const { what, shown, isObject } = require('../util/serialize-options')
const duration = require('../util/duration')

/**
 * @typedef {object} Scenario
 * @property {(endpoints: string[], asked: string | undefined) => string[][]} whom Groups that are disturbed one after the other.
 * @property {(faults: any, well: any, latencyMs: number) => any} fault
 * @property {Partial<Objectives>} objectives
 * @property {string} about
 */
/** @typedef {{ maxLost: number | null, maxDetection: number | null, maxRecovery: number | null, maxReturn: number | null, maxExtraCostUsd: number | null }} Objectives In milliseconds; null asks for nothing. */

const one = (/** @type {string[]} */ endpoints, /** @type {string | undefined} */ asked) => [[asked ?? endpoints[0]]]
const all = (/** @type {string[]} */ endpoints) => [endpoints]
const SECOND = 1_000
/** How long a scenario is played, before returns are waited for. */
const USUAL = 4 * SECOND
const SURVIVED = { maxLost: 0, maxDetection: SECOND, maxRecovery: SECOND }

/** @type {Record<string, Scenario>} */
const SCENARIOS = {
  'vendor-down': {
    about: 'an endpoint answers with errors, then its connections are reset',
    whom: one,
    fault: (f) => f.forever(f.serverError(), f.serverError(), f.serverError(), f.reset()),
    objectives: SURVIVED
  },
  'region-by-region': {
    about: 'each endpoint fails in turn',
    whom: (endpoints) => endpoints.map((endpoint) => [endpoint]),
    fault: (f) => f.serverError(),
    objectives: { maxLost: 0, maxRecovery: SECOND }
  },
  'all-down': {
    about: 'every endpoint fails; what is asked for is that answers come again when they are back',
    whom: all,
    fault: (f) => f.serverError(),
    objectives: { maxReturn: 10 * SECOND }
  },
  'rate-limited': {
    about: 'an endpoint answers 429, with and without Retry-After',
    whom: one,
    fault: (f) => f.forever(f.rateLimited({ retryAfter: '1s' }), f.rateLimited()),
    objectives: SURVIVED
  },
  quota: {
    about: 'the quota of an endpoint\'s key is used up',
    whom: one,
    fault: (f) => f.quota(),
    objectives: SURVIVED
  },
  slow: {
    about: 'an endpoint takes ten times as long',
    whom: one,
    fault: (f, well, latencyMs) => f.combine(well, f.slowHeaders(latencyMs * 10)),
    objectives: { maxLost: 0 }
  },
  'cut-stream': {
    about: 'an endpoint\'s streams break off after their first content; lost ones must say so',
    whom: one,
    // Slowly: a break that comes with the first content would be one before it.
    fault: (f, well) => f.combine(well, f.pace(20), f.cut({ after: 2 })),
    objectives: {}
  },
  flapping: {
    about: 'an endpoint fails and recovers every 300 ms',
    whom: one,
    fault: (f) => f.flap(f.serverError(), { down: 300, up: 300 }),
    objectives: { maxLost: 0 }
  }
}

const NAMES = Object.keys(SCENARIOS)
const MEMBERS = ['scenario', 'endpoint', 'model', 'requests', 'concurrency', 'duration', 'latencyMs', 'streamShare', 'objectives']
const OBJECTIVES = ['maxLost', 'maxDetection', 'maxRecovery', 'maxReturn', 'maxExtraCostUsd']

/**
 * @param {any} given One scenario or several, by name or with parameters; undefined plays all.
 * @param {string[]} endpoints
 */
function read (given, endpoints) {
  const list = given === undefined ? NAMES : Array.isArray(given) ? given : [given]
  /** @type {{ path: string, message: string }[]} */
  const problems = []
  if (list.length === 0) problems.push({ path: 'scenario', message: `must be one of ${NAMES.join(', ')}, or several of them` })
  const plans = list.map((one, i) => readOne(one, Array.isArray(given) ? `scenario[${i}]` : 'scenario', endpoints, problems))
  if (problems.length > 0) throw ofProblems(problems)
  return /** @type {NonNullable<ReturnType<typeof readOne>>[]} */ (plans)
}

/**
 * @param {any} given
 * @param {string} path
 * @param {string[]} endpoints
 * @param {{ path: string, message: string }[]} problems
 */
function readOne (given, path, endpoints, problems) {
  const plan = typeof given === 'string' ? { scenario: given } : given
  const wrong = (/** @type {string} */ member, /** @type {string} */ message) => { problems.push({ path: `${path}.${member}`, message }) }
  if (!isObject(plan)) {
    problems.push({ path, message: `must be one of ${NAMES.join(', ')}, or an object with such a scenario, got ${what(plan)}` })
    return undefined
  }
  const { scenario, endpoint, model, requests = 300, concurrency = 20, latencyMs = 50, streamShare = 0.3 } = plan
  if (!Object.hasOwn(SCENARIOS, scenario)) {
    const place = typeof given === 'string' ? path : `${path}.scenario`
    problems.push({ path: place, message: `must be one of ${NAMES.join(', ')}, got ${shown(scenario)}` })
    return undefined
  }
  for (const member of Object.keys(plan)) if (!MEMBERS.includes(member)) wrong(member, `is not an option; accepted are ${MEMBERS.join(', ')}`)
  if (endpoint !== undefined && !endpoints.includes(endpoint)) wrong('endpoint', `must be one of ${endpoints.join(', ')}, got ${shown(endpoint)}`)
  if (model !== undefined && (typeof model !== 'string' || model === '')) wrong('model', `must be a model's name, got ${shown(model)}`)
  const whole = (/** @type {string} */ member, /** @type {any} */ value, /** @type {number} */ most) => {
    if (!Number.isInteger(value) || value < 1 || value > most) wrong(member, `must be a whole number from 1 to ${most}, got ${shown(value)}`)
  }
  whole('requests', requests, 1_000_000)
  whole('concurrency', concurrency, 1_000)
  if (!Number.isFinite(latencyMs) || latencyMs < 0 || latencyMs > 60_000) wrong('latencyMs', `must be a number from 0 to 60000, got ${shown(latencyMs)}`)
  if (!Number.isFinite(streamShare) || streamShare < 0 || streamShare > 1) wrong('streamShare', `must be a number from 0 to 1, got ${shown(streamShare)}`)
  return {
    scenario, endpoint, model, requests, concurrency, latencyMs, streamShare,
    durationMs: time(plan.duration ?? USUAL, 'duration', wrong) ?? USUAL,
    objectives: readObjectives(plan.objectives, SCENARIOS[scenario].objectives, wrong)
  }
}

/**
 * @param {any} given
 * @param {Partial<Objectives>} usual
 * @param {(member: string, message: string) => void} wrong
 * @returns {Objectives}
 */
function readObjectives (given = {}, usual, wrong) {
  const asked = isObject(given) ? given : {}
  if (!isObject(given)) wrong('objectives', `must be a plain object, got ${what(given)}`)
  for (const member of Object.keys(asked)) if (!OBJECTIVES.includes(member)) wrong(`objectives.${member}`, `is not an option; accepted are ${OBJECTIVES.join(', ')}`)
  const read = (/** @type {keyof Objectives} */ member, /** @type {(value: any) => number | null} */ of) => {
    const value = asked[member]
    return value === undefined ? usual[member] ?? null : value === null ? null : of(value)
  }
  const amount = (/** @type {string} */ member) => (/** @type {any} */ value) => {
    if (!Number.isFinite(value) || value < 0) wrong(`objectives.${member}`, `must be a number from 0 on, or null, got ${shown(value)}`)
    return value
  }
  const limit = (/** @type {string} */ member) => (/** @type {any} */ value) => time(value, `objectives.${member}`, wrong) ?? null
  return {
    maxLost: read('maxLost', amount('maxLost')),
    maxDetection: read('maxDetection', limit('maxDetection')),
    maxRecovery: read('maxRecovery', limit('maxRecovery')),
    maxReturn: read('maxReturn', limit('maxReturn')),
    maxExtraCostUsd: read('maxExtraCostUsd', amount('maxExtraCostUsd'))
  }
}

/** @param {any} given @param {string} member @param {(member: string, message: string) => void} wrong */
function time (given, member, wrong) {
  try {
    return duration.ms(given, member, 0)
  } catch (/** @type {any} */ error) {
    wrong(member, error.problems?.[0]?.message ?? error.message)
    return undefined
  }
}

module.exports = { SCENARIOS, NAMES, read }
