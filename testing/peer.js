'use strict'

/** The TCP connection under any protocol. */
class Peer {
  requests = 0
  keepHalfOpen = false
  endedByServer = false
  /** The TLS handshake is in progress. */
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
    // libuv refuses to reset a connection that is being shut down, and Node then loses the handle: the event loop spins
    // for ever, or 'close' never comes. A failed handshake shuts down unnoticed.
    if (this.handshaking || this.upper.writableEnded || this.socket.writableEnded) this.socket.destroy()
    else if (!this.socket.destroyed) this.socket.resetAndDestroy()
  }

  /** The server closes the connection, not the client. */
  drop() {
    this.endedByServer = true
    this.reset()
  }
}

module.exports = { Peer }
