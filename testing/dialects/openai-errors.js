'use strict'

// Errors as OpenAI and its compatibles send them: {"error": {message, type, param, code}}.

/** @typedef {import('../index').Hit} Hit */
/** @typedef {{ status: number, message: string, type: string, code?: string | null, param?: string | null, headers?: Record<string, string> }} Spec */

const LIMITS_PAGE = 'Visit https://platform.openai.com/account/rate-limits to learn more.'

/** @type {Record<string, (options: Record<string, any>, model: string, hit: Hit) => Spec>} */
const KINDS = {
  rateLimited: ({ limit = 'requests' }, model) => ({
    status: 429, type: limit, code: 'rate_limit_exceeded',
    message: limit === 'tokens'
      ? `Rate limit reached for ${model} in organization org-test on tokens per min (TPM): Limit 30000, Used 29500, Requested 900. ${LIMITS_PAGE}`
      : `Rate limit reached for ${model} in organization org-test on requests per min (RPM): Limit 500, Used 500, Requested 1. ${LIMITS_PAGE}`,
    headers: {
      [`x-ratelimit-limit-${limit}`]: limit === 'tokens' ? '30000' : '500',
      [`x-ratelimit-remaining-${limit}`]: limit === 'tokens' ? '500' : '0',
      [`x-ratelimit-reset-${limit}`]: limit === 'tokens' ? '59s' : '120ms',
    },
  }),
  slowDown: () => ({
    status: 429, type: 'rate_limit_error', code: 'slow_down',
    message: 'Your request rate is increasing too quickly. Please reduce it to its earlier level and raise it gradually.',
  }),
  tooLargeForLimit: (_options, model) => ({
    status: 429, type: 'tokens', code: 'rate_limit_exceeded',
    message: `Request too large for ${model} in organization org-test on tokens per min (TPM): Limit 30000, Requested 45000. The input or output tokens must be reduced in order to run successfully. ${LIMITS_PAGE}`,
  }),
  quota: ({ code = 'insufficient_quota' }) => ({
    status: 429, type: 'insufficient_quota', code,
    message: 'You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.',
  }),
  insufficientBalance: () => ({ status: 402, type: 'unknown_error', code: 'invalid_request_error', message: 'Insufficient Balance' }),
  overloaded: () => ({
    status: 503, type: 'service_unavailable_error', code: 'server_is_overloaded',
    message: 'Our servers are currently overloaded. Please try again later.',
  }),
  serverError: () => ({ status: 500, type: 'server_error', code: null, message: 'The server had an error while processing your request. Sorry about that!' }),
  unavailable: () => ({ status: 503, type: 'server_error', code: null, message: 'That model is currently unavailable. You can retry your request.' }),
  gatewayTimeout: () => ({ status: 504, type: 'server_error', code: null, message: 'Gateway timeout' }),
  requestTimeout: () => ({ status: 408, type: 'timeout', code: null, message: 'Request timed out.' }),
  conflict: () => ({ status: 409, type: 'conflict', code: null, message: 'The resource was updated by another request. Please retry.' }),
  auth: (_options, _model, hit) => ({
    status: 401, type: 'invalid_request_error', code: 'invalid_api_key',
    message: `Incorrect API key provided: ${masked(hit)}. You can find your API key at https://platform.openai.com/account/api-keys.`,
  }),
  permission: () => ({
    status: 403, type: 'request_forbidden', code: 'unsupported_country_region_territory',
    message: 'Country, region, or territory not supported',
  }),
  notFound: (_options, model) => ({
    status: 404, type: 'invalid_request_error', code: 'model_not_found',
    message: `The model \`${model}\` does not exist or you do not have access to it.`,
  }),
  badRequest: () => ({ status: 400, type: 'invalid_request_error', code: null, message: "Invalid value for 'messages'." }),
  unsupportedParameter: ({ param = 'max_tokens' }) => ({
    status: 400, type: 'invalid_request_error', code: 'unsupported_parameter', param,
    message: `Unsupported parameter: '${param}' is not supported with this model. Use 'max_completion_tokens' instead.`,
  }),
  unprocessable: () => ({ status: 422, type: 'invalid_request_error', code: null, message: 'The request was well-formed but could not be followed.' }),
  tooLarge: () => ({ status: 413, type: 'invalid_request_error', code: null, message: 'Request body is too large.' }),
  contextLength: () => ({
    status: 400, type: 'invalid_request_error', code: 'context_length_exceeded', param: 'messages',
    message: "This model's maximum context length is 128000 tokens. However, your messages resulted in 140231 tokens. Please reduce the length of the messages.",
  }),
  contentFilter: () => ({
    status: 400, type: 'invalid_request_error', code: 'content_policy_violation',
    message: 'Your request was rejected as a result of our safety system.',
  }),
  noRoute: (_options, _model, hit) => ({ status: 404, type: 'invalid_request_error', code: null, message: `Invalid URL (${hit.method} ${hit.path})` }),
}

/** @type {import('./index').Dialect['error']} */
function error(kind, options, hit) {
  const make = /** @type {(typeof KINDS)[string]} */ (KINDS[kind])
  const spec = { ...make(options, hit.model ?? 'unknown', hit), ...options }
  return {
    status: spec.status,
    headers: spec.headers ?? {},
    body: { error: { message: spec.message, type: spec.type, param: spec.param ?? null, code: spec.code ?? null } },
  }
}

/** @param {Hit} hit */
function masked(hit) {
  const key = (hit.headers.authorization ?? '').replace(/^Bearer /i, '')
  return key.length < 8 ? '****' : `${key.slice(0, 3)}${'*'.repeat(8)}${key.slice(-4)}`
}

module.exports = { error, KINDS }
