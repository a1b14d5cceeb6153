import type { FailureReason } from './reports'

/**
 * `down`: breaker open, isolated or key refused. `rate_limited`: in cooldown after a 429 or a quota. `degraded`: in
 * cooldown, half open, recently closed, or slower than its `maxLatency`.
 */
export type EndpointState = 'healthy' | 'degraded' | 'rate_limited' | 'down'

/**
 * An endpoint, with the state of its worst model. Counts are attempts of chat completions since the client was
 * created; `inFlight` counts all requests.
 */
export interface EndpointStatus {
  name: string
  /** Its base URL. */
  url: string
  provider: string
  /** The first model that it names; null if it serves any. */
  model: string | null
  status: EndpointState
  lastError: { reason: FailureReason; message: string; /** ISO 8601. */ at: string } | null
  /** Milliseconds since 1970; null without a cooldown. */
  cooldownUntil: number | null
  breaker: BreakerStatus
  latencyMs: LatencySummary
  /** The share of requests that did not fail, 0 to 100; 100 before the first. */
  availabilityPercentage: number
  totalRequests: number
  failedRequests: number
  rateLimitedRequests: number
  /** How often calls retried it. */
  retries: number
  /** ISO 8601; null if none. */
  lastFailureAt: string | null
  /** ISO 8601; null if none. */
  lastRateLimitedAt: string | null
  inFlight: number
  /** The state of a canary; null for all other endpoints. */
  canary: { state: 'running' | 'rolledBack'; share: number; reason: 'failures' | 'latency' | null } | null
  /** Of the first limited model; null if none is limited. */
  rateLimit: RateLimitStatus | null
  /** One for each model that was requested. */
  models: ModelStatus[]
}

export interface ModelStatus {
  model: string
  status: EndpointState
  breaker: BreakerStatus
  /** Milliseconds since 1970; null without a cooldown. */
  cooldownUntil: number | null
  latencyMs: LatencySummary
  /** Null without samples. */
  latencyClass: LatencyClass | null
  totalRequests: number
  failedRequests: number
  rateLimitedRequests: number
  inFlight: number
  /** Null without a limit. */
  rateLimit: RateLimitStatus | null
}

/** What all keys together may still send now. Parts without a limit are null. */
export interface RateLimitStatus {
  requests: { limit: number; remaining: number } | null
  tokens: { limit: number; remaining: number } | null
  /** Concurrent requests, as configured or after a throttle. */
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

/**
 * By the mean latency of complete answers: `fast` up to 1 s, `normal` up to 3 s, `slow` up to 10 s, `tooSlow` beyond.
 */
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
  /**
   * `degraded`: an endpoint is not healthy, or over 10 % of its requests were rate limited. `critical`: over 30 %, or
   * all endpoints are down.
   */
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
  /** Times from the first failure to the next success, of its latest recoveries; milliseconds. */
  recoveryTimesMs: number[]
}

export interface KeyValidation {
  endpoint: string
  valid: boolean
  /** Null without a response. */
  statusCode: number | null
  message: string
}
