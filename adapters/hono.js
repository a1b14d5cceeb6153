'use strict'

// `bellwether/hono`: the client as Hono middleware. Requests that it does not serve go to the next handler.

const { createApp } = require('../lib/http/app')

/**
 * @param {import('..').FailoverClient} client
 * @param {import('..').FailoverOptions<any>} [options]
 * @returns {ReturnType<typeof import('./hono').failover>}
 */
function failover (client, options = {}) {
  const app = createApp(client, options)
  return async (context, next) => {
    const request = context.req.raw
    const { pathname, search } = new URL(request.url)
    const found = app.match(pathname + search)
    return found === undefined ? next() : app.serve(found, request, context)
  }
}

module.exports = { failover }
