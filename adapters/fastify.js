'use strict'

// `bellwether/fastify`: the client as a Fastify plugin. The plugin has a context without body parsers, and writes
// responses to the connection itself as they arrive.

const { createApp } = require('../lib/http/app')
const { serve } = require('../lib/http/node-adapter')

/** Google's versions are mounted beside `/v1`. */
const VERSIONS = ['v1', 'v1beta', 'v1alpha', 'v1beta1']

/**
 * @param {import('..').FailoverClient} client
 * @param {import('..').FailoverOptions<any>} [options]
 * @returns {ReturnType<typeof import('./fastify').failover>}
 */
function failover (client, options = {}) {
  // Reports invalid options here instead of when the server starts.
  createApp(client, options)
  return async (instance) => {
    const base = `${instance.prefix}${options.base ?? ''}`
    const app = createApp(client, { ...options, base })
    instance.removeAllContentTypeParsers()
    instance.addContentTypeParser('*', (/** @type {unknown} */ _request, /** @type {unknown} */ _payload, /** @type {(error: null) => void} */ done) => done(null))
    const handler = async (/** @type {any} */ request, /** @type {any} */ reply) => {
      const found = app.match(request.raw.url)
      if (found === undefined) return reply.callNotFound()
      // Headers that earlier hooks have set, such as CORS.
      for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value)
      reply.hijack()
      try {
        await serve(app, found, request.raw, reply.raw, request)
      } catch (error) {
        request.log.error({ err: error }, 'bellwether')
        if (reply.raw.headersSent) return reply.raw.destroy(error)
        reply.raw.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"internal error","type":"server_error","param":null,"code":null}}')
      }
    }
    for (const url of routes(app.settings.paths, options.base ?? '')) {
      instance.route({ method: ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PUT', 'PATCH'], url, handler, exposeHeadRoute: false })
    }
  }
}

/**
 * @param {Record<string, string | undefined>} paths
 * @param {string} base
 */
function routes ({ proxy, ...paths }, base) {
  const urls = Object.entries(paths).flatMap(([part, path]) => path === undefined ? [] : part === 'dashboard' ? [path, `${path}/*`] : [path])
  if (proxy !== undefined) {
    const parentPath = proxy.endsWith('/v1') ? proxy.slice(0, -'/v1'.length) : undefined
    urls.push(...(parentPath === undefined ? [`${proxy}/*`] : VERSIONS.map((version) => `${parentPath}/${version}/*`)))
  }
  return urls.map((url) => base + url)
}

module.exports = { failover }
