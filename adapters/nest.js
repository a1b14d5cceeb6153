'use strict'

// `bellwether/nest`: the client as a NestJS module, on Express or Fastify. It runs before the body parsers, which would
// refuse large requests.

const { createApp } = require('../lib/http/app')
const { createMiddleware, serve } = require('../lib/http/node-adapter')

/**
 * @param {import('..').FailoverClient} client
 * @param {import('..').FailoverOptions<import('node:http').IncomingMessage>} [options]
 * @returns {ReturnType<typeof import('./nest').failover>}
 */
function failover (client, options = {}) {
  const app = createApp(client, options)
  // Loaded here, because only users of this adapter have Nest.
  const { HttpAdapterHost } = require('@nestjs/core')
  class BellwetherModule {
    /** @param {{ httpAdapter: any }} host */
    constructor ({ httpAdapter }) {
      mount(app, httpAdapter)
    }
  }
  // The metadata that a TypeScript decorator would emit.
  const { defineMetadata } = /** @type {any} */ (Reflect)
  defineMetadata('design:paramtypes', [HttpAdapterHost], BellwetherModule)
  return { module: BellwetherModule }
}

/** @param {import('../lib/http/app').App} app @param {any} httpAdapter */
function mount (app, httpAdapter) {
  if (httpAdapter.getType() !== 'fastify') return httpAdapter.use(createMiddleware(app))
  httpAdapter.getInstance().addHook('onRequest', (/** @type {any} */ request, /** @type {any} */ reply, /** @type {(error?: unknown) => void} */ done) => {
    const found = request.raw.method === 'TRACE' ? undefined : app.match(request.raw.url)
    if (found === undefined) return done()
    for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value)
    reply.hijack()
    serve(app, found, request.raw, reply.raw, request.raw).catch((error) => {
      if (!reply.raw.headersSent) reply.raw.statusCode = 500
      reply.raw.end()
      request.log.error({ err: error }, 'bellwether')
    })
  })
}

module.exports = { failover }
