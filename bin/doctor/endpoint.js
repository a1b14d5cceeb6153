'use strict'

// The way to an endpoint, step by step, and what it says to a question that costs nothing. Only the last step has the key,
// and is the client's own: through its proxy, by its trust.

const dns = require('node:dns/promises')
const http = require('node:http')
const https = require('node:https')
const net = require('node:net')
const tls = require('node:tls')

/** @typedef {import('../commands/doctor').Finding} Finding */

const DAY = 86_400_000
/** A certificate that ends so soon is told of. */
const SOON = 21 * DAY
/** Clocks that are so far apart: what a header of whole seconds can tell, and where signatures and certificates fail. */
const SKEW = 5_000
const WRONG = 300_000
/** Said of a step that the time was not enough for. */
const LATE = 'ETIMEDOUT'

/**
 * @param {import('../..').FailoverClient} client
 * @param {string} name
 * @param {string} url
 * @param {number} timeout
 * @returns {Promise<any[]>}
 */
async function endpoint (client, name, url, timeout) {
  const { hostname, protocol, port: given, origin } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const secure = protocol === 'https:'
  const port = Number(given || (secure ? 443 : 80))
  const until = performance.now() + timeout
  /** @type {any[]} */
  const findings = []
  const tell = (/** @type {string} */ step, /** @type {'ok' | 'warn' | 'fail'} */ status, /** @type {string} */ message, /** @type {string} */ advice = '') => {
    findings.push({ check: `${name}: ${step}`, status, message, ...(advice === '' ? {} : { advice }) })
    return status !== 'fail'
  }
  const left = () => Math.max(1, until - performance.now())
  const way = async () => {
    if (!await names(host, left(), tell)) return
    if (!await reached(host, port, left(), tell)) return
    if (secure) await trusted(host, port, left(), tell)
    await clock(origin, left(), tell)
  }
  await way()
  await accepted(client, name, left(), tell)
  return findings
}

/** @template T @param {Promise<T>} promise @param {number} ms @returns {Promise<T>} */
async function within (promise, ms) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const late = new Promise((_resolve, reject) => { timer = setTimeout(() => reject(Object.assign(new Error('no answer in time'), { code: LATE })), ms) })
  try {
    return /** @type {T} */ (await Promise.race([promise, late]))
  } finally {
    clearTimeout(timer)
    promise.catch(() => {})
  }
}

/** @typedef {(step: string, status: 'ok' | 'warn' | 'fail', message: string, advice?: string) => boolean} Tell */

/** @param {string} host @param {number} ms @param {Tell} tell */
async function names (host, ms, tell) {
  if (net.isIP(host)) return tell('DNS', 'ok', `${host} is an address`)
  try {
    const found = await within(dns.lookup(host, { all: true }), ms)
    return tell('DNS', 'ok', `${host} is ${found.map(({ address }) => address).slice(0, 4).join(', ')}`)
  } catch (/** @type {any} */ error) {
    return tell('DNS', 'fail', `${host} has no address: ${error.code}`, 'check the host\'s spelling, the network and the resolver; behind a proxy that resolves names only the last check counts')
  }
}

/** @param {string} host @param {number} port @param {number} ms @param {Tell} tell */
async function reached (host, port, ms, tell) {
  const began = performance.now()
  const socket = net.connect({ host, port })
  try {
    await within(new Promise((resolve, reject) => { socket.once('connect', resolve).once('error', reject) }), ms)
    return tell('TCP', 'ok', `port ${port} answers after ${(performance.now() - began).toFixed(0)} ms`)
  } catch (/** @type {any} */ error) {
    return tell('TCP', 'fail', `port ${port} does not answer: ${error.code ?? error.message}`, 'check the address, the firewall, and whether the way out is a proxy')
  } finally {
    socket.on('error', () => {}).destroy()
  }
}

/** @param {string} host @param {number} port @param {number} ms @param {Tell} tell */
async function trusted (host, port, ms, tell) {
  // Looked at, whoever signed it: nothing is sent.
  const socket = tls.connect({ host, port, rejectUnauthorized: false, ...(net.isIP(host) ? {} : { servername: host }) })
  try {
    await within(new Promise((resolve, reject) => { socket.once('secureConnect', resolve).once('error', reject) }), ms)
    const certificate = socket.getPeerCertificate()
    const issuer = certificate.issuer?.O ?? certificate.issuer?.CN ?? 'nobody named'
    const ends = Date.parse(certificate.valid_to)
    const days = Math.floor((ends - Date.now()) / DAY)
    const told = `${socket.getProtocol()}, signed by ${issuer}, until ${Number.isNaN(ends) ? 'nobody knows when' : new Date(ends).toISOString().slice(0, 10)}`
    if (ends < Date.now()) return tell('TLS', 'fail', `the certificate ended: ${told}`, 'have it renewed; if that was long ago, check this machine\'s clock')
    const why = /** @type {any} */ (socket.authorizationError)?.code ?? socket.authorizationError
    if (why) return tell('TLS', 'warn', `Node does not trust the certificate (${why}): ${told}`, 'if it is a CA of your own, name it in tls.ca or NODE_EXTRA_CA_CERTS; the last check says whether the client trusts it')
    if (ends - Date.now() < SOON) return tell('TLS', 'warn', `the certificate ends in ${days} days: ${told}`, 'have it renewed')
    return tell('TLS', 'ok', told)
  } catch (/** @type {any} */ error) {
    return tell('TLS', 'fail', `no TLS: ${error.code ?? error.message}`, 'check the scheme (https or http), and whether something between intercepts TLS')
  } finally {
    socket.on('error', () => {}).destroy()
  }
}

/** @param {string} origin @param {number} ms @param {Tell} tell */
async function clock (origin, ms, tell) {
  const { request } = origin.startsWith('https:') ? https : http
  const began = Date.now()
  const asked = request(origin, { method: 'HEAD', agent: false, ...(origin.startsWith('https:') ? { rejectUnauthorized: false } : {}) })
  try {
    const response = await within(new Promise((resolve, reject) => { asked.once('response', resolve).once('error', reject).end() }), ms)
    const date = Date.parse(/** @type {any} */ (response).headers.date)
    if (Number.isNaN(date)) return tell('clock', 'ok', 'it tells no date to compare with')
    const away = date - (began + Date.now()) / 2
    const seconds = Math.round(Math.abs(away) / 1_000)
    if (Math.abs(away) < SKEW) return tell('clock', 'ok', 'within some seconds of the endpoint\'s')
    return tell('clock', Math.abs(away) > WRONG ? 'fail' : 'warn', `this machine's clock is ${seconds} s ${away > 0 ? 'behind' : 'ahead of'} the endpoint's`, 'let the clock be set by NTP: Retry-After dates and certificates depend on it')
  } catch (/** @type {any} */ error) {
    return tell('clock', 'warn', `the date could not be asked for: ${error.code ?? error.message}`)
  } finally {
    asked.on('error', () => {}).destroy()
  }
}

/** @param {import('../..').FailoverClient} client @param {string} name @param {number} ms @param {Tell} tell */
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
