'use strict'

// Finds the route of a request by its path. The host does not matter.

/**
 * @typedef {object} Route
 * @property {'openai' | 'anthropic' | 'google'} dialect
 * @property {string} [model] If the path names one.
 * @property {boolean} [stream] If the path decides it.
 * @property {string} [method] Of a passthrough request.
 * @property {[string, string]} [path] Of a passthrough request: the parts before and after the model, or the whole path and the query.
 */

const VERSION = /^.*\/(?:v1|v1beta|v1alpha|v1beta1)(?=\/)/
const GOOGLE = /^\/models\/([^:?]+):(generateContent|streamGenerateContent)$/

/** Passthrough operations of Google's models. */
const GOOGLE_ACTION = /^(\/models\/)([^:?]+)(:(?:countTokens|computeTokens|embedContent|batchEmbedContents|predict))$/
/**
 * Passthrough operations of OpenAI's models, below a version or on Azure's paths. Other hosts may use such a path for
 * something else.
 */
const OPENAI_POST = /(?:\/v\d[^/]*|\/openai(?:\/deployments\/[^/]+)?)(\/(?:embeddings|completions|moderations|images\/(?:generations|edits|variations)|audio\/(?:speech|transcriptions|translations)|responses(?:\/compact|\/input_tokens|\/[^/]+\/cancel)?))$/
const OPENAI_RESPONSE = /^\/responses\/[^/]+(?:\/input_items)?$/
const MODELS = /^\/models(?:\/[^:]+)?$/
/** A parent or current folder, however a server decodes the path. */
const PATH_TRAVERSAL = /(?:^|[/\\])\.\.?(?:[/\\;]|$)/

/**
 * Returns the route of a chat completion in any dialect.
 * @param {string} method
 * @param {string} pathname
 * @returns {Route | undefined}
 */
function chatRoute (method, pathname) {
  if (method !== 'POST') return undefined
  const path = withoutTrailingSlash(pathname)
  if (path.endsWith('/chat/completions')) return { dialect: 'openai' }
  if (path.endsWith('/v1/messages')) return { dialect: 'anthropic' }
  const [, model, action] = GOOGLE.exec(belowVersion(path)) ?? []
  if (model === undefined) return undefined
  return { dialect: 'google', model: decodeSegment(model), stream: action === 'streamGenerateContent' }
}

/**
 * Returns the route of another request that an endpoint may serve: operations of a model, and the list of models.
 * Files, batches and other resources of an account are excluded, because another endpoint does not have them.
 * @param {string} method
 * @param {URL} url
 * @param {Headers} headers
 * @returns {Route | undefined}
 */
function passthroughRoute (method, { pathname, searchParams }, headers) {
  const path = withoutTrailingSlash(pathname)
  const below = belowVersion(path)
  if (hasPathTraversal(path)) return undefined
  // Google accepts keys in this parameter.
  searchParams.delete('key')
  const query = searchParams.size > 0 ? `?${searchParams}` : ''
  const passthrough = (/** @type {'openai' | 'anthropic' | 'google'} */ dialect, /** @type {string} */ all) => ({ dialect, method, path: /** @type {[string, string]} */ ([all, query]) })
  if (method === 'POST') {
    if (below === '/messages/count_tokens') return passthrough('anthropic', below)
    const [, before, model, after] = GOOGLE_ACTION.exec(below) ?? []
    if (model !== undefined) return { dialect: 'google', method, model: decodeSegment(model), path: [before, after + query] }
    const [, found] = OPENAI_POST.exec(path) ?? []
    return found === undefined ? undefined : passthrough('openai', found)
  }
  if (OPENAI_RESPONSE.test(below) && (method === 'GET' || method === 'DELETE')) return passthrough('openai', below)
  if (method === 'GET' && MODELS.test(below)) return passthrough(dialectOf(headers, pathname), below)
  return undefined
}

/** Whether a path, decoded once or several times, would lead the endpoint's key to other paths. @param {string} path */
function hasPathTraversal (path) {
  for (let before = ''; path !== before;) {
    if (PATH_TRAVERSAL.test(path)) return true
    before = path
    path = path.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
  }
  return false
}

/** @param {string} path */
function withoutTrailingSlash (path) {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/** Returns the path after its version; empty without a version. @param {string} path */
function belowVersion (path) {
  const found = VERSION.exec(path)
  return found === null ? '' : path.slice(found[0].length)
}

/** @param {string} text */
function decodeSegment (text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * Returns the dialect of a request that is no chat completion, by its headers and path.
 * @param {Headers} headers
 * @param {string} pathname
 */
function dialectOf (headers, pathname) {
  if (headers.has('anthropic-version')) return 'anthropic'
  return /\/v1(?:beta|alpha|beta1)\//.test(pathname) || headers.has('x-goog-api-key') ? 'google' : 'openai'
}

module.exports = { chatRoute, passthroughRoute, decodeSegment, dialectOf }
