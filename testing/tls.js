'use strict'

const { readFileSync } = require('node:fs')
const { join } = require('node:path')

/** @param {string} file */
const pem = (file) => readFileSync(join(__dirname, 'certs', `${file}.pem`), 'utf8')

/** What each word presents. Only `untrusted` is signed by another CA than the one in `server.ca`. */
const LEAVES = { trusted: 'trusted', expired: 'expired', wrongHost: 'wrong-host', untrusted: 'untrusted' }

/** @typedef {import('./index').TlsOption} TlsOption */

/** @param {TlsOption} option @returns {{ key: string | Buffer, cert: string | Buffer, ca: string } | undefined} */
function certificate(option) {
  if (option === false) return undefined
  if (typeof option === 'object') return { ca: option.cert.toString(), ...option }
  const leaf = LEAVES[option === true ? 'trusted' : option]
  return { key: pem(`${leaf}.key`), cert: pem(leaf), ca: pem('ca') }
}

module.exports = { certificate, LEAVES }
