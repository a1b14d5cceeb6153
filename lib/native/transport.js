'use strict'

// Implements `transport: 'fetch'` and custom transports: exchanges run through a fetch function, everything else stays
// in Rust. It serves tests that intercept fetch, and networks that only a custom fetch can reach. Rust requests each
// step, and each piece of a body when it wants it.

/**
 * @typedef {{ step: 'send', id: number, method: string, url: string, headers: [string, string][], body: string, bytes: boolean }
 *   | { step: 'read' | 'end', id: number }} Question
 */

/** Kinds of failure by the codes of Node and undici. @type {[RegExp, string][]} */
const FAILURE_KINDS = [
  [/^(?:ENOTFOUND|EAI_.*)$/, 'dns'],
  [/^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, 'connect'],
  [/^(?:UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/, 'connectTimeout'],
  [/^(?:ERR_TLS_.*|ERR_SSL_.*|CERT_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*|EPROTO)$/, 'tls'],
  [/^(?:HPE_.*|NO_RESPONSE)$/, 'malformed']
]
/**
 * The code for a return value that is not a usable Response: an opaque response has status 0, and a Node stream cannot
 * be pulled.
 */
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
      if (!isResponse(response)) throw Object.assign(new TypeError('the transport function did not return a Response'), { code: NO_RESPONSE })
      const { status, headers: fields } = response
      const exchange = exchanges.get(id)
      // The exchange was cancelled meanwhile.
      if (exchange === undefined) await response.body?.cancel()
      else exchange.reader = response.body?.getReader()
      return JSON.stringify({ status, headers: [...fields.entries()] })
    } catch (error) {
      exchanges.delete(id)
      // The response may still be arriving.
      controller.abort()
      return JSON.stringify({ error: messageOf(error), kind: failureKind(error) })
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
      return `!${messageOf(error)}`
    }
  }

  /** @param {number} id */
  function end (id) {
    const exchange = exchanges.get(id)
    exchanges.delete(id)
    exchange?.controller.abort()
    // Some implementations of fetch ignore their signal.
    exchange?.reader?.cancel().catch(() => {})
    return undefined
  }

  return async (question) => {
    if (question.step === 'send') return send(question)
    return question.step === 'read' ? read(question.id) : end(question.id)
  }
}

/** @param {any} given The result of a fetch. @returns {given is Response} */
function isResponse (given) {
  const { status, headers, body } = given ?? {}
  return Number.isInteger(status) && status >= 200 && status <= 599 && typeof headers?.entries === 'function' &&
    (body === null || body === undefined || typeof body.getReader === 'function')
}

/** Returns the kind of failure. fetch puts the code somewhere in the chain of causes. @param {any} error */
function failureKind (error) {
  for (let cause = error, depth = 0; cause && depth < 5; cause = cause.cause ?? cause.errors?.[0], depth++) {
    const code = String(cause.code ?? '')
    const found = FAILURE_KINDS.find(([pattern]) => pattern.test(code))
    if (found !== undefined) return found[1]
  }
  return 'reset'
}

/** @param {any} error */
function messageOf (error) {
  const words = [error?.message, error?.cause?.message].filter((word) => typeof word === 'string' && word !== '')
  return words.join(': ') || 'the transport failed'
}

module.exports = { createTransport }
