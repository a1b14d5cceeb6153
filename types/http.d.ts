import type { BudgetStatus, CostReport } from './costs'
import type { AlertPayload } from './events'
import type { IncidentReport } from './incidents'
import type { MetricsSnapshot } from './metrics'
import type { Duration } from './options'
import type { EndpointStatus, HealthReport, ModelSummary } from './status'

/** Options for serving a client over HTTP, the same for all adapters. `R` is the argument of `authorize`. */
export interface FailoverOptions<R = unknown> {
  /**
   * Decides whether a request may use the guarded parts: return (or resolve to) `true` to accept it. Other requests get
   * a 401, in the dialect of the request if it calls a model. `'none'` accepts every request. Required with `proxy`,
   * `events` and `dashboard`.
   */
  authorize?: 'none' | ((request: R) => boolean | Promise<boolean>)
  /**
   * `/health` as application/health+json, with `/livez` and `/readyz` beside it. A path moves all three. Default true.
   */
  health?: boolean | string
  /** Metrics in the Prometheus text format or OpenMetrics, as requested. Default true: `/metrics`. */
  metrics?: boolean | string
  /** All events, as server-sent events and over WebSockets. Default false; true: `/events`. */
  events?: boolean | string
  /** The dashboard, its data (`data.json`) and, without `events`, its events. Default false; true: `/dashboard`. */
  dashboard?: boolean | string
  /**
   * Vendors' APIs: `POST /v1/chat/completions`, `POST /v1/messages`, `POST /v1beta/models/{model}:generateContent` and
   * `:streamGenerateContent`, `GET /v1/models[/{id}]`. Default false; true: `/v1`.
   */
  proxy?: boolean | string
  /** Further parts that `authorize` guards. Default: none. */
  protect?: ('health' | 'metrics')[]
  /**
   * When `/readyz` answers 503. `'process'`: while the client is closing or closed. `'vendors'`: also while no
   * endpoint can answer. Default `'process'`.
   */
  ready?: 'process' | 'vendors'
  /** A prefix of all paths, if the framework does not remove it. Default: none. */
  base?: string
  /** The `www-authenticate` header of a 401. Default `'Bearer'`. */
  challenge?: string
  push?: PushOptions
}

export interface PushOptions {
  /** After this time without an event, a listener is sent a heartbeat or a ping. Default `'15s'`. */
  heartbeat?: Duration
  /** A listener that reads nothing of its backlog for this long is dropped. Default `'10s'`. */
  patience?: Duration
  /** The largest backlog of a listener, in bytes. Default 1 MiB. */
  maxUnsent?: number
  /** Listeners of one client; further ones get a 503. Default 10,000. */
  maxListeners?: number
  /** Origins of pages that may open a WebSocket, in addition to this server's own: `'https://app.example.com'`. */
  origins?: string[]
}

/** Options for events over WebSockets only. */
export interface EventsOptions<R = unknown> {
  authorize: 'none' | ((request: R) => boolean | Promise<boolean>)
  /** Default `/events`. */
  path?: string
  challenge?: string
  push?: PushOptions
}

/** The state of a client: the data of the event `snapshot`, and of the dashboard's `data.json`. */
export interface DashboardData {
  /** ISO 8601. */
  timestamp: string
  /** The version of bellwether. */
  version: string
  endpoints: EndpointStatus[]
  health: Omit<HealthReport, 'toString'>
  summary: Record<string, ModelSummary>
  /** Calls by outcome, failovers and costs since the client was created. */
  calls: Record<'ok' | 'fallback' | 'queued' | 'error' | 'aborted' | 'failovers' | 'costUsd', number>
  metrics: MetricsSnapshot
  /** The latest 20, the oldest first. */
  incidents: Omit<IncidentReport, 'toString' | 'toMarkdown' | 'toSvg'>[]
  /** Of the last 31 days. */
  costs: { report: Omit<CostReport, 'toString' | 'toMarkdown' | 'toCsv'>; budgets: BudgetStatus[] }
  /** `size`: jobs that have not ended. */
  queue: { size: number }
  /** The latest alerts, the oldest first: at most 50 since events or a dashboard were mounted. */
  alerts: AlertPayload[]
  /** Current listeners, listeners that were dropped for being slow, and refused ones. */
  push: { listeners: number; dropped: number; refused: number }
}

/** Events of a feed, in addition to those of `ClientEvents`. */
export interface FeedEvents {
  /** The first event, unless a listener continues after an earlier one. */
  snapshot: DashboardData
  /** Missed events are no longer available; a snapshot follows. */
  reset: { reason: 'gone' }
  /** The last event of a listener that is too slow. */
  dropped: { reason: 'unsent' | 'stuck'; message: string }
  /** The last event before the client closes. */
  closing: { reason: 'closed' }
}
