import type { LatencySummary } from './status'

export interface Metrics {
  /** Everything counted and timed since the client was made. */
  snapshot(): MetricsSnapshot
  /**
   * For scrapers. Names, types and labels: docs/reference/metrics.md. What was counted is kept across reloads.
   * @throws {ConfigError} for another format
   */
  text(format?: MetricsFormat): string
  /** What `text()` says, as data: for registries and exporters of other kinds. Families that have no series yet are included. */
  families(): MetricFamily[]
  /** Of `text()`, and so of the Prometheus text format 0.0.4. */
  readonly contentType: string
  readonly contentTypes: Readonly<Record<MetricsFormat, string>>
}

/** Prometheus text format 0.0.4, or OpenMetrics 1.0. */
export type MetricsFormat = 'prometheus' | 'openmetrics'

export interface MetricFamily {
  /** Without the prefix `bellwether_`, the unit and the suffix `_total` of counters. */
  name: string
  help: string
  kind: 'counter' | 'gauge' | 'histogram'
  unit?: 'seconds' | 'usd'
  series: MetricSeries[]
}

export interface MetricSeries {
  /** Name and value of each label, in order. */
  labels: [name: string, value: string][]
  value: number | MetricHistogram
}

export interface MetricHistogram {
  sum: number
  count: number
  /** Upper bounds, null for the last, each with how many are in its own bucket: not cumulative. */
  buckets: [bound: number | null, count: number][]
}

export interface MetricsSnapshot {
  /** ISO 8601. */
  timestamp: string
  /** Calls under way. */
  activeCalls: number
  /** Those of them that wait for an endpoint or a rate budget. */
  waitingCalls: number
  /** Events that listeners were too slow for. */
  droppedEvents: number
  /** One for each endpoint and model. */
  series: MetricsSeries[]
}

export interface MetricsSeries {
  endpoint: string
  provider: string
  /** Empty where a request names none, or names it in a form. */
  model: string
  /** `other`: what is no chat completion, made by `fetch` or `handler`. */
  operation: 'chat' | 'other'
  attempts: number
  failed: number
  rateLimited: number
  retries: number
  inFlight: number
  /** `gapMs`: between two pieces of content. */
  latencies: Record<'queueWaitMs' | 'connectMs' | 'firstContentMs' | 'gapMs' | 'totalMs', LatencySummary & { max: number }>
}
