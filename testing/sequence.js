'use strict'

// Runs a script. `peek` returns what a node would serve; `commit` uses it up once the connection acts on it. Faults
// that strike early (at accept, or before a request is read) are peeked at before the request is known.

const { matches } = require('./match')
const { randomFrom } = require('./random')

/** @typedef {import('./index').Fault} Fault */
/** @typedef {import('./index').Hit} Hit */
/** @typedef {{ fault: Fault, commit: () => void }} Offer */
/** @typedef {{ hit: Hit, now: number, claimed: boolean }} Ask `claimed`: it asks for a completion, is not yet read, or a rule on its path let it in */
/** @typedef {{ arrive(now: number): void, peek(ask: Ask): Offer | undefined, over(now: number): boolean, rewind(): void }} Node */

/** A fault: serves one request. @implements {Node} */
class Once {
  #used = false
  #fault
  /** @param {Fault} fault */
  constructor(fault) {
    this.#fault = fault
  }
  arrive() {}
  /** @param {Ask} ask @returns {Offer | undefined} */
  peek({ claimed }) {
    if (!claimed) return undefined
    return { fault: this.#fault, commit: () => { this.#used = true } }
  }
  over() {
    return this.#used
  }
  rewind() {
    this.#used = false
  }
}

/** Steps in order; a request takes the first one left that applies to it. @implements {Node} */
class Sequence {
  #nodes
  /** @param {any[]} steps */
  constructor(steps) {
    this.#nodes = steps.map(compile)
  }
  /** @param {number} now */
  arrive(now) {
    for (const node of this.#nodes) {
      if (node.over(now)) continue
      node.arrive(now)
      return
    }
  }
  /** @param {Ask} ask @returns {Offer | undefined} */
  peek(ask) {
    for (const node of this.#nodes) {
      if (node.over(ask.now)) continue
      node.arrive(ask.now)
      const offer = node.peek(ask)
      if (offer !== undefined) return { fault: offer.fault, commit: () => { offer.commit(); this.arrive(ask.now) } }
    }
    return undefined
  }
  /** @param {number} now */
  over(now) {
    return this.#nodes.every((node) => node.over(now))
  }
  rewind() {
    for (const node of this.#nodes) node.rewind()
  }
}

/** The same steps again and again. @implements {Node} */
class Repeat {
  #steps
  #times
  #left
  /** @param {any[]} steps @param {number} times */
  constructor(steps, times) {
    this.#steps = new Sequence(steps)
    this.#times = this.#left = times
  }
  /** @param {number} now */
  arrive(now) {
    this.#steps.arrive(now)
  }
  /** @param {Ask} ask @returns {Offer | undefined} */
  peek(ask) {
    const offer = this.#steps.peek(ask)
    return offer && { fault: offer.fault, commit: () => { offer.commit(); this.#endRound(ask.now) } }
  }
  /** @param {number} now */
  over(now) {
    this.#endRound(now)
    return this.#left <= 0
  }
  rewind() {
    this.#left = this.#times
    this.#steps.rewind()
  }
  /** @param {number} now */
  #endRound(now) {
    if (this.#left <= 0 || !this.#steps.over(now)) return
    this.#left--
    this.#steps.rewind()
    this.#steps.arrive(now)
  }
}

/** The same steps again and again until a time has passed since the script reached them. @implements {Node} */
class Until {
  #steps
  #time
  #end = Infinity
  /** @param {any[]} steps @param {number} time */
  constructor(steps, time) {
    this.#steps = new Repeat(steps, Infinity)
    this.#time = time
  }
  /** @param {number} now */
  arrive(now) {
    if (this.#end === Infinity) this.#end = now + this.#time
    this.#steps.arrive(now)
  }
  /** @param {Ask} ask */
  peek(ask) {
    return this.#steps.peek(ask)
  }
  /** @param {number} now */
  over(now) {
    return now >= this.#end
  }
  rewind() {
    this.#end = Infinity
    this.#steps.rewind()
  }
}

/** Steps for some requests only; the others pass by and leave them in place. @implements {Node} */
class When {
  #steps
  #filter
  #onPath
  /** @param {any[]} steps @param {import('./index').HitFilter} filter */
  constructor(steps, filter) {
    this.#steps = new Sequence(steps)
    this.#filter = filter
    this.#onPath = typeof filter !== 'function' && filter.path !== undefined
  }
  /** @param {number} now */
  arrive(now) {
    this.#steps.arrive(now)
  }
  /** @param {Ask} ask */
  peek(ask) {
    return matches(this.#filter, ask.hit) ? this.#steps.peek(this.#onPath ? { ...ask, claimed: true } : ask) : undefined
  }
  /** @param {number} now */
  over(now) {
    return this.#steps.over(now)
  }
  rewind() {
    this.#steps.rewind()
  }
}

/** One of two faults by a seeded draw; serves one request. @implements {Node} */
class Percent {
  #once
  #other
  #share
  #random
  /** @type {Once | undefined} */
  #drawn
  #used = false
  /** @param {{ percent: number, seed: number, fault: Fault, otherwise?: Fault }} step */
  constructor({ percent, seed, fault, otherwise = { name: 'healthy' } }) {
    this.#once = new Once(fault)
    this.#other = new Once(otherwise)
    this.#share = percent / 100
    this.#random = randomFrom(seed)
  }
  arrive() {}
  /** @param {Ask} ask @returns {Offer | undefined} */
  peek(ask) {
    this.#drawn ??= this.#random() < this.#share ? this.#once : this.#other
    const offer = this.#drawn.peek(ask)
    return offer && { fault: offer.fault, commit: () => { this.#used = true } }
  }
  over() {
    return this.#used
  }
  rewind() {
    this.#used = false
    this.#drawn = undefined
  }
}

/** A fault for a while, healthy for a while, and so on without end. @implements {Node} */
class Flap {
  #down
  #up
  #once
  #start = -1
  #other = new Once({ name: 'healthy' })
  /** @param {{ fault: Fault, down: number, up: number }} step */
  constructor({ fault, down, up }) {
    this.#once = new Once(fault)
    this.#down = down
    this.#up = up
  }
  /** @param {number} now */
  arrive(now) {
    if (this.#start === -1) this.#start = now
  }
  /** @param {Ask} ask @returns {Offer | undefined} */
  peek(ask) {
    const isDown = (ask.now - this.#start) % (this.#down + this.#up) < this.#down
    const offer = (isDown ? this.#once : this.#other).peek(ask)
    return offer && { fault: offer.fault, commit() {} }
  }
  over() {
    return false
  }
  rewind() {
    this.#start = -1
  }
}

/** @param {any} step @returns {Node} */
function compile(step) {
  switch (step.step) {
    case 'repeat': return new Repeat(step.steps, step.times)
    case 'forever': return new Repeat(step.steps, Infinity)
    case 'until': return new Until(step.steps, step.time)
    case 'when': return new When(step.steps, step.filter)
    case 'percent': return new Percent(step)
    case 'flap': return new Flap(step)
    default: return new Once(step)
  }
}

module.exports = { Repeat, Sequence }
