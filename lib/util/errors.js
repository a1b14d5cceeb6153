'use strict'

// The error classes. Rust names a failure by its code; here it becomes an error that people can branch on.

const { once } = require('./process-singleton')

const BRAND = Symbol.for('bellwether.error')

class FailoverError extends Error {
  /**
   * @param {string} message
   * @param {Partial<import('../native/addon').WireError>} [data]
   * @param {unknown} [cause]
   */
  constructor (message, data = {}, cause) {
    super(message, cause === undefined ? undefined : { cause })
    /** @type {`ERR_BELLWETHER_${string}`} */
    this.code = `ERR_BELLWETHER_${data.code ?? 'CONFIG'}`
    /** @type {import('../..').FailureReason} */
    this.reason = data.reason ?? 'config'
    /** @type {number | undefined} */
    this.status = data.status
    /** @type {string | undefined} */
    this.endpoint = data.endpoint
    /** @type {string | undefined} */
    this.requestId = data.requestId
    /** @type {import('../..').Attempt[]} */
    this.attempts = data.attempts ?? []
    this.retryable = data.retryable ?? false
    /** @type {number | undefined} */
    this.retryAfterMs = data.retryAfterMs
    /** @type {string | undefined} */
    this.vendorCode = data.vendorCode
    this.retryBudgetExhausted = data.retryBudgetExhausted ?? false
  }

  /**
   * True also for an error of another copy of this package, where `instanceof` is not.
   * @template T
   * @this {new (...args: any[]) => T}
   * @param {any} value
   * @returns {value is T}
   */
  static isInstance (value) {
    return value instanceof this || (Array.isArray(value?.[BRAND]) && value[BRAND].includes(this.name))
  }
}

class ConfigError extends FailoverError {
  /**
   * @param {string} message
   * @param {Partial<import('../native/addon').WireError>} [data]
   */
  constructor (message, data = {}) {
    super(message, { ...data, code: 'CONFIG', reason: 'config' })
    /** @type {import('../..').ConfigProblem[]} */
    this.problems = data.problems ?? []
  }
}

class AuthenticationError extends FailoverError {}
class PermissionDeniedError extends FailoverError {}
class RateLimitError extends FailoverError {}
class QuotaExceededError extends FailoverError {}
class BadRequestError extends FailoverError {}
class ContextLengthError extends FailoverError {}
class ContentFilterError extends FailoverError {}
class NotFoundError extends FailoverError {}

class TimeoutError extends FailoverError {
  /**
   * @param {string} message
   * @param {Partial<import('../native/addon').WireError>} [data]
   */
  constructor (message, data = {}) {
    super(message, data)
    this.phase = data.phase ?? 'total'
  }
}

class ConnectionError extends FailoverError {}
class UpstreamError extends FailoverError {}

class StreamInterruptedError extends FailoverError {
  /**
   * @param {string} message
   * @param {Partial<import('../native/addon').WireError>} [data]
   */
  constructor (message, data = {}) {
    super(message, data)
    this.partial = data.interrupted?.partial ?? ''
    this.partialCompletion = data.interrupted?.partialCompletion
    this.usage = data.interrupted?.usage ?? undefined
  }
}

class AllEndpointsFailedError extends FailoverError {
  /**
   * @param {string} message
   * @param {Partial<import('../native/addon').WireError>} [data]
   */
  constructor (message, data = {}) {
    super(message, data)
    /** @type {import('../..').EndpointFailure[]} */
    this.errors = data.errors ?? []
    this.earliestRetryAt = data.earliestRetryAt
  }
}

class BudgetExceededError extends FailoverError {}
class QueueFullError extends FailoverError {}
class ClientClosedError extends FailoverError {}

const classes = {
  FailoverError,
  ConfigError,
  AuthenticationError,
  PermissionDeniedError,
  RateLimitError,
  QuotaExceededError,
  BadRequestError,
  ContextLengthError,
  ContentFilterError,
  NotFoundError,
  TimeoutError,
  ConnectionError,
  UpstreamError,
  StreamInterruptedError,
  AllEndpointsFailedError,
  BudgetExceededError,
  QueueFullError,
  ClientClosedError
}

for (const [name, type] of Object.entries(classes)) {
  const brands = name === 'FailoverError' ? [name] : ['FailoverError', name]
  Object.defineProperty(type.prototype, BRAND, { value: brands })
  Object.defineProperty(type.prototype, 'name', { value: name, configurable: true, writable: true })
}

/** @type {Record<string, new (message: string, data: any) => FailoverError>} */
const BY_CODE = {
  CONFIG: ConfigError,
  AUTHENTICATION: AuthenticationError,
  PERMISSION_DENIED: PermissionDeniedError,
  RATE_LIMIT: RateLimitError,
  QUOTA_EXCEEDED: QuotaExceededError,
  BAD_REQUEST: BadRequestError,
  CONTEXT_LENGTH: ContextLengthError,
  CONTENT_FILTER: ContentFilterError,
  NOT_FOUND: NotFoundError,
  TIMEOUT: TimeoutError,
  CONNECTION: ConnectionError,
  UPSTREAM: UpstreamError,
  STREAM_INTERRUPTED: StreamInterruptedError,
  ALL_ENDPOINTS_FAILED: AllEndpointsFailedError,
  BUDGET_EXCEEDED: BudgetExceededError,
  QUEUE_FULL: QueueFullError,
  CLIENT_CLOSED: ClientClosedError
}

/**
 * Makes an error of what Rust says about a failed call.
 * @param {string} json
 */
function fromWire (json) {
  const data = JSON.parse(json)
  return new (BY_CODE[data.code] ?? FailoverError)(data.message, data)
}

/**
 * `file:line:column path message`, with as much of it as there is.
 * @param {import('../..').ConfigProblem} problem
 */
function lineOf ({ file, line, column, path, message }) {
  const place = file ? [file, line, column].filter((part) => part !== undefined).join(':') : ''
  return [place, path, message].filter(Boolean).join(' ')
}

/** More than these in one message nobody reads. */
const MOST_TOLD = 100

/**
 * An error for all that is wrong with some options.
 * @param {import('../..').ConfigProblem[]} problems
 */
function ofProblems (problems) {
  const lines = problems.slice(0, MOST_TOLD).map(lineOf)
  if (problems.length > MOST_TOLD) lines.push(`and ${problems.length - MOST_TOLD} more, in problems`)
  const message = lines.length === 1 ? lines[0] : `${problems.length} options are not valid:\n- ${lines.join('\n- ')}`
  return new ConfigError(message, { problems })
}

/** @param {string} message @param {unknown} [cause] */
function badRequest (message, cause) {
  return new BadRequestError(message, { code: 'BAD_REQUEST', reason: 'badRequest' }, cause)
}

function closed () {
  return new ClientClosedError('the client is closed', { code: 'CLIENT_CLOSED', reason: 'closed' })
}

module.exports = once('errors', () => ({ classes, fromWire, lineOf, ofProblems, badRequest, closed }))
