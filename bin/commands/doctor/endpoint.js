'use strict'

// The way to an endpoint, step by step, and what it says to a question that costs nothing. Only the last step has the key,
// and is the client's own.

const net = require('node:net')
const tls = require('node:tls')
const { names, reached, trusted, clock } = require('./steps')
const { tunnel } = require('./proxy-routes')
const { within, LATE } = require('./timeout')

/** @typedef {import('../doctor').Finding} Finding */
/** @typedef {import('./steps').Tell} Tell */

/**
 * @param {import('../../..').FailoverClient} client
 * @param {string} name
 * @param {string} url
 * @param {import('./proxy-routes').Way} way
 * @param {number} timeout
 * @returns {Promise<any[]>}
 */
async function endpoint (client, name, url, way, timeout) {
  const until = performance.now() + timeout
  const left = () => Math.max(1, until - performance.now())
  /** @type {Finding[]} */
  const findings = []
  /** @type {Tell} */
  const tell = (step, status, message, advice = '') => {
    findings.push({ check: `${name}: ${step}`, status, message, ...(advice === '' ? {} : { advice }) })
    return status !== 'fail'
  }
  const { hostname, protocol, port } = new URL(url)
  const secure = protocol === 'https:'
  const to = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (secure ? 443 : 80)), secure }
  await (way.proxy === undefined ? straight(to, way, left, tell) : hidden(to, way, left, tell))
  await accepted(client, name, left(), tell)
  return findings
}

/** @typedef {{ host: string, port: number, secure: boolean }} To */

/** @param {To} to @param {import('./proxy-routes').Way} way @param {() => number} left @param {Tell} tell */
async function straight ({ host, port, secure }, way, left, tell) {
  if (!await names(host, left(), tell)) return
  if (!await reached(host, port, left(), tell)) return
  if (secure) await trusted({ port }, way, host, left(), tell)
  await clock(secure, { host, port, ...serverName(host) }, left(), tell)
}

/**
 * Behind a proxy, which finds the host itself.
 * @param {To} to @param {import('./proxy-routes').Way} way @param {() => number} left @param {Tell} tell
 */
async function hidden ({ host, port, secure }, way, left, tell) {
  const proxy = /** @type {import('./proxy-routes').Hop} */ (way.proxy)
  const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`
  if (!await names(proxy.host, left(), tell, 'DNS of the proxy')) return
  if (!await reached(proxy.host, proxy.port, left(), tell, 'TCP to the proxy')) return
  // A plain request is told to the proxy whole; if that one takes TLS alone, the client's own question must do.
  if (!secure) {
    if (!proxy.secure) await clock(false, { host: proxy.host, port: proxy.port, path: `http://${authority}/`, headers: { host: authority, ...proxy.headers } }, left(), tell)
    return
  }
  // TLS within a socket does not end it.
  /** @type {net.Socket[]} */
  const sockets = []
  const through = async () => {
    const socket = await tunnel(way, authority, left())
    sockets.push(socket)
    return socket
  }
  try {
    await trusted({ socket: await through() }, way, host, left(), tell)
    const socket = tls.connect({ socket: await through(), rejectUnauthorized: false, ...serverName(host) }).on('error', () => {})
    await clock(true, { host, port, createConnection: () => socket }, left(), tell)
  } catch (/** @type {any} */ error) {
    const advice = [401, 407].includes(error.statusCode) ? 'check the name and password in the proxy\'s address' : 'ask those who run the proxy whether it may reach this host and port'
    tell('proxy', 'fail', `no tunnel: ${error.statusCode === undefined ? error.code ?? error.message : error.message}`, advice)
  } finally {
    for (const socket of sockets) socket.on('error', () => {}).destroy()
  }
}

/** For TLS, which knows no addresses. @param {string} host */
function serverName (host) {
  return net.isIP(host) ? {} : { servername: host }
}

/** @param {import('../../..').FailoverClient} client @param {string} name @param {number} ms @param {Tell} tell */
async function accepted (client, name, ms, tell) {
  try {
    const { valid, statusCode, message } = await within(client.validateApiKey(name), ms)
    if (valid) return tell('request', 'ok', `GET /models: ${statusCode ?? message}`)
    const advice = statusCode === 401 ? 'check the key; reissue it if needed' : statusCode === 403 ? 'check what the key may do' : 'see the checks above'
    return tell('request', 'fail', message, advice)
  } catch (/** @type {any} */ error) {
    return tell('request', 'fail', error.code === LATE ? 'GET /models: no answer in time' : error.message, 'see the checks above; --timeout gives it longer')
  }
}

module.exports = { endpoint }
