import type { AlertPayload } from './events'
import type { Duration } from './options'

/** Rules that fire alerts, and receivers of alerts in addition to the event. */
export interface AlertOptions extends AlertPolicy {
  /** The address of a Slack webhook. */
  slack?: string
  /** The address of a Discord webhook. */
  discord?: string
  /** The integration key of a PagerDuty service (Events API v2). `url` overrides PagerDuty's address. */
  pagerduty?: { routingKey: string; url?: string }
  /**
   * The address of your own receiver. It gets JSON, signed after Standard Webhooks if there is a secret (`whsec_…`, or
   * any text).
   */
  webhook?: { url: string; secret?: string }
  /** Called with each alert that passes the filters below. If it throws or rejects, a `forward` event reports it. */
  forward?: (alert: AlertPayload) => unknown
  rules?: AlertRules
}

/** Filters and timing of forwarded alerts. The `alert` event is not affected: every alert is emitted at once. */
export interface AlertPolicy {
  /** Kinds of alerts that are forwarded. Default: all. */
  on?: AlertKind | AlertKind[]
  /** Default `'warning'`. */
  minSeverity?: 'warning' | 'critical'
  /** How long the first alert of a group waits for others; critical alerts do not wait. Default `'10s'`. */
  groupWait?: Duration
  /** The shortest time between two messages of a group; critical alerts do not wait. Default `'60s'`. */
  groupInterval?: Duration
  /** How often an alert that keeps firing is repeated; at least 100 ms. Default `'4h'`. */
  repeatInterval?: Duration
  /** At most 256. */
  silences?: AlertSilence[]
}

/** An alert must match every given member; at least one is required. */
export interface AlertSilence {
  kind?: AlertKind | AlertKind[]
  service?: string | string[]
  /** A time (ISO 8601), or a time of each day in UTC (`'22:00'`); `until` has the same forms. */
  from?: string
  until?: string
}

export type AlertKind =
  | 'consecutive_failures' | 'quota' | 'auth' | 'permission' | 'model_not_found'
  | 'latency' | 'error_rate' | 'rate_limited' | 'failover_triggered' | 'latency_exceeded'
  | 'cost_threshold_exceeded' | 'queue_backlog'

/** `false` disables a rule. */
export interface AlertRules {
  /**
   * Fires if the latest answers of an endpoint (at most 100) take longer: their mean, or their 95th percentile.
   * Default 5 s, mean, 10 answers, 5 min.
   */
  latency?: boolean | { threshold?: Duration; of?: 'mean' | 'p95'; minRequests?: number; window?: Duration }
  /** Fires if more than this share of an endpoint's requests fails. Default 0.05 of at least 20 in 5 min. */
  errorRate?: boolean | { threshold?: number; minRequests?: number; window?: Duration }
  /** Fires if an endpoint answers 429 this often. Default 5 in 5 min. */
  rateLimited?: boolean | { threshold?: number; window?: Duration }
  /**
   * Fires if a call fails over from an endpoint. Resolves when the endpoint answers and no call has failed over for
   * `quiet`. Default 30 s.
   */
  failoverTriggered?: boolean | { quiet?: Duration }
  /**
   * Fires if an answer, or a stream's first content, takes longer than `maxLatency` or the rule's `latencySla`.
   * Resolves after `clearAfter` answers in time, or if none was late for `window`. Default 5, 5 min.
   */
  latencyExceeded?: boolean | { clearAfter?: number; window?: Duration }
  /** Fires if a share of a budget (`warnAt`) is reached. Resolves at the end of its period. Default true. */
  costThresholdExceeded?: boolean
  /** Fires if more jobs wait in the queue, or the oldest waits longer. Default 1,000 jobs, 15 min. */
  queueBacklog?: boolean | { jobs?: number; oldest?: Duration }
}

/** The outcome of sending alerts to one receiver. */
export interface ForwardEvent {
  /** Absent if a value that is not an alert was forwarded. */
  forwarder?: 'slack' | 'discord' | 'pagerduty' | 'webhook' | 'function'
  /**
   * `retry`: it will be sent again. `failed`: refused, or given up. `dropped`: the buffer was full, or the client
   * closed first.
   */
  outcome: 'sent' | 'retry' | 'failed' | 'dropped'
  /** Number of alerts. */
  alerts: number
  /** Requests sent so far. */
  attempts: number
  /** The HTTP status; absent without a response. */
  status?: number
  message?: string
  /** Milliseconds until the next request. */
  retryAfterMs?: number
  /** ISO 8601. */
  at?: string
}

export interface ForwarderOptions extends AlertPolicy {
  /** Like the client's option. */
  proxy?: 'env' | (string & {}) | false
  tls?: { ca?: string | Buffer | (string | Buffer)[]; systemCa?: boolean }
}

/** A listener for `monitor.on('alert', …)`. Outcomes are `forward` events of the emitter that the alerts came from. */
export interface AlertForwarder extends AsyncDisposable {
  (alert: AlertPayload): void
  /** Sends pending alerts, within 2 s, and stops. */
  close(): Promise<void>
}

/** Forwards to a Slack webhook. Throws a `ConfigError` for invalid options. */
export function slackForwarder(url: string, options?: ForwarderOptions): AlertForwarder
/** Forwards to a Discord webhook. Throws a `ConfigError` for invalid options. */
export function discordForwarder(url: string, options?: ForwarderOptions): AlertForwarder
/** Forwards to PagerDuty, by the integration key of a service. Throws a `ConfigError` for invalid options. */
export function pagerDutyForwarder(routingKey: string, options?: ForwarderOptions & { url?: string }): AlertForwarder
/**
 * Forwards to your own receiver, signed after Standard Webhooks if there is a secret. Throws a `ConfigError` for
 * invalid options.
 */
export function webhookForwarder(url: string, options?: ForwarderOptions & { secret?: string }): AlertForwarder
