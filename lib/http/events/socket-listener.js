'use strict'

// A listener at a WebSocket.

const { Frame } = require('./frame')

/** Of RFC 6455: going away, and a policy that was not kept. */
const GOING_AWAY = 1001
const POLICY = 1008

class SocketListener {
  #feed
  #socket
  #limits
  #quiet = 0
  #stuck = 0
  #unsent = 0
  /** Of what waits, as much as it was given to begin with: nobody is too slow for that. */
  #beginning = 0
  #ended = false
  /** A ping has been answered, or none was sent. */
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
    // What went wrong is followed by the end.
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#ended = true
      feed.leave(this)
    })
  }

  /** @param {InstanceType<typeof Frame>[]} frames */
  begin (frames) {
    for (const { message, id } of frames) {
      this.#socket.send(message, { binary: false })
      this.#lastId = id
    }
    this.#beginning = this.#socket.bufferedAmount
  }

  /** @param {InstanceType<typeof Frame>} frame */
  give (frame) {
    if (this.#ended) return
    this.#lastId = frame.id
    const { bufferedAmount } = this.#socket
    if (bufferedAmount === 0) this.#beginning = 0
    if (bufferedAmount > 0 && bufferedAmount + frame.message.length > this.#limits.maxUnsent + this.#beginning) return this.#drop('unsent', `${bufferedAmount} bytes were not read`)
    this.#quiet = 0
    this.#socket.send(frame.message, { binary: false })
  }

  /** @param {number} elapsed */
  tick (elapsed) {
    const { bufferedAmount } = this.#socket
    this.#stuck = bufferedAmount > 0 && bufferedAmount >= this.#unsent ? this.#stuck + elapsed : 0
    this.#unsent = bufferedAmount
    if (this.#stuck >= this.#limits.patience) {
      if (this.#ended) return this.#socket.terminate()
      return this.#drop('stuck', `nothing was read for ${Math.round(this.#stuck)} ms`)
    }
    this.#quiet += elapsed
    if (this.#ended || this.#quiet < this.#limits.heartbeat) return
    if (!this.#alive) return this.#socket.terminate()
    this.#alive = false
    this.#quiet = 0
    this.#socket.ping()
  }

  end () {
    this.#ended = true
    this.#socket.close(GOING_AWAY, 'closed')
  }

  /** @param {'unsent' | 'stuck'} reason @param {string} message */
  #drop (reason, message) {
    this.#feed.dropped++
    this.#socket.send(new Frame('dropped', JSON.stringify({ reason, message }), this.#lastId).message, { binary: false })
    this.#stuck = 0
    this.#unsent = 0
    this.#ended = true
    this.#socket.close(POLICY, `too slow: ${reason}`)
  }
}

module.exports = { SocketListener }
