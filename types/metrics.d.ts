import type { LatencySummary } from './status'

export interface Metrics {
  /** Counters and timings since the client was created. */
  snapshot(): MetricsSnapshot
  /**
   * Metrics for scrapers. Names, types and labels: docs/reference/metrics.md. Counts are kept across reloads.
   * @throws {ConfigError} for an unknown format
   */
  text(format?: MetricsFormat): string
  /** The data of `text()`, for other registries and exporters. Families without series are included. */
  families(): MetricFamily[]
  /** Content type of `text()` without an argument: the Prometheus text format 0.0.4. */
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
  /** Upper bounds (null for the last), each with the count of its own bucket: not cumulative. */
  buckets: [bound: number | null, count: number][]
}

export interface MetricsSnapshot {
  /** ISO 8601. */
  timestamp: string
  /** Calls in flight. */
  activeCalls: number
  /** Calls in flight that wait for an endpoint or a rate budget. */
  waitingCalls: number
  /** Events that were dropped because listeners were too slow. */
  droppedEvents: number
  /** One for each endpoint and model. */
  series: MetricsSeries[]
}

export interface MetricsSeries {
  endpoint: string
  provider: string
  /** Empty if a request names no model, or names it in a form. */
  model: string
  /** `other`: passthrough requests of `fetch` or `handler`. */
  operation: 'chat' | 'other'
  attempts: number
  failed: number
  rateLimited: number
  retries: number
  inFlight: number
  /** `gapMs`: time between two pieces of content. */
  latencies: Record<'queueWaitMs' | 'connectMs' | 'firstContentMs' | 'gapMs' | 'totalMs', LatencySummary & { max: number }>
}
