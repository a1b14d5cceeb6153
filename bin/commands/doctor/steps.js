'use strict'

// The steps of a way to an endpoint. None of them has a key.

const dns = require('node:dns/promises')
const http = require('node:http')
const https = require('node:https')
const net = require('node:net')
const tls = require('node:tls')
const { within } = require('./timeout')

/** @typedef {(step: string, status: 'ok' | 'warn' | 'fail', message: string, advice?: string) => boolean} Tell True if it is no failure. */

const DAY = 86_400_000
/** A certificate that ends so soon is told of. */
const SOON = 21 * DAY
/** Clocks that are so far apart: what a header of whole seconds can tell, and where signatures and certificates fail. */
const SKEW = 5_000
const WRONG = 300_000

/** @param {string} host @param {number} ms @param {Tell} tell @param {string} [step] */
async function names (host, ms, tell, step = 'DNS') {
  if (net.isIP(host)) return tell(step, 'ok', `${host} is an address`)
  try {
    const found = await within(dns.lookup(host, { all: true }), ms)
    return tell(step, 'ok', `${host} is ${found.map(({ address }) => address).slice(0, 4).join(', ')}`)
  } catch (/** @type {any} */ error) {
    return tell(step, 'fail', `${host} has no address: ${error.code}`, 'check the host\'s spelling, the network and the resolver')
  }
}

/** @param {string} host @param {number} port @param {number} ms @param {Tell} tell @param {string} [step] */
async function reached (host, port, ms, tell, step = 'TCP') {
  const began = performance.now()
  const socket = net.connect({ host, port })
  try {
    await within(new Promise((resolve, reject) => { socket.once('connect', resolve).once('error', reject) }), ms)
    return tell(step, 'ok', `port ${port} answers after ${(performance.now() - began).toFixed(0)} ms`)
  } catch (/** @type {any} */ error) {
    return tell(step, 'fail', `port ${port} does not answer: ${error.code ?? error.message}`, 'check the address, the firewall, and whether the way out is a proxy')
  } finally {
    socket.on('error', () => {}).destroy()
  }
}

/**
 * The certificate, looked at whoever signed it: nothing is sent.
 * @param {tls.ConnectionOptions} to Where, or through what.
 * @param {{ ca: string[], partly: boolean }} trust
 * @param {string} host
 * @param {number} ms
 * @param {Tell} tell
 */
async function trusted (to, { ca, partly }, host, ms, tell) {
  const socket = tls.connect({ ...to, ca, rejectUnauthorized: false, host, ...(net.isIP(host) ? {} : { servername: host }) })
  try {
    await within(new Promise((resolve, reject) => { socket.once('secureConnect', resolve).once('error', reject) }), ms)
    const certificate = socket.getPeerCertificate()
    const issuer = certificate.issuer?.O ?? certificate.issuer?.CN ?? 'nobody named'
    const ends = Date.parse(certificate.valid_to)
    const days = Math.floor((ends - Date.now()) / DAY)
    const told = `${socket.getProtocol()}, signed by ${issuer}, until ${Number.isNaN(ends) ? 'nobody knows when' : new Date(ends).toISOString().slice(0, 10)}`
    if (ends < Date.now()) return tell('TLS', 'fail', `the certificate ended: ${told}`, 'have it renewed; if that was long ago, check this machine\'s clock')
    const why = /** @type {any} */ (socket.authorizationError)?.code ?? socket.authorizationError
    if (why) {
      return tell('TLS', 'warn', `the certificate is not trusted (${why}): ${told}`, partly
        ? 'the system\'s authorities, which tls.system_ca adds, are unknown to this Node; the last check says whether the client trusts it'
        : 'if it is an authority of your own, name it in tls.ca or NODE_EXTRA_CA_CERTS')
    }
    if (ends - Date.now() < SOON) return tell('TLS', 'warn', `the certificate ends in ${days} days: ${told}`, 'have it renewed')
    return tell('TLS', 'ok', told)
  } catch (/** @type {any} */ error) {
    return tell('TLS', 'fail', `no TLS: ${error.code ?? error.message}`, 'check the scheme (https or http), and whether something between intercepts TLS')
  } finally {
    socket.on('error', () => {}).destroy()
  }
}

/** @param {boolean} secure @param {https.RequestOptions} to @param {number} ms @param {Tell} tell */
async function clock (secure, to, ms, tell) {
  const { request } = secure ? https : http
  const began = Date.now()
  const asked = request({ ...to, method: 'HEAD', agent: false, ...(secure ? { rejectUnauthorized: false } : {}) })
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

module.exports = { names, reached, trusted, clock }
