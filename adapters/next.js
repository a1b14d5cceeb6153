'use strict'

// `bellwether/next`: the client as a route handler of Next's, or of whatever else goes from a Request to a Response.

const { createSurface } = require('../lib/http/app')

/**
 * @param {import('..').FailoverClient} client
 * @param {import('..').FailoverOptions<Request>} [options]
 * @returns {import('./next').RouteHandlers}
 */
function failover (client, options = {}) {
  const surface = createSurface(client, options)
  const handle = async (/** @type {Request} */ request) => {
    const { pathname, search } = new URL(request.url)
    const found = surface.find(pathname + search)
    if (found !== undefined) return surface.serve(found, request, request)
    return Response.json({ error: { message: 'there is nothing here', type: 'invalid_request_error', param: null, code: null } }, { status: 404 })
  }
  return { GET: handle, HEAD: handle, POST: handle, DELETE: handle, OPTIONS: handle, PUT: handle, PATCH: handle }
}

module.exports = { failover }
