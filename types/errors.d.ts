import type { ChatCompletion } from './openai'
import type { Attempt, FailureReason, Usage } from './reports'

/**
 * The base class of all errors. Branch on the class, `code` or `reason`; messages may change. Errors contain no
 * secrets.
 */
export class FailoverError extends Error {
  /** The package creates errors; the constructor exists for tests. */
  constructor(message: string, data?: object)
  /**
   * Each class has its own code. This class itself has `…_STREAM_TAKEN` for a stream that is read twice, and
   * `…_INTERNAL` for a bug in this package.
   */
  readonly code: `ERR_BELLWETHER_${string}`
  readonly reason: FailureReason
  /** The HTTP status; undefined without a response. */
  readonly status: number | undefined
  /** The endpoint that failed; undefined if none was called. */
  readonly endpoint: string | undefined
  readonly requestId: string | undefined
  /** Every attempt and every skipped candidate. */
  readonly attempts: Attempt[]
  /** Whether the same call may succeed later. */
  readonly retryable: boolean
  /** Milliseconds until a retry may succeed; undefined if unknown. */
  readonly retryAfterMs: number | undefined
  /** The vendor's error code. */
  readonly vendorCode: string | undefined
  /** True if the retry budget denied a retry. */
  readonly retryBudgetExhausted: boolean
  /** Like `instanceof`, but also true for errors of another copy of this package. */
  static isInstance(value: unknown): value is FailoverError
}

/**
 * Invalid options. Thrown by constructors; calls reject with it. Options are plain objects: values that JSON cannot
 * hold, class instances and objects that cannot be read are refused.
 */
export class ConfigError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_CONFIG'
  /** Every problem, with its path: `endpoints[1].baseURL`. */
  readonly problems: ConfigProblem[]
  static isInstance(value: unknown): value is ConfigError
}

export interface ConfigProblem {
  /** The configuration file; absent for options. */
  file?: string
  /** From 1. */
  line?: number
  column?: number
  /**
   * `endpoints[1].baseURL`; for a file as written there: `gateways.fallback_chain[1].max_latency_ms`. Empty for the
   * whole.
   */
  path: string
  /** The given and the accepted values; never a secret. */
  message: string
}

/** 401: the vendor refused the key. */
export class AuthenticationError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_AUTHENTICATION'
  static isInstance(value: unknown): value is AuthenticationError
}

/** 403: the key is valid but lacks permission. */
export class PermissionDeniedError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_PERMISSION_DENIED'
  static isInstance(value: unknown): value is PermissionDeniedError
}

/** 429: a rate limit is exceeded, or this request alone is larger than the limit (`tooLargeForLimit`). */
export class RateLimitError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_RATE_LIMIT'
  static isInstance(value: unknown): value is RateLimitError
}

/** A quota or spend limit is used up; a short wait does not help. */
export class QuotaExceededError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_QUOTA_EXCEEDED'
  static isInstance(value: unknown): value is QuotaExceededError
}

/** The request is invalid. After one endpoint refuses it, no other is called. */
export class BadRequestError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_BAD_REQUEST'
  static isInstance(value: unknown): value is BadRequestError
}

/** The request is longer than the model's context. */
export class ContextLengthError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_CONTEXT_LENGTH'
  static isInstance(value: unknown): value is ContextLengthError
}

/** The vendor's content filter refused the input. */
export class ContentFilterError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_CONTENT_FILTER'
  static isInstance(value: unknown): value is ContentFilterError
}

/** The model does not exist, or no endpoint serves it (then nothing is sent). */
export class NotFoundError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_NOT_FOUND'
  static isInstance(value: unknown): value is NotFoundError
}

export type TimeoutPhase = 'connect' | 'headers' | 'firstContent' | 'content' | 'total'

/** A phase of the call, or the whole call, timed out. */
export class TimeoutError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_TIMEOUT'
  readonly phase: TimeoutPhase
  static isInstance(value: unknown): value is TimeoutError
}

/** No connection (DNS, TCP, TLS), or the connection was lost. */
export class ConnectionError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_CONNECTION'
  static isInstance(value: unknown): value is ConnectionError
}

/** The vendor failed: 5xx, overload, or an incomplete or unreadable answer. */
export class UpstreamError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_UPSTREAM'
  static isInstance(value: unknown): value is UpstreamError
}

/** A stream broke or timed out after content was delivered. It is not retried, because text would appear twice. */
export class StreamInterruptedError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_STREAM_INTERRUPTED'
  /** The text delivered. */
  readonly partial: string
  /** The completion as far as it was delivered. */
  readonly partialCompletion: ChatCompletion | undefined
  /** Undefined if the vendor had reported none. */
  readonly usage: Usage | undefined
  static isInstance(value: unknown): value is StreamInterruptedError
}

export interface EndpointFailure {
  endpoint: string
  model: string
  reason: FailureReason
  status?: number
  message: string
}

/** Two or more candidates failed. `reason`, `status` and `retryAfterMs` are those of the most significant failure. */
export class AllEndpointsFailedError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_ALL_ENDPOINTS_FAILED'
  /** One for each candidate that failed or was skipped. */
  readonly errors: EndpointFailure[]
  /** When the first candidate is ready again, in milliseconds since 1970. */
  readonly earliestRetryAt: number | undefined
  static isInstance(value: unknown): value is AllEndpointsFailedError
}

/** The request may cost more than `costLimitPerRequest` or a budget allows; it was not sent. */
export class BudgetExceededError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_BUDGET_EXCEEDED'
  static isInstance(value: unknown): value is BudgetExceededError
}

/** Too many calls are waiting: the limit is 4,096 per client. */
export class QueueFullError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_QUEUE_FULL'
  static isInstance(value: unknown): value is QueueFullError
}

/** The client was closed before or during the call. */
export class ClientClosedError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_CLIENT_CLOSED'
  static isInstance(value: unknown): value is ClientClosedError
}
