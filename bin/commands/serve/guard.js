'use strict'

// Authorizes requests by a token, in any header in which vendors' SDKs send a key.

const { createHash, timingSafeEqual } = require('node:crypto')

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|::1|\[::1\])$/i

/** @param {string} host */
function isLoopback (host) {
  return LOOPBACK.test(host)
}

/** @param {string} token @returns {(request: import('node:http').IncomingMessage) => boolean} */
function requireToken (token) {
  const wanted = digest(token)
  return (request) => credentialsOf(request).some((key) => timingSafeEqual(digest(key), wanted))
}

/** @param {import('node:http').IncomingMessage} request @returns {string[]} */
function credentialsOf ({ headers, method }) {
  const { authorization = '' } = headers
  const [, scheme = '', value = ''] = /^(\S+) +(\S+) *$/.exec(authorization) ?? []
  const keys = [headers['x-api-key'], headers['x-goog-api-key'], headers['api-key']].filter((key) => typeof key === 'string')
  if (scheme.toLowerCase() === 'bearer') keys.push(value)
  // Basic authentication lets a browser open the dashboard. A browser also sends it with requests of other sites'
  // pages, so it is accepted for reading only.
  if (scheme.toLowerCase() === 'basic' && (method === 'GET' || method === 'HEAD')) {
    const text = Buffer.from(value, 'base64').toString('utf8')
    keys.push(text.slice(text.indexOf(':') + 1))
  }
  return keys
}

/** @param {string} text */
function digest (text) {
  return createHash('sha256').update(text).digest()
}

/**
 * Whether a request comes from a page of another site. Without a token only the origin distinguishes such a page from
 * the user, and a host name that resolves to this machine could belong to any site.
 * @param {import('node:http').IncomingMessage} request
 */
function isCrossSite ({ headers: { host, origin } }) {
  const named = `http://${host}`
  if (host === undefined || !URL.canParse(named) || !isLoopback(new URL(named).hostname)) return true
  return origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === new URL(named).host)
}

module.exports = { requireToken, isCrossSite, isLoopback }
