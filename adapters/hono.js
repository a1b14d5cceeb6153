'use strict'

// `bellwether/hono`: the client as middleware of Hono's. What it does not serve goes on to what comes next.

const { createSurface } = require('../lib/http/app')

/**
 * @param {import('..').FailoverClient} client
 * @param {import('..').FailoverOptions<any>} [options]
 * @returns {ReturnType<typeof import('./hono').failover>}
 */
function failover (client, options = {}) {
  const surface = createSurface(client, options)
  return async (context, next) => {
    const request = context.req.raw
    const { pathname, search } = new URL(request.url)
    const found = surface.find(pathname + search)
    return found === undefined ? next() : surface.serve(found, request, context)
  }
}

module.exports = { failover }
