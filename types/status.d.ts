import type { FailureReason } from './reports'

/** `down`: breaker open, isolated or key refused. `rate_limited`: cooling down after a 429 or quota. `degraded`: cooling down, half open, lately closed, or slower than its `maxLatency`. */
export type EndpointState = 'healthy' | 'degraded' | 'rate_limited' | 'down'

/** An endpoint at its worst model. Counts are attempts at chat completions since the client was made; `inFlight` is of all requests. */
export interface EndpointStatus {
  name: string
  /** Its base URL. */
  url: string
  provider: string
  /** The model it names first; null if it serves any. */
  model: string | null
  status: EndpointState
  lastError: { reason: FailureReason; message: string; /** ISO 8601. */ at: string } | null
  /** Milliseconds since 1970; null if it is not cooling down. */
  cooldownUntil: number | null
  breaker: BreakerStatus
  latencyMs: LatencySummary
  /** The share of requests that did not fail, 0 to 100; 100 before the first. */
  availabilityPercentage: number
  totalRequests: number
  failedRequests: number
  rateLimitedRequests: number
  /** How often it was asked again by the same call. */
  retries: number
  /** ISO 8601; null if none. */
  lastFailureAt: string | null
  /** ISO 8601; null if none. */
  lastRateLimitedAt: string | null
  inFlight: number
  /** How an endpoint that is new does; null for all others. */
  canary: { state: 'running' | 'rolledBack'; share: number; reason: 'failures' | 'latency' | null } | null
  /** Of the first model that is limited; null if none is. */
  rateLimit: RateLimitStatus | null
  /** One for each model that was asked for. */
  models: ModelStatus[]
}

export interface ModelStatus {
  model: string
  status: EndpointState
  breaker: BreakerStatus
  /** Milliseconds since 1970; null if it is not cooling down. */
  cooldownUntil: number | null
  latencyMs: LatencySummary
  /** Null without samples. */
  latencyClass: LatencyClass | null
  totalRequests: number
  failedRequests: number
  rateLimitedRequests: number
  inFlight: number
  /** Null if nothing limits it. */
  rateLimit: RateLimitStatus | null
}

/** What all keys together may still send now. Parts that nothing limits are null. */
export interface RateLimitStatus {
  requests: { limit: number; remaining: number } | null
  tokens: { limit: number; remaining: number } | null
  /** Requests at once, as configured or after a throttle. */
  maxConcurrency: number | null
}

export interface BreakerStatus {
  state: 'closed' | 'open' | 'halfOpen' | 'isolated'
  consecutiveFailures: number
  /** When it lets a request through again, in milliseconds since 1970; null while closed. */
  retryAt: number | null
}

/** Milliseconds; 0 without samples. */
export interface LatencySummary {
  avg: number
  p50: number
  p95: number
  p99: number
  samples: number
}

/** By the average of whole answers: `fast` up to 1 s, `normal` up to 3 s, `slow` up to 10 s, `tooSlow` beyond. */
export type LatencyClass = 'fast' | 'normal' | 'slow' | 'tooSlow'

export interface ModelSummary {
  totalRequests: number
  /** 0 to 1; 1 without requests. */
  successRate: number
  /** 0 to 1. */
  errorRate: number
  /** Null without samples. */
  latencyClass: LatencyClass | null
  avgLatencyMs: number
  p50LatencyMs: number
  p95LatencyMs: number
  p99LatencyMs: number
}

export interface HealthReport {
  /** ISO 8601. */
  timestamp: string
  /** `degraded`: an endpoint is not healthy or over 10 % of its requests were rate limited. `critical`: over 30 %, or all are down. */
  overallStatus: 'healthy' | 'degraded' | 'critical'
  endpoints: EndpointHealth[]
  /** The text form; not enumerable. */
  toString(): string
}

export interface EndpointHealth {
  name: string
  status: EndpointState
  totalRequests: number
  /** 0 to 100; 100 without requests. */
  successRate: number
  /** 0 to 100. */
  rateLimitRate: number
  avgLatencyMs: number
  /** ISO 8601; null if never. */
  lastRateLimitedAt: string | null
  /** From the first failure to the next success, of its latest recoveries. */
  recoveryTimesMs: number[]
}

export interface KeyValidation {
  endpoint: string
  valid: boolean
  /** Null if no answer came. */
  statusCode: number | null
  message: string
}
