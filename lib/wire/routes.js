'use strict'

// What an address asks for. Only its path names the dialect: which host it was meant for is no matter.

/**
 * @typedef {object} Route
 * @property {'openai' | 'anthropic' | 'google'} dialect
 * @property {string} [model] Where the path names it.
 * @property {boolean} [stream] Where the path says so.
 */

const GOOGLE = /\/(?:v1|v1beta|v1alpha|v1beta1)\/models\/([^:?]+):(generateContent|streamGenerateContent)$/

/**
 * The chat completion that a request asks for, in whatever dialect.
 * @param {string} method
 * @param {string} pathname
 * @returns {Route | undefined}
 */
function chatRoute (method, pathname) {
  if (method !== 'POST') return undefined
  const path = pathname.endsWith('/') ? pathname.slice(0, -1) : pathname
  if (path.endsWith('/chat/completions')) return { dialect: 'openai' }
  if (path.endsWith('/v1/messages')) return { dialect: 'anthropic' }
  const [, model, action] = GOOGLE.exec(path) ?? []
  if (model === undefined) return undefined
  return { dialect: 'google', model: decode(model), stream: action === 'streamGenerateContent' }
}

/** @param {string} text */
function decode (text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * The dialect of a request that is no completion, by its headers and its path.
 * @param {Headers} headers
 * @param {string} pathname
 */
function dialectOf (headers, pathname) {
  if (headers.has('anthropic-version')) return 'anthropic'
  return /\/v1(?:beta|alpha|beta1)\//.test(pathname) || headers.has('x-goog-api-key') ? 'google' : 'openai'
}

module.exports = { chatRoute, decode, dialectOf }
