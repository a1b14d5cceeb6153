import type { IncidentReport } from './incidents'
import type { Duration } from './options'

/** Names of scenarios; docs/reference/drills.md describes them and their objectives. */
export type DrillName = 'vendor-down' | 'region-by-region' | 'all-down' | 'rate-limited' | 'quota' | 'slow' | 'cut-stream' | 'flapping'

/** A scenario by its name, or with parameters. */
export type DrillScenario = DrillName | {
  scenario: DrillName
  /** The endpoint that is disturbed, in scenarios that disturb one. Default: the first. */
  endpoint?: string
  /** The requested model. Default: the first that is configured, else `gpt-4o`. */
  model?: string
  /** Default 300. */
  requests?: number
  /** Requests in flight at a time, at most. Default 20. */
  concurrency?: number
  /** How long requests are sent. The disturbance lasts from 25 % to 70 % of it. Default `'4s'`. */
  duration?: Duration
  /** Latency of a simulated vendor, in milliseconds. Default 50. */
  latencyMs?: number
  /** The share of requests that are streams, 0 to 1. Default 0.3. */
  streamShare?: number
  objectives?: DrillObjectives
}

/** Objectives. The defaults depend on the scenario; null disables one. */
export interface DrillObjectives {
  /** Calls that may be lost. */
  maxLost?: number | null
  /** From the first failed attempt until its endpoint is left out of selection. */
  maxDetection?: Duration | null
  /** From the first failed attempt until the answer of a call that failed over or began later. */
  maxRecovery?: Duration | null
  /** From the restoration until all disturbed endpoints have answered again, or may be called again. */
  maxReturn?: Duration | null
  /** What answers may cost more than at the usual endpoint. */
  maxExtraCostUsd?: number | null
}

export interface DrillOptions {
  /** Ends the drill, which rejects with `signal.reason`. `close()` also ends it, with `ClientClosedError`. */
  signal?: AbortSignal
  onProgress?: (progress: DrillProgress) => void
}

export interface DrillProgress {
  scenario: DrillName
  /** Number of the scenario, from 1, and of all scenarios. */
  number: number
  of: number
  /** Share of this scenario's requests that are done, 0 to 1. */
  done: number
  /** The phase that begins: `healthy`, `disturbed: …`, `healed`. */
  phase?: string
}

export interface DrillReport {
  startedAt: string
  passed: boolean
  scenarios: DrillScenarioReport[]
  /** The text form. Not enumerable, like `toMarkdown`. */
  toString(): string
  toMarkdown(): string
}

export interface DrillScenarioReport {
  scenario: DrillName
  /** True if every objective is met and `touched` is true. */
  passed: boolean
  /** Whether a disturbed endpoint was called at all; otherwise the scenario proves nothing. */
  touched: boolean
  /** Names of endpoints. */
  disturbed: string[]
  model: string
  requests: number
  concurrency: number
  answered: number
  /** Answered with `fallbackResponse`. */
  fallback: number
  lost: number
  /** Lost calls by error code. */
  errors: Record<string, number>
  /** Answered although the usual endpoint failed the call or was left out. */
  rescued: number
  latencyMs: { mean: number | null; p95: number | null }
  /** The longest of all disturbances; null if nothing failed, or an endpoint was never left out. */
  detectionMs: number | null
  /** The longest of all disturbances; null if nothing failed, or no call was answered. */
  recoveryMs: number | null
  /** From the restoration until all disturbed endpoints had answered; null if one did not. */
  returnMs: number | null
  /** From the restoration until the last endpoint may be called again; null if all answered, or if it is unknown. */
  returnDueMs: number | null
  /** Null if a price is unknown. */
  extraCostUsd: number | null
  /** Durations in milliseconds. An objective without a measurement (null) is not met. */
  objectives: { name: keyof DrillObjectives; limit: number; measured: number | null; passed: boolean }[]
  incidents: IncidentReport[]
}

/**
 * Progress of a drill (`phase`), the result of a scenario (`passed`), or of a scheduled drill (`report`, or `error` if
 * it could not run).
 */
export type DrillEvent =
  | { scenario: DrillName; phase: string; passed?: boolean }
  | { scheduled: true; report: DrillReport }
  | { scheduled: true; error: { code: string; message: string } }

export interface DrillsOptions {
  /** The interval, for example `'30d'`; the first drill runs one interval after the start. */
  every: Duration
  /** Default: all. */
  scenarios?: DrillName | DrillName[]
  /** Overrides the objectives of every scenario. */
  objectives?: { maxLost?: number; maxDetection?: Duration; maxRecovery?: Duration; maxReturn?: Duration; maxExtraCostUsd?: number }
}
