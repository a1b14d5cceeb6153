import type { BudgetStatus, CostReport } from './costs'
import type { AlertPayload } from './events'
import type { IncidentReport } from './incidents'
import type { MetricsSnapshot } from './metrics'
import type { Duration } from './options'
import type { EndpointStatus, HealthReport, ModelSummary } from './status'

/** How a client is served over HTTP: the same for all adapters. `R` is what `authorize` is given. */
export interface FailoverOptions<R = unknown> {
  /**
   * Who may use what is guarded: whoever this returns (or resolves to) `true` for; others get a 401, in their dialect
   * where they called a model. `'none'` lets everybody in, which must be said aloud. Required with `proxy`, `events`
   * and `dashboard`.
   */
  authorize?: 'none' | ((request: R) => boolean | Promise<boolean>)
  /** `/health` as application/health+json, with `/livez` and `/readyz` beside it. A path puts them elsewhere. Default true. */
  health?: boolean | string
  /** The metrics, in Prometheus' text or OpenMetrics, as is asked for. Default true: `/metrics`. */
  metrics?: boolean | string
  /** Everything that happens, as server-sent events and over WebSockets. Default false; true: `/events`. */
  events?: boolean | string
  /** A page that shows how things stand, its data (`data.json`), and, without `events`, its events. Default false; true: `/dashboard`. */
  dashboard?: boolean | string
  /**
   * The client as a vendor of its own: `POST /v1/chat/completions`, `POST /v1/messages`,
   * `POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent`, `GET /v1/models[/{id}]`. Default false; true: `/v1`.
   */
  proxy?: boolean | string
  /** What else `authorize` is asked about. Default: nothing. */
  protect?: ('health' | 'metrics')[]
  /** When `/readyz` says 503. Default `'process'`: while the client is closed or closing; `'vendors'`: also while no endpoint can answer. */
  ready?: 'process' | 'vendors'
  /** What the paths stand below, where the framework does not take that away. Default none. */
  base?: string
  /** What a 401 says in `www-authenticate`. Default `'Bearer'`. */
  challenge?: string
  push?: PushOptions
}

export interface PushOptions {
  /** How long a listener hears nothing before it hears a heartbeat, or a ping. Default `'15s'`. */
  heartbeat?: Duration
  /** How long a listener may read nothing of what waits for it. Default `'10s'`. */
  patience?: Duration
  /** Bytes that may wait for one listener. Default 1 MiB. */
  maxUnsent?: number
  /** Listeners of one client; the next is told 503. Default 10,000. */
  maxListeners?: number
  /** Whose pages may open a WebSocket, beside this server's own: `'https://app.example.com'`. */
  origins?: string[]
}

/** Events alone, over WebSockets. */
export interface EventsOptions<R = unknown> {
  authorize: 'none' | ((request: R) => boolean | Promise<boolean>)
  /** Default `/events`. */
  path?: string
  challenge?: string
  push?: PushOptions
}

/** How a client stands: the data of the event `snapshot`, and of the dashboard's `data.json`. */
export interface DashboardData {
  /** ISO 8601. */
  timestamp: string
  /** Of bellwether. */
  version: string
  endpoints: EndpointStatus[]
  health: Omit<HealthReport, 'toString'>
  summary: Record<string, ModelSummary>
  /** Since the client was made: what became of calls, how often they moved, and what their answers cost. */
  calls: Record<'ok' | 'fallback' | 'queued' | 'error' | 'aborted' | 'failovers' | 'costUsd', number>
  metrics: MetricsSnapshot
  /** The latest 20, the oldest first. */
  incidents: Omit<IncidentReport, 'toString' | 'toMarkdown' | 'toSvg'>[]
  /** Of the last 31 days. */
  costs: { report: Omit<CostReport, 'toString' | 'toMarkdown' | 'toCsv'>; budgets: BudgetStatus[] }
  /** `size`: jobs that are not over. */
  queue: { size: number }
  /** The latest, the oldest first: at most 50 since events or a dashboard were mounted. */
  alerts: AlertPayload[]
  /** Who follows events now, who was let go for being slow, and who was one too many. */
  push: { listeners: number; dropped: number; refused: number }
}

/** Events of a feed beside those of `ClientEvents`. */
export interface FeedEvents {
  /** The first, unless a listener goes on where it was. */
  snapshot: DashboardData
  /** What was missed is not here any more; a snapshot follows. */
  reset: { reason: 'gone' }
  /** The last one of a listener that is too slow. */
  dropped: { reason: 'unsent' | 'stuck'; message: string }
  /** The last one of a client that is closed. */
  closing: { reason: 'closed' }
}
