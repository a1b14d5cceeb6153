'use strict'

/** The TCP connection under whatever is spoken on it. */
class Peer {
  requests = 0
  keepHalfOpen = false
  endedByServer = false
  /** TLS is at its handshake. */
  handshaking = false
  id
  socket
  /** The TLS socket over it, or itself. */
  upper

  /** @param {import('node:net').Socket} socket @param {number} id counts from 1 */
  constructor(socket, id) {
    this.socket = this.upper = socket
    this.id = id
    // A reset by the client is an everyday event here; 'close' follows it.
    socket.on('error', () => {})
  }

  /** RST, even under TLS: the client learns nothing but that the connection is gone. */
  reset() {
    // libuv refuses to reset a connection that is being shut down, and Node then loses the handle: the event loop spins forever,
    // or 'close' never comes. A failed handshake shuts down without anybody seeing it.
    if (this.handshaking || this.upper.writableEnded || this.socket.writableEnded) this.socket.destroy()
    else if (!this.socket.destroyed) this.socket.resetAndDestroy()
  }

  /** The server goes away, as opposed to the client. */
  drop() {
    this.endedByServer = true
    this.reset()
  }
}

module.exports = { Peer }
