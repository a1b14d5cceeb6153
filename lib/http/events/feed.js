'use strict'

// A client's events for whoever follows them over HTTP. It listens to the client while somebody listens to it, and for
// KEPT after the last has left, so that who reconnects misses nothing; then it forgets.

const { EVENTS } = require('../../util/emitter')
const { CLOSING, isClosing } = require('../../util/shutdown')
const { processSingleton } = require('../../util/process-singleton')
const { Frame } = require('./frame')
const { ReplayBuffer } = require('./replay-buffer')
const { createSnapshot } = require('./snapshot')

/** How long events are kept for listeners that come back. */
const RETENTION_MS = 30_000
/** How old a snapshot may be that another listener is given, too. What came since is sent after it. */
const SNAPSHOT_REUSE_MS = 1_000
/** Alerts that are remembered. */
const MAX_ALERTS = 50
const MAX_TICK_MS = 1_000
/** The last one is JavaScript's own. */
const EVENT_NAMES = [...EVENTS, 'drill']

/**
 * @typedef {object} Listener
 * @property {(frames: InstanceType<typeof Frame>[]) => void} start Called first: with what it cannot be too slow for.
 * @property {(frame: InstanceType<typeof Frame>) => void} send
 * @property {(elapsed: number) => void} tick Told of time that has passed.
 * @property {() => void} end Called once, when there will be no more.
 */

class Feed {
  #client
  /** @type {Set<Listener>} */
  #listeners = new Set()
  /** @type {InstanceType<typeof ReplayBuffer> | undefined} */
  #buffer
  /** @type {{ frame: InstanceType<typeof Frame>, at: number } | undefined} */
  #snapshot
  /** @type {[string, (payload: object) => void][]} */
  #handlers = []
  /** @type {NodeJS.Timeout | undefined} */
  #timer
  #interval = Infinity
  #idleMs = 0
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
    return this.#buffer !== undefined
  }

  /** Remembers the latest alerts from now on, also while nobody listens. */
  watchAlerts () {
    if (this.#watchesAlerts || isClosing(this.#client)) return
    this.#watchesAlerts = true
    const alerts = this.#alerts
    this.#client.on('alert', (alert) => {
      alerts.push(alert)
      if (alerts.length > MAX_ALERTS) alerts.shift()
    })
  }

  /** What a page shows at first. */
  data () {
    return createSnapshot(this.#client, { alerts: this.#alerts, push: { listeners: this.listeners, dropped: this.dropped, refused: this.refused } })
  }

  /**
   * Begins with what a listener has missed since an event, where all of that is here, else with how things stand.
   * @param {Listener} listener
   * @param {number | undefined} after NaN if it was asked for and is no id of ours.
   * @param {number} interval How often the listener wants to hear of the time, in milliseconds.
   */
  join (listener, after, interval) {
    const buffer = this.#start(interval)
    const missed = after === undefined ? undefined : buffer.after(after)
    this.#listeners.add(listener)
    this.#idleMs = 0
    if (missed !== undefined) return listener.start(missed)
    const snapshot = this.#currentSnapshot(buffer, listener)
    const reset = after === undefined ? [] : [new Frame('reset', '{"reason":"gone"}', snapshot.id)]
    listener.start([...reset, snapshot, ...buffer.after(snapshot.id) ?? []])
  }

  /** @param {Listener} listener */
  leave (listener) {
    this.#listeners.delete(listener)
  }

  /** Time has passed: told to listeners, and once nobody listens for long, all is forgotten. @param {number} elapsed */
  tick (elapsed) {
    for (const listener of [...this.#listeners]) listener.tick(elapsed)
    if (this.#listeners.size > 0) return
    this.#idleMs += elapsed
    if (this.#idleMs >= RETENTION_MS) this.#stop()
  }

  /** Nothing comes any more: listeners are told so. */
  end () {
    const frame = new Frame('closing', '{"reason":"closed"}', this.#buffer?.last ?? this.#lastId)
    for (const listener of [...this.#listeners]) {
      listener.send(frame)
      listener.end()
    }
    this.#listeners.clear()
    this.#stop()
  }

  /** @param {number} interval */
  #start (interval) {
    this.#startTimer(Math.min(interval, MAX_TICK_MS))
    if (this.#buffer !== undefined) return this.#buffer
    // Ids go on where they were, and no two processes have the same: an id of before is then known to be gone.
    const buffer = new ReplayBuffer(Math.max(this.#lastId + 1, Date.now() * 1000))
    this.#buffer = buffer
    this.#handlers = EVENT_NAMES.map((name) => [name, (payload) => {
      const frame = new Frame(name, JSON.stringify(payload), buffer.last + 1)
      buffer.add(frame)
      for (const listener of this.#listeners) listener.send(frame)
    }])
    for (const [name, handler] of this.#handlers) this.#client.on(/** @type {any} */ (name), handler)
    this.#client.once(/** @type {any} */ (CLOSING), this.#closing)
    return buffer
  }

  #closing = () => this.end()

  /** @param {number} interval */
  #startTimer (interval) {
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
    if (this.#buffer === undefined) return
    this.#lastId = this.#buffer.last
    this.#buffer = undefined
    for (const [name, handler] of this.#handlers) this.#client.off(/** @type {any} */ (name), handler)
    this.#client.off(/** @type {any} */ (CLOSING), this.#closing)
    this.#handlers = []
  }

  /** @param {InstanceType<typeof ReplayBuffer>} buffer @param {Listener} listener Who asks for it. */
  #currentSnapshot (buffer, listener) {
    const now = performance.now()
    const known = this.#snapshot
    if (known !== undefined && now - known.at < SNAPSHOT_REUSE_MS && buffer.after(known.frame.id) !== undefined) return known.frame
    try {
      const frame = new Frame('snapshot', JSON.stringify(this.data()), buffer.last)
      this.#snapshot = { frame, at: now }
      return frame
    } catch (error) {
      this.leave(listener)
      throw error
    }
  }
}

const feeds = processSingleton('feeds', () => /** @type {WeakMap<object, Feed>} */ (new WeakMap()))

module.exports = { Feed, RETENTION_MS }
