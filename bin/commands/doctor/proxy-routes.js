'use strict'

// How the client's requests go to its endpoints: through which proxy, trusting whom.

const http = require('node:http')
const https = require('node:https')
const tls = require('node:tls')
const documents = require('../../../lib/config/config-file')
const native = require('../../../lib/native/addon')
const { environment } = require('../../../lib/config/options')
const { within } = require('./timeout')

/**
 * @typedef {object} Way
 * @property {Hop} [proxy]
 * @property {string[]} ca Whom the client trusts, as far as this Node can tell.
 * @property {boolean} partly It also trusts the system's authorities, which this Node cannot tell.
 */
/** @typedef {{ host: string, port: number, secure: boolean, headers: Record<string, string> }} Hop The headers are secret. */

/** @param {string | undefined} file A configuration file that is valid, if there is one. @returns {(endpoint: string) => Way} */
function waysOf (file) {
  const { bytes, variables } = file === undefined ? {} : documents.readSync(file)
  const { ca = [], systemCa = false, proxies = {} } = JSON.parse(native.ways(JSON.stringify({ options: {}, environment: environment(), file, variables }), bytes))
  // Since Node 22.15.
  const system = systemCa ? /** @type {any} */ (tls).getCACertificates?.('system') : []
  const trusted = [...tls.rootCertificates, ...ca, ...system ?? []]
  return (endpoint) => ({ proxy: hopOf(proxies[endpoint]), ca: trusted, partly: system === undefined })
}

/** @param {{ url: string, authorization: string | null } | undefined} proxy @returns {Hop | undefined} */
function hopOf (proxy) {
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
 * A connection through the proxy; its error says what the proxy answered.
 * @param {Way} way
 * @param {string} authority The host and port that are meant.
 * @param {number} ms
 * @returns {Promise<import('node:net').Socket>}
 */
async function tunnel (way, authority, ms) {
  const { host, port, secure, headers } = /** @type {Hop} */ (way.proxy)
  const { request } = secure ? https : http
  const asked = request({ host, port, method: 'CONNECT', path: authority, headers: { host: authority, ...headers }, agent: false, ...(secure ? { ca: way.ca } : {}) })
  /** @type {Promise<[import('node:http').IncomingMessage, import('node:net').Socket?]>} */
  const answered = new Promise((resolve, reject) => {
    asked.once('connect', (response, socket) => resolve([response, socket])).once('response', (response) => resolve([response])).once('error', reject).end()
  })
  try {
    const [{ statusCode = 0 }, socket] = await within(answered, ms)
    if (statusCode >= 200 && statusCode < 300 && socket !== undefined) return socket
    socket?.destroy()
    throw Object.assign(new Error(`it answers ${statusCode} to CONNECT ${authority}`), { statusCode })
  } catch (error) {
    asked.on('error', () => {}).destroy()
    throw error
  }
}

module.exports = { waysOf, tunnel }
