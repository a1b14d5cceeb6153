import type { AlertKind, ForwardEvent } from './alerts'
import type { BudgetEvent } from './costs'
import type { DrillEvent } from './drills'
import type { ConfigProblem } from './errors'
import type { IncidentReport } from './incidents'
import type { HealthCheckResult } from './monitor'
import type { QueueEvent } from './queue'
import type { Attempt, FailureReason } from './reports'

/** A listener that throws, or rejects, is an uncaught exception; the others are still called. */
export type Listener<Events, E extends keyof Events> = (payload: Events[E]) => unknown

export interface MonitorEvents {
  /** Every check, whatever its result. */
  healthCheck: HealthCheckResult
  /** A rule's threshold was passed (`firing`), or that is over (`resolved`). */
  alert: AlertPayload
  /** A key was refused, in a check or (client) a call. */
  authError: AuthErrorEvent
  /** Alerts were forwarded, or could not be. */
  forward: ForwardEvent
}

export interface ClientEvents extends MonitorEvents {
  /**
   * An attempt ended and what comes of it is known, or a candidate was skipped: told as soon as another attempt begins or the
   * call ends, in the order of `report.attempts`. One `next` becomes `retry` in the report if its endpoint is asked again later.
   */
  attempt: AttemptEvent
  /** The same endpoint is asked again. */
  retry: RetryEvent
  /** Another endpoint or model is asked. */
  failover: FailoverEvent
  /** A circuit breaker changed its state. */
  breaker: BreakerEvent
  /** Something is left alone for a while. */
  cooldown: CooldownEvent
  /** A vendor answered that a rate, a quota or a size is exceeded. */
  rateLimit: RateLimitEvent
  /** A share of a budget was reached. */
  budget: BudgetEvent
  config: ConfigEvent
  /** Something happened to a queued request. */
  queue: QueueEvent
  /** An incident was opened, or is over. */
  incident: IncidentReport
  /** What a drill comes to. */
  drill: DrillEvent
}

export interface AttemptEvent extends Attempt {
  requestId: string
  /** Absent if the call has none. */
  tags?: Record<string, string>
}

export interface RetryEvent {
  requestId: string
  endpoint: string
  model: string
  /** What was waited before. */
  delayMs: number
  reason: FailureReason | null
  /** What the vendor had asked for; null if nothing. */
  retryAfterMs: number | null
}

export interface FailoverEvent {
  requestId: string
  from: { endpoint: string; model: string }
  to: { endpoint: string; model: string }
  reason: FailureReason
  /** The HTTP status; null if none came. */
  status: number | null
}

/** What a breaker or a cooldown applies to: a host, a key, or one model of an endpoint. */
export type Scope = 'origin' | 'credential' | 'endpoint'

export interface BreakerEvent {
  /** Whose request changed it. */
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
  /** Whose request caused it. */
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

/** An option that cannot do what it says, or a configuration that was read again. */
export interface ConfigEvent {
  message: string
  /** The file that was read. */
  file?: string
  /** What a reload changed. */
  changes?: ConfigChanges
  /** Why a watched file changed nothing. */
  problems?: ConfigProblem[]
  endpoint?: string
  model?: string
  /** A canary has another share, or was taken back, and why. */
  canary?: 'step' | 'rolledBack'
  share?: number
  reason?: 'failures' | 'latency'
}

export interface ConfigChanges {
  /** Names of endpoints. */
  added: string[]
  removed: string[]
  changed: string[]
  /** Whether those that stayed are in another order. */
  reordered: boolean
  /** Names of other options that are new, gone or different. */
  options: string[]
}

export interface RateLimitEvent {
  endpoint: string
  model: string
  reason: FailureReason
  /** The vendor's hint; null if it gave none. */
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
  /** Enough to tell keys apart, `sk-…a1b2`; too little to use one. */
  keyHint: string
}

export interface AlertPayload {
  /** docs/reference/alerts.md says which rule has which; failed checks `warning` if they were all rate limited. */
  severity: 'warning' | 'critical'
  service: string
  message: string
  /** The latest check; of calls, who is in trouble; of other rules, the figures (docs/reference/alerts.md). */
  details: HealthCheckResult | TroubleDetails | Record<string, unknown>
  recommendedAction: string
  status: 'firing' | 'resolved'
  /** The rule that fired: failed checks, or what calls met and only people can mend. */
  kind: AlertKind | (string & {})
  /** The same for the same alert, in every process. */
  fingerprint: string
  /** ISO 8601. */
  startsAt: string
  /** ISO 8601; absent while firing. */
  endsAt?: string
  /** Failed checks in a row; of calls, how often it was parked for it. */
  occurrences: number
}

/** What an alert says of a key or a model that calls could not use. */
export interface TroubleDetails {
  /** The endpoint's name. */
  endpoint: string
  model: string
  keyHint: string
  /** Until when it is parked, in milliseconds since 1970. */
  until: number
}
