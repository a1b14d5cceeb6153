'use strict'

// The surface for Node's own requests and responses.

const { Readable } = require('node:stream')
const { once } = require('node:events')
const { createUpgrade } = require('./events/upgrade')

/** @param {import('./app').Surface} surface @returns {import('../../adapters/node').Middleware} */
function middlewareOf (surface) {
  const middleware = (/** @type {any} */ req, /** @type {any} */ res, /** @type {(error?: unknown) => void} */ next) => {
    // The platform's Request knows no TRACE.
    const found = req.method === 'TRACE' ? undefined : surface.find(req.url ?? '/')
    if (found === undefined) return next()
    serve(surface, found, req, res, req).catch((error) => {
      // What is out cannot be taken back; a connection that breaks says that it was not all.
      if (res.headersSent) res.destroy(error)
      else next(error)
    })
  }
  return Object.assign(middleware, { upgrade: createUpgrade(surface) })
}

/**
 * @param {import('./app').Surface} surface
 * @param {import('./app').Found} found
 * @param {import('node:http').IncomingMessage & { body?: unknown }} req
 * @param {import('node:http').ServerResponse} res
 * @param {unknown} asked What `authorize` is asked about.
 */
async function serve (surface, found, req, res, asked) {
  // Who left before it came to us is told nothing, and costs nothing.
  if (res.destroyed) return
  const gone = new AbortController()
  res.once('close', () => { if (!res.writableFinished) gone.abort(new DOMException('The client is gone', 'AbortError')) })
  const method = req.method ?? 'GET'
  const headers = new Headers()
  for (const [name, value] of Object.entries(req.headers)) {
    // Of HTTP/2, which has the address among them.
    if (name.startsWith(':')) continue
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one)
  }
  const hasBody = found.part === 'proxy' && method !== 'GET' && method !== 'HEAD'
  // Once a parser has read it, its length may be another and it is compressed no more; of one that was not read both stay.
  if (req.body !== undefined) for (const name of ['content-length', 'content-encoding']) headers.delete(name)
  const init = { method, headers, body: hasBody ? lazily(() => bodyOf(req)) : undefined, signal: gone.signal, duplex: 'half' }
  let response
  try {
    response = await surface.serve(found, new Request(found.url, /** @type {any} */ (init)), asked)
  } catch (error) {
    if (gone.signal.aborted) return
    throw error
  }
  // What is left of a body that nobody wanted would be read to its end, whatever its length.
  if (!req.complete && req.httpVersionMajor === 1) response.headers.set('connection', 'close')
  await send(response, res, gone)
}

/**
 * A stream that asks for its bytes when somebody reads it: until then the connection keeps them.
 * @param {() => ReadableStream<Uint8Array>} make
 * @returns {ReadableStream<Uint8Array>}
 */
function lazily (make) {
  /** @type {ReadableStreamDefaultReader<Uint8Array> | undefined} */
  let reader
  return new ReadableStream({
    async pull (controller) {
      reader ??= make().getReader()
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel (reason) { await reader?.cancel(reason) }
  }, { highWaterMark: 0 })
}

/**
 * The body, or what a parser that stands before us has made of it.
 * @param {import('node:http').IncomingMessage & { body?: unknown }} req
 * @returns {ReadableStream<Uint8Array>}
 */
function bodyOf (req) {
  const { body } = req
  if (body === undefined || (req.readable && !req.readableEnded && isEmpty(body))) return /** @type {any} */ (Readable.toWeb(req))
  const whole = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
  return /** @type {any} */ (new Response(/** @type {any} */ (whole)).body)
}

/** Parsers that did not read give `{}`. @param {unknown} body */
function isEmpty (body) {
  return body === null || (typeof body === 'object' && Object.keys(body).length === 0)
}

/**
 * @param {Response} response
 * @param {import('node:http').ServerResponse} res
 * @param {AbortController} leaving
 */
async function send (response, res, leaving) {
  const gone = leaving.signal
  if (gone.aborted) {
    await response.body?.cancel(gone.reason)
    return
  }
  const reader = response.body?.getReader()
  const cancel = () => { reader?.cancel(gone.reason).catch(() => {}) }
  gone.addEventListener('abort', cancel, { once: true })
  // A body that breaks while its reader is waited for, as that of a listener who is too slow does.
  reader?.closed.catch((error) => { if (res.writableNeedDrain) res.destroy(error) })
  try {
    res.writeHead(response.status, Object.fromEntries(response.headers))
    // Whoever follows events sees at once that he does.
    if (reader !== undefined) res.flushHeaders()
    while (reader !== undefined) {
      const { done, value } = await reader.read()
      if (done || gone.aborted) break
      if (!res.write(value)) await once(res, 'drain', { signal: gone })
    }
  } catch (error) {
    cancel()
    if (!gone.aborted) throw error
  } finally {
    gone.removeEventListener('abort', cancel)
  }
  if (!gone.aborted) res.end()
}

module.exports = { middlewareOf, serve }
