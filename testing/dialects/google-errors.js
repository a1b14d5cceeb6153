'use strict'

// Errors as Google sends them: {"error": {code, message, status, details}}.

/** @typedef {import('../index').Hit} Hit */
/** @typedef {{ status: number, word: string, message: string, details?: object[], headers?: Record<string, string> }} Spec */

const TYPE = 'type.googleapis.com/google.rpc'
const QUOTA_PAGE = 'For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.'

/** @param {string} reason @param {Record<string, string>} [metadata] */
const info = (reason, metadata = { service: 'generativelanguage.googleapis.com' }) => ({ '@type': `${TYPE}.ErrorInfo`, reason, domain: 'googleapis.com', metadata })

/** @param {string} metric @param {string} quotaId @param {string} quotaValue @param {string} model */
const quotaFailure = (metric, quotaId, quotaValue, model) => ({
  '@type': `${TYPE}.QuotaFailure`,
  violations: [{ quotaMetric: `generativelanguage.googleapis.com/${metric}`, quotaId, quotaDimensions: { location: 'global', model }, quotaValue }],
})

const HELP = { '@type': `${TYPE}.Help`, links: [{ description: 'Learn more about Gemini API quotas', url: 'https://ai.google.dev/gemini-api/docs/rate-limits' }] }

/** @param {string} description */
const violation = (description) => ({ '@type': `${TYPE}.BadRequest`, fieldViolations: [{ description }] })

/** @type {Record<string, (options: Record<string, any>, model: string, hit: Hit) => Spec>} */
const KINDS = {
  rateLimited: ({ limit = 'requests' }, model) => ({
    status: 429, word: 'RESOURCE_EXHAUSTED',
    message: `You exceeded your current quota, please check your plan and billing details. ${QUOTA_PAGE}`,
    details: [limit === 'tokens'
      ? quotaFailure('generate_content_paid_tier_input_token_count', 'GenerateContentPaidTierInputTokensPerModelPerMinute', '1000000', model)
      : quotaFailure('generate_content_free_tier_requests', 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier', '10', model), HELP],
  }),
  slowDown: () => ({ status: 429, word: 'RESOURCE_EXHAUSTED', message: 'Resource has been exhausted (e.g. check quota).' }),
  tooLargeForLimit: () => ({ status: 429, word: 'RESOURCE_EXHAUSTED', message: 'Request too large for the limit of input tokens per minute.' }),
  quota: (_options, model) => ({
    status: 429, word: 'RESOURCE_EXHAUSTED',
    message: `You exceeded your current quota, please check your plan and billing details. ${QUOTA_PAGE}`,
    details: [quotaFailure('generate_content_free_tier_requests', 'GenerateRequestsPerDayPerProjectPerModel-FreeTier', '250', model), HELP],
  }),
  insufficientBalance: () => ({ status: 402, word: 'RESOURCE_EXHAUSTED', message: 'Your prepayment credits are depleted. Please go to AI Studio to manage your project and billing.' }),
  overloaded: () => ({ status: 503, word: 'UNAVAILABLE', message: 'The model is overloaded. Please try again later.' }),
  serverError: () => ({ status: 500, word: 'INTERNAL', message: 'An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting' }),
  unavailable: () => ({ status: 503, word: 'UNAVAILABLE', message: 'The service is currently unavailable.' }),
  gatewayTimeout: () => ({ status: 504, word: 'DEADLINE_EXCEEDED', message: 'Deadline expired before operation could complete.' }),
  requestTimeout: () => ({ status: 408, word: 'CANCELLED', message: 'The request timed out.' }),
  conflict: () => ({ status: 409, word: 'ABORTED', message: 'The operation was aborted.' }),
  auth: (_options, _model, hit) => (hit.headers.authorization === undefined
    ? { status: 400, word: 'INVALID_ARGUMENT', message: 'API key not valid. Please pass a valid API key.', details: [info('API_KEY_INVALID'), { '@type': `${TYPE}.LocalizedMessage`, locale: 'en-US', message: 'API key not valid. Please pass a valid API key.' }] }
    : { status: 401, word: 'UNAUTHENTICATED', message: 'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.', details: [info('ACCESS_TOKEN_TYPE_UNSUPPORTED')] }),
  permission: () => ({
    status: 403, word: 'PERMISSION_DENIED', message: 'Generative Language API has not been used in project 1 before or it is disabled.',
    details: [info('SERVICE_DISABLED', { service: 'generativelanguage.googleapis.com', consumer: 'projects/1' })],
  }),
  notFound: (_options, model, hit) => ({
    status: 404, word: 'NOT_FOUND',
    message: `models/${model} is not found for API version ${/\/(v1\w*)\//.exec(hit.path)?.[1] ?? 'v1beta'}, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`,
  }),
  badRequest: () => invalid('* GenerateContentRequest.contents: contents is not specified\n'),
  unsupportedParameter: ({ param = 'frequency' }) => {
    const message = `Invalid JSON payload received. Unknown name "${param}": Cannot find field.`
    return { ...invalid(message), details: [violation(message)] }
  },
  unprocessable: () => ({ ...invalid('The request was well-formed but could not be followed.'), status: 422 }),
  tooLarge: () => invalid('Request payload size exceeds the limit: 20971520 bytes.'),
  contextLength: () => invalid('The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).'),
  contentFilter: () => ({ status: 200, word: '', message: 'PROHIBITED_CONTENT' }),
  noRoute: () => ({ status: 404, word: 'NOT_FOUND', message: 'Requested entity was not found.' }),
}

/** @param {string} message @returns {Spec} */
function invalid(message) {
  return { status: 400, word: 'INVALID_ARGUMENT', message }
}

/** @type {import('./index').Dialect['error']} */
function error(kind, options, hit) {
  const make = /** @type {(typeof KINDS)[string]} */ (KINDS[kind])
  const { type, code, ...others } = options
  const spec = { ...make(options, hit.model ?? 'unknown', hit), ...others, ...(type === undefined ? {} : { word: type }) }
  const headers = spec.headers ?? {}
  if (spec.status < 400) return blocked(spec, headers, hit)
  const details = [...(code === undefined ? [] : [info(code)]), ...(spec.details ?? [])]
  const body = { error: { code: spec.status, message: spec.message, status: spec.word, ...(details.length === 0 ? {} : { details }) } }
  if (!hit.stream) return { status: spec.status, headers, body }
  // As at Google: the error of a stream has the content type of a stream, but the body of a plain error. With an array
  // as the stream's format, the error is in an array as well.
  return isArray(hit) ? { status: spec.status, headers, body: [body] } : { status: spec.status, headers: { 'content-type': 'text/event-stream', ...headers }, body }
}

/**
 * A refused prompt is answered without candidates. @param {Spec} spec @param {Record<string, string>} headers @param
 * {Hit} hit
 */
function blocked({ status, message }, headers, hit) {
  const body = { promptFeedback: { blockReason: message }, usageMetadata: { promptTokenCount: 1, totalTokenCount: 1 }, modelVersion: hit.model }
  if (!hit.stream) return { status, headers, body }
  return isArray(hit) ? { status, headers, body: [body] } : { status, headers, body, events: [/** @type {import('./index').Event} */ ({ kind: 'finish', data: body })] }
}

/** Without `alt=sse`, a stream is an array. @param {Hit} hit */
const isArray = (hit) => hit.stream && !/[?&]alt=sse(&|$)/.test(hit.path)

module.exports = { error, isArray, KINDS }
