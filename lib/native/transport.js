'use strict'

// `transport: 'fetch'`, or a function like it: the exchanges are made here, with all the rest of the work in Rust. It
// is for tests that intercept fetch, and for networks that only a fetch of the user's own can reach. Rust asks step
// by step (src/node/carrier.rs), and for the next piece of a body when it wants it.

/**
 * @typedef {{ step: 'send', id: number, method: string, url: string, headers: [string, string][], body: string, bytes: boolean }
 *   | { step: 'read' | 'end', id: number }} Question
 */

/** What failed, by the codes of Node and of undici. @type {[RegExp, string][]} */
const KINDS = [
  [/^(?:ENOTFOUND|EAI_.*)$/, 'dns'],
  [/^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, 'connect'],
  [/^(?:UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/, 'connectTimeout'],
  [/^(?:ERR_TLS_.*|ERR_SSL_.*|CERT_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*|EPROTO)$/, 'tls'],
  [/^(?:HPE_.*|NO_RESPONSE)$/, 'malformed']
]
/** Ours, for what is none of a server's: an opaque answer has status 0, a body that cannot be pulled is a stream of Node's. */
const NO_RESPONSE = 'NO_RESPONSE'

/**
 * @param {Function} fetch
 * @returns {(question: Question) => Promise<string | undefined>}
 */
function createTransport (fetch) {
  /** @type {Map<number, { controller: AbortController, reader?: ReadableStreamDefaultReader<Uint8Array> }>} */
  const exchanges = new Map()

  /** @param {Extract<Question, { step: 'send' }>} question */
  async function send ({ id, method, url, headers, body, bytes }) {
    const controller = new AbortController()
    exchanges.set(id, { controller })
    try {
      const response = await fetch(url, {
        method,
        headers,
        redirect: 'manual',
        signal: controller.signal,
        ...(method !== 'GET' && { body: bytes ? Buffer.from(body, 'latin1') : body })
      })
      if (!isResponse(response)) throw Object.assign(new TypeError('the transport gave no Response'), { code: NO_RESPONSE })
      const { status, headers: fields } = response
      const exchange = exchanges.get(id)
      // Given up meanwhile.
      if (exchange === undefined) await response.body?.cancel()
      else exchange.reader = response.body?.getReader()
      return JSON.stringify({ status, headers: [...fields.entries()] })
    } catch (error) {
      exchanges.delete(id)
      // There may be an answer, but none that can be read.
      controller.abort()
      return JSON.stringify({ error: wordsOf(error), kind: kindOf(error) })
    }
  }

  /** @param {number} id */
  async function read (id) {
    const reader = exchanges.get(id)?.reader
    try {
      const { done, value } = await reader?.read() ?? { done: true, value: undefined }
      if (!done) return `+${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')}`
      exchanges.delete(id)
      return '.'
    } catch (error) {
      exchanges.delete(id)
      return `!${wordsOf(error)}`
    }
  }

  /** @param {number} id */
  function end (id) {
    const exchange = exchanges.get(id)
    exchanges.delete(id)
    exchange?.controller.abort()
    // Not every fetch minds its signal.
    exchange?.reader?.cancel().catch(() => {})
    return undefined
  }

  return async (question) => {
    if (question.step === 'send') return send(question)
    return question.step === 'read' ? read(question.id) : end(question.id)
  }
}

/** @param {any} given What a fetch resolved with. @returns {given is Response} */
function isResponse (given) {
  const { status, headers, body } = given ?? {}
  return Number.isInteger(status) && status >= 200 && status <= 599 && typeof headers?.entries === 'function' &&
    (body === null || body === undefined || typeof body.getReader === 'function')
}

/**
 * Where it failed. A fetch tells it by a code somewhere among the causes.
 * @param {any} error
 */
function kindOf (error) {
  for (let cause = error, depth = 0; cause && depth < 5; cause = cause.cause ?? cause.errors?.[0], depth++) {
    const code = String(cause.code ?? '')
    const found = KINDS.find(([pattern]) => pattern.test(code))
    if (found !== undefined) return found[1]
  }
  return 'reset'
}

/** @param {any} error */
function wordsOf (error) {
  const words = [error?.message, error?.cause?.message].filter((word) => typeof word === 'string' && word !== '')
  return words.join(': ') || 'the transport failed'
}

module.exports = { createTransport }
