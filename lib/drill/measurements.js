'use strict'

// Measures a drill: the outcome of its calls and, for each disturbance, the time from the first failure to detection,
// to the next answer, and to the endpoint's first answer after it was restored. Disturbances are measured separately,
// because an incident that a late call opens is no measure of recovery.

/** Outcomes of attempts that failed. Others succeeded or were never sent. */
const FAILED_OUTCOMES = ['retry', 'next', 'fail']

class Measurements {
  #answered = 0
  #fallback = 0
  #lost = 0
  /** @type {Record<string, number>} */
  #errors = {}
  /** @type {number[]} */
  #latencies = []
  /** Start and end of each answered call. @type {[number, number][]} */
  #answers = []
  /** Endpoints that were disturbed together. @type {{ group: string[], at: number, hit: number, met: number }[]} */
  #disturbances = []
  /** @type {Map<string, number>} */
  #healed = new Map()
  /** Time from an endpoint's restoration to its first answer. @type {Map<string, number>} */
  #returned = new Map()

  /** @param {InstanceType<typeof import('./client').DrillClient>} drillClient */
  constructor (drillClient) {
    drillClient.on('attempt', (/** @type {import('../..').AttemptEvent} */ { endpoint, outcome, startedAt, durationMs }) => {
      const sent = Date.parse(startedAt)
      const healed = this.#healed.get(endpoint) ?? Infinity
      if (outcome === 'ok' && sent >= healed && !this.#returned.has(endpoint)) this.#returned.set(endpoint, sent + durationMs - healed)
    })
  }

  get calls () {
    return this.#answered + this.#fallback + this.#lost
  }

  /** @param {string[]} group */
  disturbed (group) {
    this.#disturbances.push({ group, at: Date.now(), hit: Infinity, met: Infinity })
  }

  /** @param {string[]} group */
  healed (group) {
    for (const name of group) this.#healed.set(name, Date.now())
  }

  /** @param {string} name */
  hasReturned (name) {
    return this.#returned.has(name)
  }

  /** @param {number} began @param {import('../..').CallReport} report */
  answered (began, { attempts, degraded }) {
    const now = Date.now()
    this.#latencies.push(now - began)
    const met = this.#disturbancesHit(attempts)
    if (degraded) {
      this.#fallback++
      return
    }
    this.#answered++
    if (this.#disturbances.length > 0) this.#answers.push([began, now])
    for (const disturbance of met) disturbance.met = Math.min(disturbance.met, now)
  }

  /** @param {any} error */
  lost (error) {
    this.#lost++
    this.#disturbancesHit(error.attempts ?? [])
    const code = error.code ?? error.name
    this.#errors[code] = (this.#errors[code] ?? 0) + 1
  }

  /** Returns the disturbances that a call's attempts ran into. @param {import('../..').Attempt[]} attempts */
  #disturbancesHit (attempts) {
    return this.#disturbances.filter((disturbance) => {
      const hits = attempts.filter(({ endpoint, outcome }) => FAILED_OUTCOMES.includes(outcome) && disturbance.group.includes(endpoint)).map(({ startedAt }) => Date.parse(startedAt))
      disturbance.hit = Math.min(disturbance.hit, ...hits)
      return hits.length > 0
    })
  }

  /**
   * @param {string[]} awaited Endpoints that must have answered again.
   * @param {Map<string, number>} due When the endpoints that have not answered may be called again.
   * @param {import('../..').IncidentReport[]} incidents
   */
  figures (awaited, due, incidents) {
    const hit = this.#disturbances.filter(({ hit }) => hit < Infinity)
    const times = awaited.map((name) => this.#returned.get(name) ?? null)
    const later = [...due].map(([name, at]) => at - (this.#healed.get(name) ?? Infinity)).filter((wait) => wait > 0)
    return {
      answered: this.#answered, fallback: this.#fallback, lost: this.#lost, errors: this.#errors, latencies: this.#latencies,
      touched: awaited.length > 0,
      detectionMs: worst(hit.map((disturbance) => detection(disturbance, incidents))),
      recoveryMs: worst(hit.map((disturbance) => this.#recovery(disturbance))),
      returnMs: worst(times),
      returnDueMs: times.includes(null) && later.length > 0 ? Math.max(...later) : null,
      incidents
    }
  }

  /**
   * Time until the answer to a call that ran into the disturbance or began after it. @param {{ hit: number, met:
   * number }} disturbance
   */
  #recovery ({ hit, met }) {
    const first = this.#answers.reduce((least, [began, ended]) => began >= hit ? Math.min(least, ended) : least, met)
    return first < Infinity ? Math.max(0, first - hit) : null
  }
}

/**
 * Time until one of the group's endpoints was ejected. @param {{ group: string[], hit: number }} disturbance @param
 * {import('../..').IncidentReport[]} incidents
 */
function detection ({ group, hit }, incidents) {
  const outs = incidents.flatMap(({ endpoints }) => endpoints).filter(({ name, outAt }) => group.includes(name) && outAt !== null).map(({ outAt }) => Date.parse(/** @type {string} */ (outAt)))
  return outs.length === 0 ? null : Math.max(0, Math.min(...outs) - hit)
}

/** Returns the longest time; null if there is none, or if one is missing. @param {(number | null)[]} times */
function worst (times) {
  return times.length === 0 || times.includes(null) ? null : Math.max(.../** @type {number[]} */ (times))
}

module.exports = { Measurements }
