import type { AlertKind, ForwardEvent } from './alerts'
import type { BudgetEvent } from './costs'
import type { DrillEvent } from './drills'
import type { ConfigProblem } from './errors'
import type { IncidentReport } from './incidents'
import type { HealthCheckResult } from './monitor'
import type { QueueEvent } from './queue'
import type { Attempt, FailureReason } from './reports'

/**
 * An error thrown by a listener, or its rejection, becomes an uncaught exception; the other listeners are still
 * called.
 */
export type Listener<Events, E extends keyof Events> = (payload: Events[E]) => unknown

export interface MonitorEvents {
  /** A health check ended. */
  healthCheck: HealthCheckResult
  /** An alert fires, or is resolved. */
  alert: AlertPayload
  /** A key was refused, in a check or (client) a call. */
  authError: AuthErrorEvent
  /** Alerts were forwarded, or forwarding failed. */
  forward: ForwardEvent
}

export interface ClientEvents extends MonitorEvents {
  /**
   * An attempt ended, or a candidate was skipped. Emitted when the next attempt begins or the call ends, in the order
   * of `report.attempts`. An outcome `next` becomes `retry` in the report if its endpoint is called again later.
   */
  attempt: AttemptEvent
  /** A call retries the same endpoint. */
  retry: RetryEvent
  /** A call fails over to another endpoint or model. */
  failover: FailoverEvent
  /** A circuit breaker changed its state. */
  breaker: BreakerEvent
  /** An endpoint, key or host is in cooldown. */
  cooldown: CooldownEvent
  /** A vendor reported that a rate limit, quota or size is exceeded. */
  rateLimit: RateLimitEvent
  /** A share of a budget was reached. */
  budget: BudgetEvent
  config: ConfigEvent
  /** The state of a queued request changed. */
  queue: QueueEvent
  /** An incident was opened or closed. */
  incident: IncidentReport
  /** Progress or the result of a drill. */
  drill: DrillEvent
}

export interface AttemptEvent extends Attempt {
  requestId: string
  /** Absent if the call has no tags. */
  tags?: Record<string, string>
}

export interface RetryEvent {
  requestId: string
  endpoint: string
  model: string
  /** The wait before the retry. */
  delayMs: number
  reason: FailureReason | null
  /** The vendor's Retry-After; null without one. */
  retryAfterMs: number | null
}

export interface FailoverEvent {
  requestId: string
  from: { endpoint: string; model: string }
  to: { endpoint: string; model: string }
  reason: FailureReason
  /** The HTTP status; null without a response. */
  status: number | null
}

/** What a breaker or a cooldown applies to: a host, a key, or one model of an endpoint. */
export type Scope = 'origin' | 'credential' | 'endpoint'

export interface BreakerEvent {
  /** The request that changed it. */
  endpoint: string
  /** Null unless `scope` is `'endpoint'`. */
  model: string | null
  scope: Scope
  state: 'closed' | 'open' | 'halfOpen'
  /** Milliseconds since 1970; null unless open. */
  retryAt: number | null
  /** ISO 8601. */
  at: string
}

export interface CooldownEvent {
  /** The request that caused it. */
  endpoint: string
  /** Null unless `scope` is `'endpoint'`. */
  model: string | null
  scope: Scope
  reason: FailureReason | null
  /** Milliseconds since 1970. */
  until: number
  /** ISO 8601. */
  at: string
}

/** A warning about an option, or the result of a reload. */
export interface ConfigEvent {
  message: string
  /** The configuration file. */
  file?: string
  /** The changes of a reload. */
  changes?: ConfigChanges
  /** Why a watched file was not applied. */
  problems?: ConfigProblem[]
  endpoint?: string
  model?: string
  /** A canary has another share or was rolled back, and why. */
  canary?: 'step' | 'rolledBack'
  share?: number
  reason?: 'failures' | 'latency'
}

export interface ConfigChanges {
  /** Names of endpoints. */
  added: string[]
  removed: string[]
  changed: string[]
  /** Whether the remaining endpoints have another order. */
  reordered: boolean
  /** Names of other options that were added, removed or changed. */
  options: string[]
}

export interface RateLimitEvent {
  endpoint: string
  model: string
  reason: FailureReason
  /** The vendor's Retry-After; null without one. */
  retryAfterMs: number | null
  /** ISO 8601. */
  at: string
}

export interface AuthErrorEvent {
  message: string
  /** What to do about it. */
  action: string
  /** The endpoint's name. */
  endpoint: string
  statusCode: 401 | 403
  /** Enough to identify a key (`sk-…a1b2`), too little to use it. */
  keyHint: string
}

export interface AlertPayload {
  /** docs/reference/alerts.md lists each rule's severity. Failed checks are `warning` if all were rate limited. */
  severity: 'warning' | 'critical'
  service: string
  message: string
  /** The latest check, the affected target, or the rule's figures (docs/reference/alerts.md). */
  details: HealthCheckResult | TroubleDetails | Record<string, unknown>
  recommendedAction: string
  status: 'firing' | 'resolved'
  /** The rule that fired: failed checks, or a condition that needs an operator. */
  kind: AlertKind | (string & {})
  /** Identical for the same alert in every process. */
  fingerprint: string
  /** ISO 8601. */
  startsAt: string
  /** ISO 8601; absent while firing. */
  endsAt?: string
  /** Failed checks in a row; of calls, the number of cooldowns for it. */
  occurrences: number
}

/** Details of an alert about a key or a model that calls cannot use. */
export interface TroubleDetails {
  /** The endpoint's name. */
  endpoint: string
  model: string
  keyHint: string
  /** The end of the cooldown, in milliseconds since 1970. */
  until: number
}
