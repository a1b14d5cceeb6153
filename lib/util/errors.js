'use strict'

// The error classes of the package. Rust names a failure by its code; each code has a class to branch on.

const { processSingleton } = require('./process-singleton')

const BRAND = Symbol.for('bellwether.error')

class FailoverError extends Error {
  /**
   * @param {string} message
   * @param {Partial<import('../native/addon').NativeError>} [data]
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
   * Like `instanceof`, but also true for errors of another copy of this package.
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
   * @param {Partial<import('../native/addon').NativeError>} [data]
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
   * @param {Partial<import('../native/addon').NativeError>} [data]
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
   * @param {Partial<import('../native/addon').NativeError>} [data]
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
   * @param {Partial<import('../native/addon').NativeError>} [data]
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

/** Creates the error for a failed call from what Rust reports. @param {string} json */
function errorFromNative (json) {
  const data = JSON.parse(json)
  return new (BY_CODE[data.code] ?? FailoverError)(data.message, data)
}

/**
 * Formats a problem as `file:line:column path message`, without the parts that are missing.
 * @param {import('../..').ConfigProblem} problem
 */
function formatProblem ({ file, line, column, path, message }) {
  const location = file ? [file, line, column].filter((part) => part !== undefined).join(':') : ''
  return [location, path, message].filter(Boolean).join(' ')
}

/** Problems that are listed in one message. */
const MAX_LISTED = 100

/** Creates one error for all invalid options. @param {import('../..').ConfigProblem[]} problems */
function configError (problems) {
  const lines = problems.slice(0, MAX_LISTED).map(formatProblem)
  if (problems.length > MAX_LISTED) lines.push(`and ${problems.length - MAX_LISTED} more, in problems`)
  const message = lines.length === 1 ? lines[0] : `${problems.length} options are not valid:\n- ${lines.join('\n- ')}`
  return new ConfigError(message, { problems })
}

/** @param {string} message @param {unknown} [cause] */
function badRequestError (message, cause) {
  return new BadRequestError(message, { code: 'BAD_REQUEST', reason: 'badRequest' }, cause)
}

function clientClosedError () {
  return new ClientClosedError('the client is closed', { code: 'CLIENT_CLOSED', reason: 'closed' })
}

module.exports = processSingleton('errors', () => ({ classes, errorFromNative, formatProblem, configError, badRequestError, clientClosedError }))
