'use strict'

// What an address asks for. Only its path names the dialect: which host it was meant for is no matter.

/**
 * @typedef {object} Route
 * @property {'openai' | 'anthropic' | 'google'} dialect
 * @property {string} [model] Where the path names it.
 * @property {boolean} [stream] Where the path says so.
 * @property {string} [method] Of what is no chat completion and is passed on as it is, with
 * @property {[string, string]} [path] what stands around the model's name, or all of it.
 */

const VERSION = /^.*\/(?:v1|v1beta|v1alpha|v1beta1)(?=\/)/
const GOOGLE = /^\/models\/([^:?]+):(generateContent|streamGenerateContent)$/

/** What Google's models do beside chats, in one request. */
const GOOGLE_ACTION = /^(\/models\/)([^:?]+)(:(?:countTokens|computeTokens|embedContent|batchEmbedContents|predict))$/
/** What OpenAI's do: below a version, or where Azure has them. On any host such a path may be something else. */
const OPENAI_POST = /(?:\/v\d[^/]*|\/openai(?:\/deployments\/[^/]+)?)(\/(?:embeddings|completions|moderations|images\/(?:generations|edits|variations)|audio\/(?:speech|transcriptions|translations)|responses(?:\/compact|\/input_tokens|\/[^/]+\/cancel)?))$/
const OPENAI_RESPONSE = /^\/responses\/[^/]+(?:\/input_items)?$/
const MODELS = /^\/models(?:\/[^:]+)?$/
/** A step up, as whoever decodes the path might read it. */
const CLIMB = /(?:^|[/\\])\.\.?(?:[/\\;]|$)/

/**
 * The chat completion that a request asks for, in whatever dialect.
 * @param {string} method
 * @param {string} pathname
 * @returns {Route | undefined}
 */
function chatRoute (method, pathname) {
  if (method !== 'POST') return undefined
  const path = trimmed(pathname)
  if (path.endsWith('/chat/completions')) return { dialect: 'openai' }
  if (path.endsWith('/v1/messages')) return { dialect: 'anthropic' }
  const [, model, action] = GOOGLE.exec(belowVersion(path)) ?? []
  if (model === undefined) return undefined
  return { dialect: 'google', model: decode(model), stream: action === 'streamGenerateContent' }
}

/**
 * What else of vendors' paths an endpoint may serve: what a model does, and which models there are. Files, batches
 * and whatever else lies in one account is not among it: nobody else has it.
 * @param {string} method
 * @param {URL} url
 * @param {Headers} headers
 * @returns {Route | undefined}
 */
function passRoute (method, { pathname, searchParams }, headers) {
  const path = trimmed(pathname)
  const below = belowVersion(path)
  if (climbs(path)) return undefined
  // Google takes keys there.
  searchParams.delete('key')
  const query = searchParams.size > 0 ? `?${searchParams}` : ''
  const passed = (/** @type {'openai' | 'anthropic' | 'google'} */ dialect, /** @type {string} */ all) => ({ dialect, method, path: /** @type {[string, string]} */ ([all, query]) })
  if (method === 'POST') {
    if (below === '/messages/count_tokens') return passed('anthropic', below)
    const [, before, model, after] = GOOGLE_ACTION.exec(below) ?? []
    if (model !== undefined) return { dialect: 'google', method, model: decode(model), path: [before, after + query] }
    const [, found] = OPENAI_POST.exec(path) ?? []
    return found === undefined ? undefined : passed('openai', found)
  }
  if (OPENAI_RESPONSE.test(below) && (method === 'GET' || method === 'DELETE')) return passed('openai', below)
  if (method === 'GET' && MODELS.test(below)) return passed(dialectOf(headers, pathname), below)
  return undefined
}

/**
 * Whether it would lead the endpoint's key to other places than these, for whoever decodes it, also more than once.
 * @param {string} path
 */
function climbs (path) {
  for (let before = ''; path !== before;) {
    if (CLIMB.test(path)) return true
    before = path
    path = path.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
  }
  return false
}

/** @param {string} path */
function trimmed (path) {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/**
 * What comes after the version; nothing where there is none.
 * @param {string} path
 */
function belowVersion (path) {
  const found = VERSION.exec(path)
  return found === null ? '' : path.slice(found[0].length)
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

module.exports = { chatRoute, passRoute, decode, dialectOf }
