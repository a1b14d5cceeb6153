'use strict'

const tls = require('node:tls')
const { Http1Connection } = require('./h1/connection')
const { createHttp2Server, Http2Connection } = require('./h2')

/** @typedef {InstanceType<typeof import('./peer').Peer>} Peer */
/** @typedef {(socket: import('node:net').Socket, peer: Peer) => void} Attach puts a protocol on an accepted TCP connection */

/**
 * One listener accepts for every protocol, so that TCP faults work alike under all of them, and passes the connection
 * on.
 * @param {{ h2: boolean | { maxConcurrentStreams?: number } }} options
 * @param {{ key: string | Buffer, cert: string | Buffer } | undefined} certificate
 * @param {import('./server').Host} host
 * @returns {Attach}
 */
function transport({ h2 }, certificate, host) {
  /**
   * TLS and HTTP/2 servers report a socket of their own; the client's port identifies the peer. @type {Map<number |
   * undefined, Peer>}
   */
  const peers = new Map()
  /** @param {{ remotePort?: number, destroy(): void }} socket @param {(peer: Peer) => void} use */
  const withPeer = (socket, use) => {
    const peer = peers.get(socket.remotePort)
    // A client may be gone by the time its handshake is reported.
    if (peer === undefined) socket.destroy()
    else use(peer)
  }
  /** @type {Attach} */
  let handOn

  if (h2) {
    const server = createHttp2Server(h2 === true ? {} : h2, certificate)
    server.on('secureConnection', (socket) => withPeer(socket, (peer) => { secured(peer, socket) }))
    server.on('session', (session) => withPeer({ remotePort: session.socket?.remotePort, destroy: () => session.destroy() }, (peer) => { new Http2Connection(session, peer, host) }))
    handOn = (socket) => { server.emit('connection', socket) }
  } else if (certificate !== undefined) {
    const server = tls.createServer({ key: certificate.key, cert: certificate.cert, ALPNProtocols: ['http/1.1'], allowHalfOpen: true })
    server.on('secureConnection', (socket) => withPeer(socket, (peer) => {
      secured(peer, socket)
      new Http1Connection(socket, peer, host)
    }))
    handOn = (socket) => { server.emit('connection', socket) }
  } else {
    return (socket, peer) => { new Http1Connection(socket, peer, host) }
  }
  return (socket, peer) => {
    const port = socket.remotePort
    // Only Http1Connection handles a half-open end; TLS in its handshake and HTTP/2 would leave the connection open for
    // good.
    socket.allowHalfOpen = false
    peer.handshaking = certificate !== undefined
    peers.set(port, peer)
    socket.once('close', () => { if (peers.get(port) === peer) peers.delete(port) })
    handOn(socket, peer)
  }
}

/** @param {Peer} peer @param {import('node:tls').TLSSocket} socket */
function secured(peer, socket) {
  peer.handshaking = false
  peer.upper = socket
}

module.exports = { transport }
