'use strict'

// `bellwether/nest`: the client as a module of NestJS's, on Express or on Fastify. It takes its place before the parsers
// of bodies, which would refuse what is larger than they are made for.

const { createSurface } = require('../lib/http/app')
const { middlewareOf, serve } = require('../lib/http/node-adapter')

/**
 * @param {import('..').FailoverClient} client
 * @param {import('..').FailoverOptions<import('node:http').IncomingMessage>} [options]
 * @returns {ReturnType<typeof import('./nest').failover>}
 */
function failover (client, options = {}) {
  const surface = createSurface(client, options)
  // Loaded by those who have Nest.
  const { HttpAdapterHost } = require('@nestjs/core')
  class BellwetherModule {
    /** @param {{ httpAdapter: any }} host */
    constructor ({ httpAdapter }) {
      mount(surface, httpAdapter)
    }
  }
  // What the decorators would note; this file is no TypeScript.
  const { defineMetadata } = /** @type {any} */ (Reflect)
  defineMetadata('design:paramtypes', [HttpAdapterHost], BellwetherModule)
  return { module: BellwetherModule }
}

/** @param {import('../lib/http/app').Surface} surface @param {any} httpAdapter */
function mount (surface, httpAdapter) {
  if (httpAdapter.getType() !== 'fastify') return httpAdapter.use(middlewareOf(surface))
  httpAdapter.getInstance().addHook('onRequest', (/** @type {any} */ request, /** @type {any} */ reply, /** @type {(error?: unknown) => void} */ done) => {
    const found = request.raw.method === 'TRACE' ? undefined : surface.find(request.raw.url)
    if (found === undefined) return done()
    for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value)
    reply.hijack()
    serve(surface, found, request.raw, reply.raw, request.raw).catch((error) => {
      if (!reply.raw.headersSent) reply.raw.statusCode = 500
      reply.raw.end()
      request.log.error({ err: error }, 'bellwether')
    })
  })
}

module.exports = { failover }
