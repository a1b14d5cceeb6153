'use strict'

// Checks the connection to an endpoint step by step, then sends a request that costs nothing. Only that request carries
// the key, and the client sends it.

const net = require('node:net')
const tls = require('node:tls')
const { checkDns, checkTcp, checkTls, checkClock } = require('./steps')
const { openTunnel } = require('./proxy-routes')
const { withTimeout, TIMED_OUT } = require('./timeout')

/** @typedef {import('../doctor').Finding} Finding */
/** @typedef {import('./steps').Report} Report */

/**
 * @param {import('../../..').FailoverClient} client
 * @param {string} name
 * @param {string} url
 * @param {import('./proxy-routes').ProxyRoute} route
 * @param {number} timeout
 * @returns {Promise<any[]>}
 */
async function checkEndpoint (client, name, url, route, timeout) {
  const until = performance.now() + timeout
  const remainingMs = () => Math.max(1, until - performance.now())
  /** @type {Finding[]} */
  const findings = []
  /** @type {Report} */
  const report = (step, status, message, advice = '') => {
    findings.push({ check: `${name}: ${step}`, status, message, ...(advice === '' ? {} : { advice }) })
    return status !== 'fail'
  }
  const { hostname, protocol, port } = new URL(url)
  const secure = protocol === 'https:'
  const to = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (secure ? 443 : 80)), secure }
  await (route.proxy === undefined ? checkDirect(to, route, remainingMs, report) : checkThroughProxy(to, route, remainingMs, report))
  await checkRequest(client, name, remainingMs(), report)
  return findings
}

/** @typedef {{ host: string, port: number, secure: boolean }} Target */

/** @param {Target} to @param {import('./proxy-routes').ProxyRoute} route @param {() => number} remainingMs @param {Report} report */
async function checkDirect ({ host, port, secure }, route, remainingMs, report) {
  if (!await checkDns(host, remainingMs(), report)) return
  if (!await checkTcp(host, port, remainingMs(), report)) return
  if (secure) await checkTls({ port }, route, host, remainingMs(), report)
  await checkClock(secure, { host, port, ...serverName(host) }, remainingMs(), report)
}

/**
 * Checks an endpoint behind a proxy, which resolves the host itself.
 * @param {Target} to @param {import('./proxy-routes').ProxyRoute} route @param {() => number} remainingMs @param {Report} report
 */
async function checkThroughProxy ({ host, port, secure }, route, remainingMs, report) {
  const proxy = /** @type {import('./proxy-routes').Hop} */ (route.proxy)
  const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`
  if (!await checkDns(proxy.host, remainingMs(), report, 'DNS of the proxy')) return
  if (!await checkTcp(proxy.host, proxy.port, remainingMs(), report, 'TCP to the proxy')) return
  // A plain HTTP request goes to the proxy in full. For a proxy that needs TLS, the client's own request is the only
  // check.
  if (!secure) {
    if (!proxy.secure) await checkClock(false, { host: proxy.host, port: proxy.port, path: `http://${authority}/`, headers: { host: authority, ...proxy.headers } }, remainingMs(), report)
    return
  }
  // Ending TLS does not close the socket underneath.
  /** @type {net.Socket[]} */
  const sockets = []
  const through = async () => {
    const socket = await openTunnel(route, authority, remainingMs())
    sockets.push(socket)
    return socket
  }
  try {
    await checkTls({ socket: await through() }, route, host, remainingMs(), report)
    const socket = tls.connect({ socket: await through(), rejectUnauthorized: false, ...serverName(host) }).on('error', () => {})
    await checkClock(true, { host, port, createConnection: () => socket }, remainingMs(), report)
  } catch (/** @type {any} */ error) {
    const advice = [401, 407].includes(error.statusCode) ? 'check the user and password in the proxy\'s address' : 'check that the proxy allows this host and port'
    report('proxy', 'fail', `no tunnel: ${error.statusCode === undefined ? error.code ?? error.message : error.message}`, advice)
  } finally {
    for (const socket of sockets) socket.on('error', () => {}).destroy()
  }
}

/** The server name for TLS; an IP address has none. @param {string} host */
function serverName (host) {
  return net.isIP(host) ? {} : { servername: host }
}

/** @param {import('../../..').FailoverClient} client @param {string} name @param {number} ms @param {Report} report */
async function checkRequest (client, name, ms, report) {
  try {
    const { valid, statusCode, message } = await withTimeout(client.validateApiKey(name), ms)
    if (valid) return report('request', 'ok', `GET /models: ${statusCode ?? message}`)
    const advice = statusCode === 401 ? 'check the key; reissue it if needed' : statusCode === 403 ? 'check the permissions of the key' : 'see the checks above'
    return report('request', 'fail', message, advice)
  } catch (/** @type {any} */ error) {
    return report('request', 'fail', error.code === TIMED_OUT ? 'GET /models: no answer in time' : error.message, 'see the checks above, or increase --timeout')
  }
}

module.exports = { checkEndpoint }
