import type { ChatCompletion } from './openai'
import type { Attempt, FailureReason, Usage } from './reports'

/** What every error has in common. Branch on the class, `code` or `reason`; messages change. No secret is inside. */
export class FailoverError extends Error {
  /** Errors are made by the package; this is for tests. */
  constructor(message: string, data?: object)
  /** Each class has its own. Of this class itself: `…_STREAM_TAKEN` for a stream that is read twice, `…_INTERNAL` for a defect of ours. */
  readonly code: `ERR_BELLWETHER_${string}`
  readonly reason: FailureReason
  /** The HTTP status, if one came. */
  readonly status: number | undefined
  /** The endpoint that failed; undefined if none was asked. */
  readonly endpoint: string | undefined
  readonly requestId: string | undefined
  /** Everything that was tried or skipped. */
  readonly attempts: Attempt[]
  /** Whether the same call may succeed later. */
  readonly retryable: boolean
  /** How much later, as far as is known. */
  readonly retryAfterMs: number | undefined
  /** The vendor's own code. */
  readonly vendorCode: string | undefined
  /** A retry was due that the retry budget did not allow. */
  readonly retryBudgetExhausted: boolean
  /** True also for an error of another copy of this package, where `instanceof` is not. */
  static isInstance(value: unknown): value is FailoverError
}

/**
 * Options are not valid. Thrown by constructors, rejected by calls. Options are plain objects: what JSON cannot say, instances of
 * classes and what cannot be read are refused like any other mistake.
 */
export class ConfigError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_CONFIG'
  /** All that is wrong, each with its path: `endpoints[1].baseURL`. */
  readonly problems: ConfigProblem[]
  static isInstance(value: unknown): value is ConfigError
}

export interface ConfigProblem {
  /** The configuration file it is in; absent for options. */
  file?: string
  /** From 1. */
  line?: number
  column?: number
  /** `endpoints[1].baseURL`; in a file as written there: `gateways.fallback_chain[1].max_latency_ms`. Empty for the whole. */
  path: string
  /** What was given and what is accepted; never a secret. */
  message: string
}

/** 401: the key was refused. */
export class AuthenticationError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_AUTHENTICATION'
  static isInstance(value: unknown): value is AuthenticationError
}

/** 403: the key is good but may not do this. */
export class PermissionDeniedError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_PERMISSION_DENIED'
  static isInstance(value: unknown): value is PermissionDeniedError
}

/** 429: a rate is exceeded, or this request alone is larger than the limit (`tooLargeForLimit`). */
export class RateLimitError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_RATE_LIMIT'
  static isInstance(value: unknown): value is RateLimitError
}

/** A quota or a spend limit is used up; waiting a little does not help. */
export class QuotaExceededError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_QUOTA_EXCEEDED'
  static isInstance(value: unknown): value is QuotaExceededError
}

/** The request is at fault; no endpoint is asked after one has said so. */
export class BadRequestError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_BAD_REQUEST'
  static isInstance(value: unknown): value is BadRequestError
}

/** The request is longer than the model's context. */
export class ContextLengthError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_CONTEXT_LENGTH'
  static isInstance(value: unknown): value is ContextLengthError
}

/** The vendor's filter refused the input. */
export class ContentFilterError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_CONTENT_FILTER'
  static isInstance(value: unknown): value is ContentFilterError
}

/** No such model; also, before anything is sent, a model that no endpoint serves. */
export class NotFoundError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_NOT_FOUND'
  static isInstance(value: unknown): value is NotFoundError
}

export type TimeoutPhase = 'connect' | 'headers' | 'firstContent' | 'content' | 'total'

/** A phase of the call, or the call, took too long. */
export class TimeoutError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_TIMEOUT'
  readonly phase: TimeoutPhase
  static isInstance(value: unknown): value is TimeoutError
}

/** No connection (DNS, TCP, TLS), or it was lost. */
export class ConnectionError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_CONNECTION'
  static isInstance(value: unknown): value is ConnectionError
}

/** The vendor failed: 5xx, overload, an answer that broke off or could not be read. */
export class UpstreamError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_UPSTREAM'
  static isInstance(value: unknown): value is UpstreamError
}

/** A stream broke, or ran out of time, after content was delivered. It is not repeated, lest text appear twice. */
export class StreamInterruptedError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_STREAM_INTERRUPTED'
  /** The text delivered. */
  readonly partial: string
  /** What would have been the completion so far. */
  readonly partialCompletion: ChatCompletion | undefined
  /** Undefined if the vendor had told none. */
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

/** Two or more candidates failed; `reason`, `status` and `retryAfterMs` are those of the failure that says most. */
export class AllEndpointsFailedError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_ALL_ENDPOINTS_FAILED'
  /** One for each candidate that failed or was skipped. */
  readonly errors: EndpointFailure[]
  /** When the first of them is ready again, in milliseconds since 1970. */
  readonly earliestRetryAt: number | undefined
  static isInstance(value: unknown): value is AllEndpointsFailedError
}

/** The request may cost more than `costLimitPerRequest` allows; it was not sent. */
export class BudgetExceededError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_BUDGET_EXCEEDED'
  static isInstance(value: unknown): value is BudgetExceededError
}

/** As many calls wait as may, 4,096 for each client. */
export class QueueFullError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_QUEUE_FULL'
  static isInstance(value: unknown): value is QueueFullError
}

/** The client was closed before or during the call. */
export class ClientClosedError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_CLIENT_CLOSED'
  static isInstance(value: unknown): value is ClientClosedError
}
