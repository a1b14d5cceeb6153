'use strict'

// Implements `client.queue`. Rust owns the file and the thread that uses it.

const bridge = require('../native/bridge')
const duration = require('../util/duration')
const { classes: { ClientClosedError }, clientClosedError, errorFromNative, configError } = require('../util/errors')
const { readOptions } = require('../config/arguments')
const { describe, quote } = require('../util/serialize-options')
const { withReport } = require('../call/report')

const STATES = ['queued', 'delivering', 'delivered', 'failed', 'dead', 'expired']
/** Jobs that `list` returns by default. */
const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

class DurableQueue {
  #native
  /** A pending operation keeps the client alive. */
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
    return this.#invoke((slot) => this.#native.queueReady(slot), () => undefined)
  }

  /** @param {string} id */
  async result (id) {
    const { completion, error } = await this.#invoke((slot) => this.#native.queueResult(slot, readJobId(id, 'id')), readOutcome)
    if (error !== undefined) throw error
    return completion
  }

  /** @param {{ state?: string, limit?: number, after?: string }} [options] @returns {Promise<any[]>} */
  async list (options) {
    const given = readOptions(options, ['state', 'limit', 'after'], 'options')
    const { limit = DEFAULT_LIMIT } = given
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
      throw configError([{ path: 'options.limit', message: `must be a whole number from 1 to ${MAX_LIMIT}, got ${quote(limit)}` }])
    }
    const after = given.after === undefined ? undefined : readJobId(given.after, 'options.after')
    return this.#invoke((slot) => this.#native.queueList(slot, readState(given.state, STATES), limit, after), JSON.parse)
  }

  /** @param {string} id */
  async show (id) {
    return this.#invoke((slot) => this.#native.queueShow(slot, readJobId(id, 'id')), JSON.parse)
  }

  /** @param {string} id @returns {Promise<boolean>} */
  async retry (id) {
    return this.#invoke((slot) => this.#native.queueRetry(slot, readJobId(id, 'id')), JSON.parse)
  }

  /** @param {{ state?: string, olderThan?: number | string }} [options] @returns {Promise<number>} */
  async purge (options) {
    const given = readOptions(options, ['state', 'olderThan'], 'options')
    const age = duration.parseDuration(given.olderThan, 'options.olderThan', 0)
    // A job that is being delivered may already be billed.
    const state = readState(given.state, STATES.filter((name) => name !== 'delivering'))
    return this.#invoke((slot) => this.#native.queuePurge(slot, state, age), JSON.parse)
  }

  async * [Symbol.asyncIterator] () {
    let position = 0
    while (true) {
      const from = position
      let next
      try {
        next = await this.#invoke((slot) => this.#native.queueNext(slot, from), readOutcome)
      } catch (error) {
        // The client was closed: no more outcomes follow.
        if (ClientClosedError.isInstance(error)) return
        throw error
      }
      position = next.position
      const { id, status, completion, error } = next
      yield error === undefined ? { id, status, completion } : { id, status, error }
    }
  }

  /** @param {(slot: number) => void} start @param {(body: string) => any} decode */
  async #invoke (start, decode) {
    const kept = this.#client
    const answer = await bridge.startOperation(start, decode, clientClosedError)
    return kept === undefined ? undefined : answer
  }
}

/** Reads the outcome of a job. @param {string} json */
function readOutcome (json) {
  const { id, status, place: position, body, report, error } = JSON.parse(json)
  if (error !== undefined) return { id, status, position, error: errorFromNative(error) }
  return { id, status, position, completion: withReport(JSON.parse(body), report) }
}

/** @param {unknown} value @param {string} path */
function readJobId (value, path) {
  if (typeof value === 'string' && value !== '') return value
  throw configError([{ path, message: `must be a job's id, got ${value === '' ? 'an empty string' : describe(value)}` }])
}

/** @param {unknown} value @param {string[]} accepted @returns {string | undefined} */
function readState (value, accepted) {
  if (value === undefined) return undefined
  if (typeof value === 'string' && accepted.includes(value)) return value
  throw configError([{ path: 'options.state', message: `must be one of ${accepted.map((name) => `'${name}'`).join(', ')}, got ${quote(value)}` }])
}

module.exports = { DurableQueue }
