import type { IncidentReport } from './incidents'
import type { Duration } from './options'

/** docs/reference/drills.md says what each does, and what is expected then. */
export type DrillName = 'vendor-down' | 'region-by-region' | 'all-down' | 'rate-limited' | 'quota' | 'slow' | 'cut-stream' | 'flapping'

/** A scenario by its name, or with parameters. */
export type DrillScenario = DrillName | {
  scenario: DrillName
  /** Who is disturbed, where it is one. Default: the first. */
  endpoint?: string
  /** What is asked for. Default: the first model that is configured, else `gpt-4o`. */
  model?: string
  /** Default 300. */
  requests?: number
  /** Requests under way at a time, at most. Default 20. */
  concurrency?: number
  /** How long requests come. It is disturbed from the first quarter on until 70 % of it. Default `'4s'`. */
  duration?: Duration
  /** What a simulated vendor takes for an answer. Default 50. */
  latencyMs?: number
  /** How many of the requests are streams, 0 to 1. Default 0.3. */
  streamShare?: number
  objectives?: DrillObjectives
}

/** What is expected: each has a default by scenario; null expects nothing. */
export interface DrillObjectives {
  /** Calls that may be lost. */
  maxLost?: number | null
  /** From the first failed attempt until its endpoint is left out of selection. */
  maxDetection?: Duration | null
  /** From the first failed attempt until a call is answered that met it, or began after it. */
  maxRecovery?: Duration | null
  /** From the repair until all that were disturbed have answered again, or may be asked again. */
  maxReturn?: Duration | null
  /** What answers may cost more than the usual endpoint would have asked for. */
  maxExtraCostUsd?: number | null
}

export interface DrillOptions {
  /** Ends it; it rejects with `signal.reason`. So does `close()`, with `ClientClosedError`. */
  signal?: AbortSignal
  onProgress?: (progress: DrillProgress) => void
}

export interface DrillProgress {
  scenario: DrillName
  /** Which of how many, from 1. */
  number: number
  of: number
  /** 0 to 1, of this scenario's requests. */
  done: number
  /** What begins: `healthy`, `disturbed: …`, `healed`. */
  phase?: string
}

export interface DrillReport {
  startedAt: string
  passed: boolean
  scenarios: DrillScenarioReport[]
  /** The text form; not enumerable, like the other. */
  toString(): string
  toMarkdown(): string
}

export interface DrillScenarioReport {
  scenario: DrillName
  /** Every objective is met, and `touched`. */
  passed: boolean
  /** Whether anybody asked one of the disturbed at all; else nothing was shown. */
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
  /** Lost ones by the errors' codes. */
  errors: Record<string, number>
  /** Answered, though the usual endpoint failed the call or was left out. */
  rescued: number
  latencyMs: { mean: number | null; p95: number | null }
  /** The longest of its disturbances; null if nothing failed, or it was never left out. */
  detectionMs: number | null
  /** The longest of its disturbances; null if nothing failed, or nothing was answered. */
  recoveryMs: number | null
  /** From the repair until all that were disturbed had answered; null if one did not. */
  returnMs: number | null
  /** From the repair until the last of those may be asked again; null if they answered, or it is not known. */
  returnDueMs: number | null
  /** Null if a price is not known. */
  extraCostUsd: number | null
  /** Times in milliseconds; what was never measured (null) is not met. */
  objectives: { name: keyof DrillObjectives; limit: number; measured: number | null; passed: boolean }[]
  incidents: IncidentReport[]
}

/** A drill goes on (`phase`), a scenario is over (`passed`), or a scheduled drill is (`report`) or could not be held (`error`). */
export type DrillEvent =
  | { scenario: DrillName; phase: string; passed?: boolean }
  | { scheduled: true; report: DrillReport }
  | { scheduled: true; error: { code: string; message: string } }

export interface DrillsOptions {
  /** How often, for example `'30d'`; the first time so long after the start. */
  every: Duration
  /** Default: all. */
  scenarios?: DrillName | DrillName[]
  /** What is expected of each, in place of its own. */
  objectives?: { maxLost?: number; maxDetection?: Duration; maxRecovery?: Duration; maxReturn?: Duration; maxExtraCostUsd?: number }
}
