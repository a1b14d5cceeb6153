'use strict'

// Who may use a server that stands alone: whoever has its token, in any of the places where vendors' SDKs put a key.

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
  // A browser's way to look at the dashboard. It sends this by itself, also for another's page: so it may only look.
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
 * Whether a request comes from another's page: without a token nothing else tells a browser's user from the page that
 * he looks at, and a name that leads to this machine makes any page a neighbour.
 * @param {import('node:http').IncomingMessage} request
 */
function isCrossSite ({ headers: { host, origin } }) {
  const named = `http://${host}`
  if (host === undefined || !URL.canParse(named) || !isLoopback(new URL(named).hostname)) return true
  return origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === new URL(named).host)
}

module.exports = { requireToken, isCrossSite, isLoopback }
