'use strict'

// Adapts the app to Node's requests and responses.

const { Readable } = require('node:stream')
const { once } = require('node:events')
const { createUpgrade } = require('./events/upgrade')

/** @param {import('./app').App} app @returns {import('../../adapters/node').Middleware} */
function createMiddleware (app) {
  const middleware = (/** @type {any} */ req, /** @type {any} */ res, /** @type {(error?: unknown) => void} */ next) => {
    // The platform's Request does not support TRACE.
    const found = req.method === 'TRACE' ? undefined : app.match(req.url ?? '/')
    if (found === undefined) return next()
    serve(app, found, req, res, req).catch((error) => {
      // After the headers were sent, only a broken connection can show that the body is incomplete.
      if (res.headersSent) res.destroy(error)
      else next(error)
    })
  }
  return Object.assign(middleware, { upgrade: createUpgrade(app) })
}

/**
 * @param {import('./app').App} app
 * @param {import('./app').Match} found
 * @param {import('node:http').IncomingMessage & { body?: unknown }} req
 * @param {import('node:http').ServerResponse} res
 * @param {unknown} authorizeArgument The argument of `authorize`.
 */
async function serve (app, found, req, res, authorizeArgument) {
  // The caller has disconnected.
  if (res.destroyed) return
  const gone = new AbortController()
  res.once('close', () => { if (!res.writableFinished) gone.abort(new DOMException('The client is gone', 'AbortError')) })
  const method = req.method ?? 'GET'
  const headers = new Headers()
  for (const [name, value] of Object.entries(req.headers)) {
    // Pseudo-headers of HTTP/2.
    if (name.startsWith(':')) continue
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one)
  }
  const hasBody = found.part === 'proxy' && method !== 'GET' && method !== 'HEAD'
  // A body parser has consumed and decompressed the body: its length and encoding no longer apply.
  if (req.body !== undefined) for (const name of ['content-length', 'content-encoding']) headers.delete(name)
  const init = { method, headers, body: hasBody ? lazyStream(() => requestBody(req)) : undefined, signal: gone.signal, duplex: 'half' }
  let response
  try {
    response = await app.serve(found, new Request(found.url, /** @type {any} */ (init)), authorizeArgument)
  } catch (error) {
    if (gone.signal.aborted) return
    throw error
  }
  // Node would otherwise read the rest of an unread body, whatever its length.
  if (!req.complete && req.httpVersionMajor === 1) response.headers.set('connection', 'close')
  await send(response, res, gone)
}

/**
 * Returns a stream that starts reading on demand: until then the connection buffers the bytes.
 * @param {() => ReadableStream<Uint8Array>} make
 * @returns {ReadableStream<Uint8Array>}
 */
function lazyStream (make) {
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
 * Returns the body, or what a body parser made of it.
 * @param {import('node:http').IncomingMessage & { body?: unknown }} req
 * @returns {ReadableStream<Uint8Array>}
 */
function requestBody (req) {
  const { body } = req
  if (body === undefined || (req.readable && !req.readableEnded && isEmpty(body))) return /** @type {any} */ (Readable.toWeb(req))
  const content = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
  return /** @type {any} */ (new Response(/** @type {any} */ (content)).body)
}

/** Body parsers that read nothing leave `{}`. @param {unknown} body */
function isEmpty (body) {
  return body === null || (typeof body === 'object' && Object.keys(body).length === 0)
}

/**
 * @param {Response} response
 * @param {import('node:http').ServerResponse} res
 * @param {AbortController} disconnected
 */
async function send (response, res, disconnected) {
  const gone = disconnected.signal
  if (gone.aborted) {
    await response.body?.cancel(gone.reason)
    return
  }
  const reader = response.body?.getReader()
  const cancel = () => { reader?.cancel(gone.reason).catch(() => {}) }
  gone.addEventListener('abort', cancel, { once: true })
  // A body may break while its reader waits for the socket, as that of a slow listener does.
  reader?.closed.catch((error) => { if (res.writableNeedDrain) res.destroy(error) })
  try {
    res.writeHead(response.status, Object.fromEntries(response.headers))
    // A listener knows at once that its event stream is open.
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

module.exports = { createMiddleware, serve }
