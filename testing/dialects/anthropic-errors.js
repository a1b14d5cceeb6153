'use strict'

// Errors as Anthropic sends them: {"type": "error", "error": {type, message, details?}, request_id}.

/** @typedef {{ status: number, type: string, message: string, code?: string, headers?: Record<string, string> }} Spec */

/** @type {Record<string, (options: Record<string, any>, model: string, hit: import('../index').Hit) => Spec>} */
const KINDS = {
  rateLimited: ({ limit = 'requests' }) => ({
    status: 429, type: 'rate_limit_error',
    message: limit === 'tokens'
      ? 'This request would exceed the rate limit for your organization (org-test) of 30,000 input tokens per minute. For details, refer to: https://docs.claude.com/en/api/rate-limits.'
      : 'This request would exceed the rate limit for your organization (org-test) of 50 requests per minute. For details, refer to: https://docs.claude.com/en/api/rate-limits.',
    headers: limit === 'tokens' ? limits('input-tokens', 30_000, 0, 59) : limits('requests', 50, 0, 1),
  }),
  slowDown: () => ({
    status: 429, type: 'rate_limit_error', code: 'ramp_limit_exceeded',
    message: 'Your usage is increasing too quickly. Please ramp up more slowly.',
  }),
  tooLargeForLimit: () => ({ status: 429, type: 'rate_limit_error', message: 'Extra usage is required for long context requests.' }),
  quota: ({ code = 'enforced_spend_limit_reached' }) => ({
    status: 429, type: 'rate_limit_error', code,
    message: 'Your organization has reached its monthly spend limit.',
  }),
  insufficientBalance: () => ({
    status: 402, type: 'billing_error',
    message: 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
  }),
  overloaded: () => ({ status: 529, type: 'overloaded_error', message: 'Overloaded' }),
  serverError: () => ({ status: 500, type: 'api_error', message: 'Internal server error' }),
  unavailable: () => ({ status: 503, type: 'api_error', message: 'Service unavailable' }),
  gatewayTimeout: () => ({ status: 504, type: 'timeout_error', message: 'Request timed out' }),
  requestTimeout: () => ({ status: 408, type: 'timeout_error', message: 'Request timed out' }),
  conflict: () => ({ status: 409, type: 'conflict_error', message: 'The resource was changed by another request.' }),
  auth: (_options, _model, hit) => ({
    status: 401, type: 'authentication_error',
    message: hit.headers.authorization !== undefined ? 'Invalid bearer token' : hit.headers['x-api-key'] === undefined ? 'x-api-key header is required' : 'invalid x-api-key',
  }),
  permission: () => ({ status: 403, type: 'permission_error', message: 'Your API key does not have permission to use the specified resource' }),
  notFound: (_options, model) => ({ status: 404, type: 'not_found_error', message: `model: ${model}` }),
  badRequest: () => ({ status: 400, type: 'invalid_request_error', message: 'messages: Field required' }),
  unsupportedParameter: ({ param = 'temperature' }) => ({ status: 400, type: 'invalid_request_error', message: `${param}: Extra inputs are not permitted` }),
  unprocessable: () => ({ status: 422, type: 'invalid_request_error', message: 'The request was well-formed but could not be followed.' }),
  tooLarge: () => ({ status: 413, type: 'request_too_large', message: 'Request exceeds the maximum size' }),
  contextLength: () => ({ status: 400, type: 'invalid_request_error', message: 'prompt is too long: 213462 tokens > 200000 maximum' }),
  contentFilter: () => ({ status: 400, type: 'invalid_request_error', message: 'Output blocked by content filtering policy' }),
  noRoute: () => ({ status: 404, type: 'not_found_error', message: 'Not Found' }),
}

/** @type {import('./index').Dialect['error']} */
function error(kind, options, hit, identity) {
  const make = /** @type {(typeof KINDS)[string]} */ (KINDS[kind])
  const { status, type, message, code, headers = {} } = { ...make(options, hit.model ?? 'unknown', hit), ...options }
  const details = code === undefined ? {} : { details: { error_code: code } }
  return { status, headers, body: { type: 'error', error: { type, message, ...details }, request_id: requestId(identity, hit.n) } }
}

/** @param {import('./index').Identity} identity @param {number} n */
const requestId = ({ name }, n) => `req_${name}_${n}`

/**
 * The headers of a limit: what remains, and when it resets. @param {string} of @param {number} limit @param {number}
 * remaining @param {number} seconds
 */
function limits(of, limit, remaining, seconds) {
  const reset = new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z')
  const name = `anthropic-ratelimit-${of}`
  return { [`${name}-limit`]: String(limit), [`${name}-remaining`]: String(remaining), [`${name}-reset`]: reset }
}

module.exports = { error, KINDS, limits, requestId }
