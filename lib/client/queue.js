'use strict'

// The client's durable queue, as people ask it. The file and its thread are Rust's.

const hub = require('../native/bridge')
const duration = require('../util/duration')
const { classes: { ClientClosedError }, closed, fromWire, ofProblems } = require('../util/errors')
const { read } = require('../config/options')
const { what, shown } = require('../util/serialize-options')
const { withReport } = require('../call/report')

const STATES = ['queued', 'delivering', 'delivered', 'failed', 'dead', 'expired']
/** Jobs of a list. */
const MANY = 100
const MOST = 1000

class DurableQueue {
  #native
  /** A queue that is in use keeps its client. */
  #client

  /** @param {object} client @param {import('../../native').NativeClient} native */
  constructor (client, native) {
    this.#client = client
    this.#native = native
  }

  get size () {
    return this.#native.queueSize()
  }

  /** @returns {Promise<void>} */
  async ready () {
    return this.#ask((slot) => this.#native.queueReady(slot), () => undefined)
  }

  /** @param {string} id */
  async result (id) {
    const { completion, error } = await this.#ask((slot) => this.#native.queueResult(slot, text(id, 'id')), done)
    if (error !== undefined) throw error
    return completion
  }

  /** @param {{ state?: string, limit?: number, after?: string }} [options] @returns {Promise<any[]>} */
  async list (options) {
    const given = read(options, ['state', 'limit', 'after'], 'options')
    const { limit = MANY } = given
    if (!Number.isInteger(limit) || limit < 1 || limit > MOST) {
      throw ofProblems([{ path: 'options.limit', message: `must be a whole number from 1 to ${MOST}, got ${shown(limit)}` }])
    }
    const after = given.after === undefined ? undefined : text(given.after, 'options.after')
    return this.#ask((slot) => this.#native.queueList(slot, stateOf(given.state, STATES), limit, after), JSON.parse)
  }

  /** @param {string} id */
  async show (id) {
    return this.#ask((slot) => this.#native.queueShow(slot, text(id, 'id')), JSON.parse)
  }

  /** @param {string} id @returns {Promise<boolean>} */
  async retry (id) {
    return this.#ask((slot) => this.#native.queueRetry(slot, text(id, 'id')), JSON.parse)
  }

  /** @param {{ state?: string, olderThan?: number | string }} [options] @returns {Promise<number>} */
  async purge (options) {
    const given = read(options, ['state', 'olderThan'], 'options')
    const age = duration.ms(given.olderThan, 'options.olderThan', 0)
    // What is being delivered is a vendor's already.
    const state = stateOf(given.state, STATES.filter((name) => name !== 'delivering'))
    return this.#ask((slot) => this.#native.queuePurge(slot, state, age), JSON.parse)
  }

  async * [Symbol.asyncIterator] () {
    let place = 0
    while (true) {
      const from = place
      let next
      try {
        next = await this.#ask((slot) => this.#native.queueNext(slot, from), done)
      } catch (error) {
        // Nothing ends any more.
        if (ClientClosedError.isInstance(error)) return
        throw error
      }
      place = next.place
      const { id, status, completion, error } = next
      yield error === undefined ? { id, status, completion } : { id, status, error }
    }
  }

  /** @param {(slot: number) => void} start @param {(body: string) => any} read */
  async #ask (start, read) {
    const kept = this.#client
    const answer = await hub.ask(start, read, closed)
    return kept === undefined ? undefined : answer
  }
}

/** What became of a job. @param {string} json */
function done (json) {
  const { id, status, place, body, report, error } = JSON.parse(json)
  if (error !== undefined) return { id, status, place, error: fromWire(error) }
  return { id, status, place, completion: withReport(JSON.parse(body), report) }
}

/** @param {unknown} value @param {string} path */
function text (value, path) {
  if (typeof value === 'string' && value !== '') return value
  throw ofProblems([{ path, message: `must be a job's id, got ${value === '' ? 'an empty string' : what(value)}` }])
}

/** @param {unknown} value @param {string[]} accepted @returns {string | undefined} */
function stateOf (value, accepted) {
  if (value === undefined) return undefined
  if (typeof value === 'string' && accepted.includes(value)) return value
  throw ofProblems([{ path: 'options.state', message: `must be one of ${accepted.map((name) => `'${name}'`).join(', ')}, got ${shown(value)}` }])
}

module.exports = { DurableQueue }
