'use strict'

const { refuse } = require('./check')
const { Repeat, Sequence } = require('./sequence')
const { step } = require('./step')

/** @typedef {import('./index').Fault} Fault */
/** @typedef {import('./index').Hit} Hit */
/** @typedef {import('./index').Step} Step */

/** The route of a request that was not read yet. */
const EARLY = ''
const STAGES = ['accept', 'request', 'body', 'answer']

/** The steps of a script, then the standing behaviour, then healthy answers. */
class Script {
  /** @type {Fault} */
  healthy = { name: 'healthy' }
  /** Whether a fault waits for a connection or for a request that was not read yet. */
  strikesEarly = false
  #options
  /** @type {InstanceType<typeof Sequence> | undefined} */
  #steps
  /** @type {InstanceType<typeof Repeat> | undefined} */
  #standing
  /** @type {any[][]} */
  #given = [[], []]

  /** @param {{ h2: unknown, dialect: import('./dialects').Dialect }} options */
  constructor(options) {
    this.#options = options
  }

  /** @param {Step[]} given */
  set(given) {
    const steps = given.map((item, i) => this.#checked(item, `script[${i}]`))
    this.#steps = steps.length === 0 ? undefined : new Sequence(steps)
    this.#steps?.arrive(Date.now())
    this.#note(0, steps)
  }

  /** @param {Step | undefined} given */
  setStanding(given) {
    const steps = given === undefined ? [] : [this.#checked(given, 'always')]
    this.#standing = steps.length === 0 ? undefined : new Repeat(steps, Infinity)
    this.#standing?.arrive(Date.now())
    this.#note(1, steps)
  }

  /** @param {'accept' | 'request' | 'body' | 'answer'} stage @param {Hit} hit @returns {Fault | undefined} */
  take(stage, hit) {
    if (this.#steps === undefined && this.#standing === undefined) return undefined
    const ask = { hit, now: Date.now(), claimed: hit.route === EARLY || this.#options.dialect.isCall(hit.route) }
    const offer = this.#steps?.peek(ask) ?? this.#standing?.peek(ask)
    if (offer === undefined || STAGES.indexOf(offer.fault.connection?.at ?? 'answer') > STAGES.indexOf(stage)) return undefined
    offer.commit()
    return offer.fault
  }

  /** @param {0 | 1} which @param {any[]} steps */
  #note(which, steps) {
    this.#given[which] = steps.flatMap(faultsOf)
    this.strikesEarly = this.#given.flat().some((fault) => (fault.connection?.at ?? 'answer') !== 'answer')
  }

  /** @param {unknown} given @param {string} where */
  #checked(given, where) {
    const checked = step(given, where)
    for (const fault of faultsOf(checked)) {
      const reason = this.#options.h2 ? notOnHttp2(fault) : notOnHttp1(fault)
      if (reason !== undefined) throw refuse(where, fault.name, reason)
      for (const kind of [fault.error?.kind, fault.stream?.error?.kind]) {
        if (kind !== undefined && !this.#options.dialect.errorKinds.includes(kind)) {
          throw refuse(where, kind, `an error of the ${this.#options.dialect.name} dialect: ${this.#options.dialect.errorKinds.join(', ')}`)
        }
      }
      if (fault.contentLength !== undefined && fault.encoding !== undefined) throw refuse(where, fault.name, 'contentLengthOff without an encoding: a compressed body is sent before its length is known')
    }
    return checked
  }
}

/** @param {any} step @returns {Fault[]} */
function faultsOf(step) {
  if (step.step === undefined) return [step]
  return step.steps === undefined ? [step.fault, ...(step.otherwise === undefined ? [] : [step.otherwise])] : step.steps.flatMap(faultsOf)
}

/** @param {Fault} fault */
function notOnHttp2({ connection, raw, framing, statusText, informational }) {
  if (informational?.some(({ status }) => status === 101)) return 'a 1xx other than 101, which HTTP/2 forbids'
  if (connection?.action === 'halfOpen') return "a fault that HTTP/2 can show; halfOpen is TCP's, use close() or hang()"
  if (connection?.at === 'request') return "at: 'accept', 'body' or 'answer'; on HTTP/2 a request has no place between the two first"
  if (raw !== undefined) return 'a fault that HTTP/2 can show; raw bytes need HTTP/1.1'
  if (framing !== undefined) return 'a fault that HTTP/2 can show; it has one framing only'
  if (statusText !== undefined) return 'no statusText: HTTP/2 has none'
  return undefined
}

/** @param {Fault} fault */
function notOnHttp1({ connection, goAway }) {
  if (goAway !== undefined) return 'h2: true; HTTP/1.1 has no GOAWAY, its like is closeAfter()'
  if (connection?.scope === 'stream' || connection?.code !== undefined) return 'h2: true; HTTP/1.1 has no streams to reset, its like is reset()'
  return undefined
}

module.exports = { Script }
