'use strict'

// A client's events for whoever follows them over HTTP. It listens to the client while somebody listens to it, and for
// KEPT after the last has left, so that who reconnects misses nothing; then it forgets.

const { EVENTS } = require('../../util/emitter')
const { CLOSING, isClosing } = require('../../util/shutdown')
const { once } = require('../../util/process-singleton')
const { Frame } = require('./frame')
const { Ring } = require('./replay-buffer')
const { dataOf } = require('./snapshot')

/** How long events are kept for listeners that come back. */
const KEPT = 30_000
/** How old a snapshot may be that another listener is given, too. What came since is sent after it. */
const FRESH = 1_000
/** Alerts that are remembered. */
const ALERTS = 50
const SLOWEST_TICK = 1_000
/** The last one is JavaScript's own. */
const FED = [...EVENTS, 'drill']

/**
 * @typedef {object} Listener
 * @property {(frames: InstanceType<typeof Frame>[]) => void} begin Called first: with what it cannot be too slow for.
 * @property {(frame: InstanceType<typeof Frame>) => void} give
 * @property {(elapsed: number) => void} tick Told of time that has passed.
 * @property {() => void} end Called once, when there will be no more.
 */

class Feed {
  #client
  /** @type {Set<Listener>} */
  #listeners = new Set()
  /** @type {InstanceType<typeof Ring> | undefined} */
  #ring
  /** @type {{ frame: InstanceType<typeof Frame>, at: number } | undefined} */
  #snapshot
  /** @type {[string, (payload: object) => void][]} */
  #handlers = []
  /** @type {NodeJS.Timeout | undefined} */
  #timer
  #interval = Infinity
  #idle = 0
  #lastId = 0
  /** @type {import('../../..').AlertPayload[]} */
  #alerts = []
  #watchesAlerts = false
  dropped = 0
  refused = 0

  /** @param {import('../../..').FailoverClient} client */
  constructor (client) {
    this.#client = client
  }

  /** The feed of a client, whoever serves it. @param {import('../../..').FailoverClient} client */
  static of (client) {
    let feed = feeds.get(client)
    if (feed === undefined) feeds.set(client, feed = new Feed(client))
    return feed
  }

  get listeners () {
    return this.#listeners.size
  }

  get alerts () {
    return this.#alerts
  }

  /** Whether it listens to the client and keeps what it hears. */
  get active () {
    return this.#ring !== undefined
  }

  /** Remembers the latest alerts from now on, also while nobody listens. */
  watchAlerts () {
    if (this.#watchesAlerts || isClosing(this.#client)) return
    this.#watchesAlerts = true
    const alerts = this.#alerts
    this.#client.on('alert', (alert) => {
      alerts.push(alert)
      if (alerts.length > ALERTS) alerts.shift()
    })
  }

  /** What a page shows at first. */
  data () {
    return dataOf(this.#client, { alerts: this.#alerts, push: { listeners: this.listeners, dropped: this.dropped, refused: this.refused } })
  }

  /**
   * Begins with what a listener has missed since an event, where all of that is here, else with how things stand.
   * @param {Listener} listener
   * @param {number | undefined} after NaN if it was asked for and is no id of ours.
   * @param {number} interval How often the listener wants to hear of the time, in milliseconds.
   */
  join (listener, after, interval) {
    const ring = this.#start(interval)
    const missed = after === undefined ? undefined : ring.after(after)
    this.#listeners.add(listener)
    this.#idle = 0
    if (missed !== undefined) return listener.begin(missed)
    const snapshot = this.#current(ring, listener)
    const reset = after === undefined ? [] : [new Frame('reset', '{"reason":"gone"}', snapshot.id)]
    listener.begin([...reset, snapshot, ...ring.after(snapshot.id) ?? []])
  }

  /** @param {Listener} listener */
  leave (listener) {
    this.#listeners.delete(listener)
  }

  /** Time has passed: told to listeners, and once nobody listens for long, all is forgotten. @param {number} elapsed */
  tick (elapsed) {
    for (const listener of [...this.#listeners]) listener.tick(elapsed)
    if (this.#listeners.size > 0) return
    this.#idle += elapsed
    if (this.#idle >= KEPT) this.#stop()
  }

  /** Nothing comes any more: listeners are told so. */
  end () {
    const frame = new Frame('closing', '{"reason":"closed"}', this.#ring?.last ?? this.#lastId)
    for (const listener of [...this.#listeners]) {
      listener.give(frame)
      listener.end()
    }
    this.#listeners.clear()
    this.#stop()
  }

  /** @param {number} interval */
  #start (interval) {
    this.#beat(Math.min(interval, SLOWEST_TICK))
    if (this.#ring !== undefined) return this.#ring
    // Ids go on where they were, and no two processes have the same: an id of before is then known to be gone.
    const ring = new Ring(Math.max(this.#lastId + 1, Date.now() * 1000))
    this.#ring = ring
    this.#handlers = FED.map((name) => [name, (payload) => {
      const frame = new Frame(name, JSON.stringify(payload), ring.last + 1)
      ring.add(frame)
      for (const listener of this.#listeners) listener.give(frame)
    }])
    for (const [name, handler] of this.#handlers) this.#client.on(/** @type {any} */ (name), handler)
    this.#client.once(/** @type {any} */ (CLOSING), this.#closing)
    return ring
  }

  #closing = () => this.end()

  /** @param {number} interval */
  #beat (interval) {
    if (interval >= this.#interval) return
    this.#interval = interval
    clearInterval(this.#timer)
    // By the interval, not by the clock: an event loop that was blocked makes no listener slow.
    this.#timer = setInterval(() => this.tick(interval), interval).unref()
  }

  #stop () {
    clearInterval(this.#timer)
    this.#interval = Infinity
    this.#snapshot = undefined
    if (this.#ring === undefined) return
    this.#lastId = this.#ring.last
    this.#ring = undefined
    for (const [name, handler] of this.#handlers) this.#client.off(/** @type {any} */ (name), handler)
    this.#client.off(/** @type {any} */ (CLOSING), this.#closing)
    this.#handlers = []
  }

  /** @param {InstanceType<typeof Ring>} ring @param {Listener} listener Who asks for it. */
  #current (ring, listener) {
    const now = performance.now()
    const known = this.#snapshot
    if (known !== undefined && now - known.at < FRESH && ring.after(known.frame.id) !== undefined) return known.frame
    try {
      const frame = new Frame('snapshot', JSON.stringify(this.data()), ring.last)
      this.#snapshot = { frame, at: now }
      return frame
    } catch (error) {
      this.leave(listener)
      throw error
    }
  }
}

const feeds = once('feeds', () => /** @type {WeakMap<object, Feed>} */ (new WeakMap()))

module.exports = { Feed, KEPT }
