'use strict'

// Reads how the client reaches its endpoints: the proxy, and the certificate authorities it trusts.

const http = require('node:http')
const https = require('node:https')
const tls = require('node:tls')
const configFiles = require('../../../lib/config/config-file')
const native = require('../../../lib/native/addon')
const { readEnvironment } = require('../../../lib/config/environment')
const { withTimeout } = require('./timeout')

/**
 * @typedef {object} ProxyRoute
 * @property {Hop} [proxy]
 * @property {string[]} ca Authorities that the client trusts, as far as this version of Node can list them.
 * @property {boolean} partly True if the client also trusts the system's authorities and this version of Node cannot list them.
 */
/** @typedef {{ host: string, port: number, secure: boolean, headers: Record<string, string> }} Hop The headers are secret. */

/** @param {string | undefined} file A configuration file that is valid, if there is one. @returns {(endpoint: string) => ProxyRoute} */
function readProxyRoutes (file) {
  const { bytes, variables } = file === undefined ? {} : configFiles.readConfigFileSync(file)
  const { ca = [], systemCa = false, proxies = {} } = JSON.parse(native.proxyRoutes(JSON.stringify({ options: {}, environment: readEnvironment(), file, variables }), bytes))
  // Since Node 22.15.
  const system = systemCa ? /** @type {any} */ (tls).getCACertificates?.('system') : []
  const trusted = [...tls.rootCertificates, ...ca, ...system ?? []]
  return (endpoint) => ({ proxy: readHop(proxies[endpoint]), ca: trusted, partly: system === undefined })
}

/** @param {{ url: string, authorization: string | null } | undefined} proxy @returns {Hop | undefined} */
function readHop (proxy) {
  if (proxy === undefined) return undefined
  const { hostname, port, protocol } = new URL(proxy.url)
  const secure = protocol === 'https:'
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || (secure ? 443 : 80)),
    secure,
    headers: proxy.authorization === null ? {} : { 'proxy-authorization': proxy.authorization }
  }
}

/**
 * Opens a connection through the proxy. The error contains the proxy's answer.
 * @param {ProxyRoute} route
 * @param {string} authority The host and port that are meant.
 * @param {number} ms
 * @returns {Promise<import('node:net').Socket>}
 */
async function openTunnel (route, authority, ms) {
  const { host, port, secure, headers } = /** @type {Hop} */ (route.proxy)
  const { request } = secure ? https : http
  const httpRequest = request({ host, port, method: 'CONNECT', path: authority, headers: { host: authority, ...headers }, agent: false, ...(secure ? { ca: route.ca } : {}) })
  /** @type {Promise<[import('node:http').IncomingMessage, import('node:net').Socket?]>} */
  const answered = new Promise((resolve, reject) => {
    httpRequest.once('connect', (response, socket) => resolve([response, socket])).once('response', (response) => resolve([response])).once('error', reject).end()
  })
  try {
    const [{ statusCode = 0 }, socket] = await withTimeout(answered, ms)
    if (statusCode >= 200 && statusCode < 300 && socket !== undefined) return socket
    socket?.destroy()
    throw Object.assign(new Error(`the proxy answers ${statusCode} to CONNECT ${authority}`), { statusCode })
  } catch (error) {
    httpRequest.on('error', () => {}).destroy()
    throw error
  }
}

module.exports = { readProxyRoutes, openTunnel }
