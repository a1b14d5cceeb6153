'use strict'

// `bellwether/next`: the client as a route handler of Next, or of any framework that turns a Request into a Response.

const { createApp } = require('../lib/http/app')

/**
 * @param {import('..').FailoverClient} client
 * @param {import('..').FailoverOptions<Request>} [options]
 * @returns {import('./next').RouteHandlers}
 */
function failover (client, options = {}) {
  const app = createApp(client, options)
  const handle = async (/** @type {Request} */ request) => {
    const { pathname, search } = new URL(request.url)
    const found = app.match(pathname + search)
    if (found !== undefined) return app.serve(found, request, request)
    return Response.json({ error: { message: 'no route for this request', type: 'invalid_request_error', param: null, code: null } }, { status: 404 })
  }
  return { GET: handle, HEAD: handle, POST: handle, DELETE: handle, OPTIONS: handle, PUT: handle, PATCH: handle }
}

module.exports = { failover }
