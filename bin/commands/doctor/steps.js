'use strict'

// The single checks of a connection. None of them has the key.

const dns = require('node:dns/promises')
const http = require('node:http')
const https = require('node:https')
const net = require('node:net')
const tls = require('node:tls')
const { withTimeout } = require('./timeout')

/**
 * @typedef {(step: string, status: 'ok' | 'warn' | 'fail', message: string, advice?: string) => boolean} Report Returns false for 'fail'.
 */

const DAY_MS = 86_400_000
/** A certificate that expires sooner is reported. */
const EXPIRES_SOON_MS = 21 * DAY_MS
/** Clock skew that a header of whole seconds cannot measure, and skew at which signatures and certificates fail. */
const ACCEPTED_SKEW_MS = 5_000
const HARMFUL_SKEW_MS = 300_000

/** @param {string} host @param {number} ms @param {Report} report @param {string} [step] */
async function checkDns (host, ms, report, step = 'DNS') {
  if (net.isIP(host)) return report(step, 'ok', `${host} is an address`)
  try {
    const found = await withTimeout(dns.lookup(host, { all: true }), ms)
    return report(step, 'ok', `${host} is ${found.map(({ address }) => address).slice(0, 4).join(', ')}`)
  } catch (/** @type {any} */ error) {
    return report(step, 'fail', `${host} has no address: ${error.code}`, 'check the spelling of the host, the network and the resolver')
  }
}

/** @param {string} host @param {number} port @param {number} ms @param {Report} report @param {string} [step] */
async function checkTcp (host, port, ms, report, step = 'TCP') {
  const began = performance.now()
  const socket = net.connect({ host, port })
  try {
    await withTimeout(new Promise((resolve, reject) => { socket.once('connect', resolve).once('error', reject) }), ms)
    return report(step, 'ok', `port ${port} answers after ${(performance.now() - began).toFixed(0)} ms`)
  } catch (/** @type {any} */ error) {
    return report(step, 'fail', `port ${port} does not answer: ${error.code ?? error.message}`, 'check the address and the firewall, and whether a proxy is needed')
  } finally {
    socket.on('error', () => {}).destroy()
  }
}

/**
 * Checks the certificate. The connection is made whether or not it is trusted, and nothing is sent.
 * @param {tls.ConnectionOptions} to Host and port, or a socket.
 * @param {{ ca: string[], partly: boolean }} trust
 * @param {string} host
 * @param {number} ms
 * @param {Report} report
 */
async function checkTls (to, { ca, partly }, host, ms, report) {
  const socket = tls.connect({ ...to, ca, rejectUnauthorized: false, host, ...(net.isIP(host) ? {} : { servername: host }) })
  try {
    await withTimeout(new Promise((resolve, reject) => { socket.once('secureConnect', resolve).once('error', reject) }), ms)
    const certificate = socket.getPeerCertificate()
    const issuer = certificate.issuer?.O ?? certificate.issuer?.CN ?? 'an unnamed issuer'
    const ends = Date.parse(certificate.valid_to)
    const days = Math.floor((ends - Date.now()) / DAY_MS)
    const details = `${socket.getProtocol()}, signed by ${issuer}, until ${Number.isNaN(ends) ? 'an unknown date' : new Date(ends).toISOString().slice(0, 10)}`
    if (ends < Date.now()) return report('TLS', 'fail', `the certificate has expired: ${details}`, 'renew the certificate, or check the clock of this machine')
    const why = /** @type {any} */ (socket.authorizationError)?.code ?? socket.authorizationError
    if (why) {
      return report('TLS', 'warn', `the certificate is not trusted (${why}): ${details}`, partly
        ? 'this version of Node cannot list the system\'s authorities (tls.system_ca); the last check shows whether the client trusts it'
        : 'for a private authority, set tls.ca or NODE_EXTRA_CA_CERTS')
    }
    if (ends - Date.now() < EXPIRES_SOON_MS) return report('TLS', 'warn', `the certificate expires in ${days} days: ${details}`, 'renew the certificate')
    return report('TLS', 'ok', details)
  } catch (/** @type {any} */ error) {
    return report('TLS', 'fail', `no TLS: ${error.code ?? error.message}`, 'check the scheme (https or http), and whether a proxy intercepts TLS')
  } finally {
    socket.on('error', () => {}).destroy()
  }
}

/** @param {boolean} secure @param {https.RequestOptions} to @param {number} ms @param {Report} report */
async function checkClock (secure, to, ms, report) {
  const { request } = secure ? https : http
  const began = Date.now()
  const httpRequest = request({ ...to, method: 'HEAD', agent: false, ...(secure ? { rejectUnauthorized: false } : {}) })
  try {
    const response = await withTimeout(new Promise((resolve, reject) => { httpRequest.once('response', resolve).once('error', reject).end() }), ms)
    const date = Date.parse(/** @type {any} */ (response).headers.date)
    if (Number.isNaN(date)) return report('clock', 'ok', 'the endpoint sends no date to compare with')
    const away = date - (began + Date.now()) / 2
    const seconds = Math.round(Math.abs(away) / 1_000)
    if (Math.abs(away) < ACCEPTED_SKEW_MS) return report('clock', 'ok', 'within some seconds of the endpoint\'s')
    return report('clock', Math.abs(away) > HARMFUL_SKEW_MS ? 'fail' : 'warn', `this machine's clock is ${seconds} s ${away > 0 ? 'behind' : 'ahead of'} the endpoint's`, 'synchronize the clock with NTP: Retry-After dates and certificates depend on it')
  } catch (/** @type {any} */ error) {
    return report('clock', 'warn', `the date could not be requested: ${error.code ?? error.message}`)
  } finally {
    httpRequest.on('error', () => {}).destroy()
  }
}

module.exports = { checkDns, checkTcp, checkTls, checkClock }
