import type { AlertPayload } from './events'
import type { Duration } from './options'

/** When alerts fire, and where they are sent beside the event. */
export interface AlertOptions extends AlertPolicy {
  /** The address of a Slack webhook. */
  slack?: string
  /** The address of a Discord webhook. */
  discord?: string
  /** A PagerDuty service, by its integration key (Events API v2). `url` overrides PagerDuty's own address. */
  pagerduty?: { routingKey: string; url?: string }
  /** An address of your own: JSON, signed after Standard Webhooks if there is a secret (`whsec_…`, or any text). */
  webhook?: { url: string; secret?: string }
  /** Given each alert that passes the filters below. One that throws or rejects is told by a `forward` event. */
  forward?: (alert: AlertPayload) => unknown
  rules?: AlertRules
}

/** What is forwarded, and when. The event `alert` comes at once and always. */
export interface AlertPolicy {
  /** The kinds that are forwarded. Default: all. */
  on?: AlertKind | AlertKind[]
  /** Default `'warning'`. */
  minSeverity?: 'warning' | 'critical'
  /** How long the first alert waits for others; critical ones do not wait. Default `'10s'`. */
  groupWait?: Duration
  /** How long after a message the next one is due; critical alerts do not wait. Default `'60s'`. */
  groupInterval?: Duration
  /** What goes on firing is told again so often; at least 100 ms. Default `'4h'`. */
  repeatInterval?: Duration
  /** At most 256. */
  silences?: AlertSilence[]
}

/** What is given must all be so; at least one member is. */
export interface AlertSilence {
  kind?: AlertKind | AlertKind[]
  service?: string | string[]
  /** A moment (ISO 8601), or a time of each day in UTC (`'22:00'`); like `until`. */
  from?: string
  until?: string
}

export type AlertKind =
  | 'consecutive_failures' | 'quota' | 'auth' | 'permission' | 'model_not_found'
  | 'latency' | 'error_rate' | 'rate_limited' | 'failover_triggered' | 'latency_exceeded'
  | 'cost_threshold_exceeded' | 'queue_backlog'

/** `false` switches a rule off. */
export interface AlertRules {
  /** An endpoint's last answers (at most 100) take longer than this: their mean, or their 95th percentile. Default 5 s, mean, 10 answers, 5 min. */
  latency?: boolean | { threshold?: Duration; of?: 'mean' | 'p95'; minRequests?: number; window?: Duration }
  /** A larger share of an endpoint's requests fails by its fault. Default 0.05 of at least 20 in 5 min. */
  errorRate?: boolean | { threshold?: number; minRequests?: number; window?: Duration }
  /** So many answers 429 of an endpoint. Default 5 in 5 min. */
  rateLimited?: boolean | { threshold?: number; window?: Duration }
  /** A call moved away from an endpoint; over when it answers and nothing moved for `quiet`. Default 30 s. */
  failoverTriggered?: boolean | { quiet?: Duration }
  /** An answer, or a stream's first content, took longer than `maxLatency` or the rule's `latencySla`; over after `clearAfter` in time, or none late for `window`. Default 5, 5 min. */
  latencyExceeded?: boolean | { clearAfter?: number; window?: Duration }
  /** A share of a budget (`warnAt`) was reached; over when its period is. Default true. */
  costThresholdExceeded?: boolean
  /** More jobs wait in the queue, or the oldest waits longer. Default 1,000 jobs, 15 min. */
  queueBacklog?: boolean | { jobs?: number; oldest?: Duration }
}

/** What became of alerts on their way to one receiver. */
export interface ForwardEvent {
  /** Absent for what was no alert. */
  forwarder?: 'slack' | 'discord' | 'pagerduty' | 'webhook' | 'function'
  /** `retry`: it will be tried again; `failed`: refused for good or given up; `dropped`: there was no room or no time for it. */
  outcome: 'sent' | 'retry' | 'failed' | 'dropped'
  /** How many alerts. */
  alerts: number
  /** Requests so far. */
  attempts: number
  /** The answer's status, if one came. */
  status?: number
  message?: string
  /** Until the next try. */
  retryAfterMs?: number
  /** ISO 8601. */
  at?: string
}

export interface ForwarderOptions extends AlertPolicy {
  /** As a client's. */
  proxy?: 'env' | (string & {}) | false
  tls?: { ca?: string | Buffer | (string | Buffer)[]; systemCa?: boolean }
}

/** For `monitor.on('alert', …)`. What becomes of alerts is a `forward` event of the emitter that they came from. */
export interface AlertForwarder extends AsyncDisposable {
  (alert: AlertPayload): void
  /** Sends what waits, if that can be done within 2 s, and ends. */
  close(): Promise<void>
}

/** To a Slack webhook. Options that are not valid throw a `ConfigError`. */
export function slackForwarder(url: string, options?: ForwarderOptions): AlertForwarder
/** To a Discord webhook. */
export function discordForwarder(url: string, options?: ForwarderOptions): AlertForwarder
/** To PagerDuty, by the integration key of a service. */
export function pagerDutyForwarder(routingKey: string, options?: ForwarderOptions & { url?: string }): AlertForwarder
/** To an address of your own, signed after Standard Webhooks if there is a secret. */
export function webhookForwarder(url: string, options?: ForwarderOptions & { secret?: string }): AlertForwarder
