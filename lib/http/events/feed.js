'use strict'

// Distributes a client's events to HTTP listeners. It subscribes with the first listener, and unsubscribes RETENTION_MS
// after the last one left, so that a listener that reconnects misses nothing.

const { EVENTS } = require('../../util/emitter')
const { CLOSING, isClosing } = require('../../util/shutdown')
const { processSingleton } = require('../../util/process-singleton')
const { Frame } = require('./frame')
const { ReplayBuffer } = require('./replay-buffer')
const { createSnapshot } = require('./snapshot')

/** How long events are kept without a listener. */
const RETENTION_MS = 30_000
/** Snapshots younger than this are sent to further listeners, followed by the events since. */
const SNAPSHOT_REUSE_MS = 1_000
/** Alerts that are kept. */
const MAX_ALERTS = 50
const MAX_TICK_MS = 1_000
/** `drill` is emitted by JavaScript, the others by Rust. */
const EVENT_NAMES = [...EVENTS, 'drill']

/**
 * @typedef {object} Listener
 * @property {(frames: InstanceType<typeof Frame>[]) => void} start Called first. These frames never count as a backlog.
 * @property {(frame: InstanceType<typeof Frame>) => void} send
 * @property {(elapsed: number) => void} tick Called with the milliseconds since the last tick.
 * @property {() => void} end Called once, after the last frame.
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

  /** Returns the client's feed. All servers of a client share it. @param {import('../../..').FailoverClient} client */
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

  /** Whether it is subscribed to the client and keeps events. */
  get active () {
    return this.#buffer !== undefined
  }

  /** Keeps the latest alerts from now on, with or without listeners. */
  watchAlerts () {
    if (this.#watchesAlerts || isClosing(this.#client)) return
    this.#watchesAlerts = true
    const alerts = this.#alerts
    this.#client.on('alert', (alert) => {
      alerts.push(alert)
      if (alerts.length > MAX_ALERTS) alerts.shift()
    })
  }

  /** The data of a snapshot. */
  data () {
    return createSnapshot(this.#client, { alerts: this.#alerts, push: { listeners: this.listeners, dropped: this.dropped, refused: this.refused } })
  }

  /**
   * Adds a listener. It starts with the events since `after` if all of them are kept, otherwise with a snapshot.
   * @param {Listener} listener
   * @param {number | undefined} after Id of the last event received; NaN if it is not an id.
   * @param {number} interval Milliseconds between the listener's ticks.
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

  /**
   * Passes the elapsed time to listeners. Without listeners it unsubscribes after RETENTION_MS. @param {number}
   * elapsed
   */
  tick (elapsed) {
    for (const listener of [...this.#listeners]) listener.tick(elapsed)
    if (this.#listeners.size > 0) return
    this.#idleMs += elapsed
    if (this.#idleMs >= RETENTION_MS) this.#stop()
  }

  /** Ends all listeners with a `closing` event. */
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
    // Ids continue, and begin with the time in another process, so that an id of before is recognized as gone.
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
    // Counts intervals instead of reading the clock: a blocked event loop makes no listener count as slow.
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

  /**
   * @param {InstanceType<typeof ReplayBuffer>} buffer @param {Listener} listener Removed if the snapshot cannot be made.
   */
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
