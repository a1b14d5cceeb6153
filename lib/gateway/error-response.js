'use strict'

// Formats an error as the vendor of a dialect would, so that its SDK raises the matching class.

const { classes } = require('../util/errors')

/** Statuses for errors that have none. @type {[new (...args: any[]) => Error, number][]} */
const STATUSES = [
  [classes.ContextLengthError, 400],
  [classes.ContentFilterError, 400],
  [classes.BadRequestError, 400],
  [classes.ConfigError, 400],
  [classes.AuthenticationError, 401],
  [classes.BudgetExceededError, 402],
  [classes.PermissionDeniedError, 403],
  [classes.NotFoundError, 404],
  [classes.RateLimitError, 429],
  [classes.QuotaExceededError, 429],
  [classes.ConnectionError, 502],
  [classes.TimeoutError, 504]
]

const ANTHROPIC_TYPES = new Map([[400, 'invalid_request_error'], [401, 'authentication_error'], [402, 'billing_error'], [403, 'permission_error'], [404, 'not_found_error'], [413, 'request_too_large'], [429, 'rate_limit_error'], [503, 'overloaded_error'], [504, 'timeout_error'], [529, 'overloaded_error']])
const GOOGLE_STATUSES = new Map([[400, 'INVALID_ARGUMENT'], [401, 'UNAUTHENTICATED'], [402, 'RESOURCE_EXHAUSTED'], [403, 'PERMISSION_DENIED'], [404, 'NOT_FOUND'], [409, 'ABORTED'], [429, 'RESOURCE_EXHAUSTED'], [503, 'UNAVAILABLE'], [504, 'DEADLINE_EXCEEDED']])
const OPENAI_TYPES = new Map([[401, 'authentication_error'], [403, 'permission_error'], [429, 'rate_limit_error']])

/** @param {any} error @returns {number} */
function statusOf (error) {
  if (Number.isInteger(error?.status) && error.status >= 400 && error.status <= 599) return error.status
  const found = STATUSES.find(([kind]) => error instanceof kind)
  return found?.[1] ?? 503
}

/** Returns the vendor's id of the request, else the call's own. @param {any} error @returns {string | undefined} */
function requestIdOf (error) {
  return error?.attempts?.at(-1)?.vendorRequestId ?? error?.requestId
}

/**
 * Returns the body of an error response, or the data of an error event in a stream.
 * @param {'openai' | 'anthropic' | 'google'} dialect
 * @param {any} error
 * @param {number} status
 */
function errorBody (dialect, error, status) {
  const message = error?.message ?? 'the request failed'
  if (dialect === 'anthropic') {
    const type = ANTHROPIC_TYPES.get(status) ?? (status < 500 ? 'invalid_request_error' : 'api_error')
    return { type: 'error', error: { type, message }, request_id: requestIdOf(error) ?? null }
  }
  if (dialect === 'google') {
    return { error: { code: status, message, status: GOOGLE_STATUSES.get(status) ?? (status < 500 ? 'FAILED_PRECONDITION' : 'INTERNAL') } }
  }
  const type = OPENAI_TYPES.get(status) ?? (status < 500 ? 'invalid_request_error' : 'server_error')
  return { error: { message, type, param: null, code: error?.vendorCode ?? error?.reason ?? null } }
}

/**
 * @param {'openai' | 'anthropic' | 'google'} dialect
 * @param {any} error
 * @returns {Response}
 */
function errorResponse (dialect, error) {
  const status = statusOf(error)
  const headers = new Headers({ 'content-type': 'application/json', 'x-should-retry': 'false' })
  const requestId = requestIdOf(error)
  if (requestId) headers.set(dialect === 'anthropic' ? 'request-id' : 'x-request-id', requestId)
  if (error?.requestId) {
    headers.set('x-bellwether-request-id', error.requestId)
    headers.set('x-bellwether-attempts', String(error.attempts.length))
  }
  // An error of several endpoints names none.
  if (error?.endpoint) headers.set('x-bellwether-endpoint', encodeURIComponent(error.endpoint))
  if (error?.retryAfterMs !== undefined && (status === 429 || status === 503 || status === 529)) {
    headers.set('retry-after', String(Math.ceil(error.retryAfterMs / 1000)))
    headers.set('retry-after-ms', String(Math.round(error.retryAfterMs)))
  }
  return new Response(JSON.stringify(errorBody(dialect, error, status)), { status, headers })
}

module.exports = { errorResponse, errorBody, statusOf }
