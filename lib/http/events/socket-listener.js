'use strict'

// Sends events to a WebSocket.

const { Frame } = require('./frame')

/** Close codes of RFC 6455. */
const GOING_AWAY = 1001
const POLICY_VIOLATION = 1008

class SocketListener {
  #feed
  #socket
  #limits
  #idleMs = 0
  #stalledMs = 0
  #unsent = 0
  /** Bytes of the backlog that were sent at the start: they do not count against `maxUnsent`. */
  #initialBytes = 0
  #isEnding = false
  /** False while a ping is not answered. */
  #alive = true
  #lastId = 0

  /**
   * @param {InstanceType<typeof import('./feed').Feed>} feed
   * @param {any} socket
   * @param {import('../options').Push} limits
   */
  constructor (feed, socket, limits) {
    this.#feed = feed
    this.#socket = socket
    this.#limits = limits
    socket.on('pong', () => { this.#alive = true })
    // 'close' follows.
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#isEnding = true
      feed.leave(this)
    })
  }

  /** @param {InstanceType<typeof Frame>[]} frames */
  start (frames) {
    for (const { message, id } of frames) {
      this.#socket.send(message, { binary: false })
      this.#lastId = id
    }
    this.#initialBytes = this.#socket.bufferedAmount
  }

  /** @param {InstanceType<typeof Frame>} frame */
  send (frame) {
    if (this.#isEnding) return
    this.#lastId = frame.id
    const { bufferedAmount } = this.#socket
    if (bufferedAmount === 0) this.#initialBytes = 0
    if (bufferedAmount > 0 && bufferedAmount + frame.message.length > this.#limits.maxUnsent + this.#initialBytes) return this.#drop('unsent', `${bufferedAmount} bytes were not read`)
    this.#idleMs = 0
    this.#socket.send(frame.message, { binary: false })
  }

  /** @param {number} elapsed */
  tick (elapsed) {
    const { bufferedAmount } = this.#socket
    this.#stalledMs = bufferedAmount > 0 && bufferedAmount >= this.#unsent ? this.#stalledMs + elapsed : 0
    this.#unsent = bufferedAmount
    if (this.#stalledMs >= this.#limits.patience) {
      if (this.#isEnding) return this.#socket.terminate()
      return this.#drop('stuck', `nothing was read for ${Math.round(this.#stalledMs)} ms`)
    }
    this.#idleMs += elapsed
    if (this.#isEnding || this.#idleMs < this.#limits.heartbeat) return
    if (!this.#alive) return this.#socket.terminate()
    this.#alive = false
    this.#idleMs = 0
    this.#socket.ping()
  }

  end () {
    this.#isEnding = true
    this.#socket.close(GOING_AWAY, 'closed')
  }

  /** @param {'unsent' | 'stuck'} reason @param {string} message */
  #drop (reason, message) {
    this.#feed.dropped++
    this.#socket.send(new Frame('dropped', JSON.stringify({ reason, message }), this.#lastId).message, { binary: false })
    this.#stalledMs = 0
    this.#unsent = 0
    this.#isEnding = true
    this.#socket.close(POLICY_VIOLATION, `too slow: ${reason}`)
  }
}

module.exports = { SocketListener }
