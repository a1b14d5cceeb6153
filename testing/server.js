'use strict'

const net = require('node:net')
const { setImmediate } = require('node:timers/promises')
const { answer } = require('./answer')
const { certificate } = require('./tls')
const { newHit, parsed } = require('./hit')
const { Journal } = require('./journal')
const { parseOptions } = require('./options')
const { Peer } = require('./peer')
const { Script } = require('./script')
const { transport } = require('./transport')
const { Vendor } = require('./vendor')

/** @typedef {import('./index').Fault} Fault */
/** @typedef {import('./index').Hit} Hit */
/** @typedef {import('./index').HitFilter} HitFilter */
/**
 * What a connection asks of the server.
 * @typedef {object} Host
 * @property {(peer: InstanceType<typeof Peer>, httpVersion: '1.0' | '1.1' | '2.0') => Hit} hit a request begins
 * @property {(hit: Hit, method: string, path: string, headers: Record<string, string>, httpVersion: '1.0' | '1.1' | '2.0') => void} readHead
 * @property {(hit: Hit, body: Buffer) => void} readBody
 * @property {(stage: 'request' | 'body', hit: Hit) => Fault | undefined} strikeEarly
 * @property {(hit: Hit) => Fault} choose
 * @property {(fault: Fault, hit: Hit) => import('./answer').Answer} answer
 * @property {(hit: Hit, fault: Fault) => void} record
 * @property {(hit: Hit, outcome: Hit['outcome']) => void} settle
 * @property {(ms: number) => void} refuseFor
 */

/** @type {Fault} */
const WRONG_KEY = { name: 'auth', error: { kind: 'auth' } }

class FaultServer {
  #options
  #vendor
  #script
  #journal
  #certificate
  #listener
  #attach
  /** @type {Set<InstanceType<typeof Peer>>} */
  #peers = new Set()
  #connectionsSeen = 0
  /** @type {NodeJS.Timeout | undefined} */
  #revival
  /** @type {Promise<void> | undefined} */
  #closing

  /** @param {import('./index').FaultServerOptions} options */
  constructor(options) {
    this.#options = parseOptions(options)
    this.#vendor = new Vendor(this.#options)
    this.#script = new Script(this.#options)
    this.#journal = new Journal(this.#options.historySize)
    this.#certificate = certificate(this.#options.tls)
    this.#attach = transport(this.#options, this.#certificate, this.#host())
    this.#listener = net.createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket))
    this.ready = this.#listen(this.#options.port)
    const address = /** @type {import('node:net').AddressInfo | null} */ (this.#listener.address())
    this.port = address === null ? this.#options.port : address.port
    this.origin = `${this.#certificate === undefined ? 'http' : 'https'}://127.0.0.1:${this.port}`
    this.url = this.origin + (this.#options.basePath ?? '')
    this.ca = this.#certificate?.ca
  }

  get connections() {
    return this.#peers.size
  }

  get totalHits() {
    return this.#journal.total
  }

  /** @param {...import('./index').Step} steps */
  script(...steps) {
    this.#script.set(steps)
    return this
  }

  /** @param {import('./index').Step} [step] */
  always(step) {
    this.#script.setStanding(step)
    return this
  }

  /** @param {HitFilter} [filter] */
  hits(filter) {
    return this.#journal.list(filter)
  }

  clearHits() {
    this.#journal.clear()
  }

  /** @param {number} n @param {HitFilter} [filter] */
  waitForHits(n, filter) {
    return this.#journal.waitFor(n, filter)
  }

  dropConnections() {
    for (const peer of this.#peers) peer.drop()
  }

  stop() {
    clearTimeout(this.#revival)
    this.#listener.close()
    this.dropConnections()
  }

  start() {
    if (this.#closing !== undefined) return Promise.reject(new Error('the fault server is closed'))
    clearTimeout(this.#revival)
    return this.#listener.listening ? Promise.resolve() : this.#listen(this.port)
  }

  close() {
    this.#closing ??= this.#shutDown()
    return this.#closing
  }

  [Symbol.asyncDispose]() {
    return this.close()
  }

  async #shutDown() {
    const gone = [...this.#peers].map(({ socket }) => new Promise((resolve) => { socket.once('close', resolve) }))
    this.stop()
    this.#journal.abandon(new Error('the fault server was closed'))
    await Promise.all(gone)
    // A client in this process notices in the next turn. Until then it would send on the dead connection, possibly to
    // another server on this port.
    await setImmediate()
  }

  /**
   * Without a host, `listen` binds before it returns, so that the port is known at once; with one it resolves the name
   * first. This opens a socket on every interface: #accept refuses connections from other machines.
   * @param {number} port
   * @returns {Promise<void>}
   */
  #listen(port) {
    return new Promise((resolve, reject) => {
      this.#listener.once('error', reject)
      this.#listener.once('listening', () => {
        this.#listener.off('error', reject)
        resolve()
      })
      // `exclusive`: a cluster worker also binds by itself and at once.
      this.#listener.listen({ port, exclusive: true })
    })
  }

  /** @param {net.Socket} socket */
  #accept(socket) {
    if (!isLoopback(socket.remoteAddress)) return socket.destroy()
    const peer = new Peer(socket, ++this.#connectionsSeen)
    this.#peers.add(peer)
    socket.once('close', () => this.#peers.delete(peer))
    const hit = this.#script.strikesEarly ? newHit(peer, '1.1') : undefined
    const fault = hit && this.#script.take('accept', hit)
    if (fault?.connection === undefined) return this.#attach(socket, peer)
    const struck = /** @type {Hit} */ (hit)
    peer.requests++
    struck.requestOnConnection = 1
    this.#record(struck, fault)
    switch (fault.connection.action) {
      case 'hang':
        socket.once('close', () => this.#settle(struck, peer.endedByServer ? 'serverClosed' : 'clientAborted'))
        return
      case 'refuse':
        this.#settle(struck, 'cut')
        return this.#refuseFor(/** @type {number} */ (fault.connection.for))
      case 'reset':
        this.#settle(struck, 'cut')
        return peer.reset()
      default:
        this.#settle(struck, 'cut')
        socket.destroy()
    }
  }

  /** @returns {Host} */
  #host() {
    const [vendor, script] = [this.#vendor, this.#script]
    return {
      hit: (peer, httpVersion) => {
        const hit = newHit(peer, httpVersion)
        hit.requestOnConnection = ++peer.requests
        return hit
      },
      readHead: (hit, method, path, headers, httpVersion) => {
        hit.method = method
        hit.path = path
        hit.headers = headers
        hit.httpVersion = httpVersion
        hit.route = vendor.route(path)
        hit.model = vendor.dialect.asked(hit).model
      },
      readBody: (hit, body) => {
        hit.rawBody = body
        hit.body = parsed(body)
        Object.assign(hit, vendor.dialect.asked(hit))
      },
      strikeEarly: (stage, hit) => (script.strikesEarly ? script.take(stage, hit) : undefined),
      choose: (hit) => (vendor.admits(hit) ? script.take('answer', hit) ?? script.healthy : WRONG_KEY),
      answer: (fault, hit) => answer(fault, hit, vendor, Date.now()),
      record: (hit, fault) => this.#record(hit, fault),
      settle: (hit, outcome) => this.#settle(hit, outcome),
      refuseFor: (ms) => this.#refuseFor(ms),
    }
  }

  /** @param {Hit} hit @param {Fault} fault */
  #record(hit, fault) {
    hit.fault = fault.name ?? 'healthy'
    this.#journal.add(hit)
  }

  /** @param {Hit} hit @param {Hit['outcome']} outcome */
  #settle(hit, outcome) {
    if (hit.outcome !== 'pending') return
    hit.outcome = outcome
    hit.durationMs = Date.now() - hit.at
    this.#journal.changed()
  }

  /** @param {number} ms */
  #refuseFor(ms) {
    this.stop()
    if (this.#closing === undefined) this.#revival = setTimeout(() => { void this.start() }, ms)
  }
}

/** @param {string | undefined} address */
function isLoopback(address) {
  return address !== undefined && (address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.'))
}

module.exports = { FaultServer }
