import type { Duration } from './options'
import type { FailureReason } from './reports'

export interface IncidentOptions {
  /** How long nothing fails before an incident is over. Default `'60s'`. */
  quiet?: Duration
  /** How many incidents that are over are kept. Default 100. */
  keep?: number
}

/**
 * From the first failed attempt of an endpoint that had served until all that failed have answered again and `incidents.quiet` has
 * passed without another failure. Endpoints whose troubles overlap are one incident. Figures are of the window from `startedAt`
 * to `endedAt`.
 */
export interface IncidentReport {
  id: string
  status: 'open' | 'closed'
  /** When the first attempt that failed was sent; ISO 8601. */
  startedAt: string
  /** When the last of its endpoints answered again, or, if none was asked since, when nothing was left out any more; null before. */
  endedAt: string | null
  /** From start to end, or until now. */
  durationMs: number
  /** From the start until the first of its endpoints was left out; null if none was. */
  detectionMs: number | null
  /** From the start until the next call was answered that began after it, or had met the failure. */
  recoveryMs: number | null
  endpoints: IncidentEndpoint[]
  /** Calls that ended in the window. */
  requests: number
  /** Those of them that were lost: not the callers' own mistakes, budgets and aborts. */
  failed: number
  /** 0 to 1. */
  failedShare: number
  /** Answered, though the usual endpoint failed the call or was left out. */
  rescued: number
  queued: number
  /** Answered with `fallbackResponse`. */
  fallback: number
  /** Distinct users of lost calls, by the request's `user` (or `safety_identifier`), else the tag `user`. */
  affectedUsers: number
  /** Means of answered calls: five minutes before, in the window, and after it. Null without any. */
  latencyMs: { before: number | null; during: number | null; after: number | null }
  /** What answers cost more than the usual endpoint would have asked for the same tokens; null if a price is not known. */
  extraCostUsd: number | null
  unpricedAnswers: number
  /**
   * The same calls without anybody to move to: what each one's usual endpoint came to when it was asked first. One that was left
   * out for its failures counts as failed.
   */
  withoutFailover: { requests: number; failed: number; failedShare: number; recoveryMs: number | null; affectedUsers: number }
  /** Users beyond so many are not told apart. */
  mostUsersCounted: number
  timeline: IncidentMoment[]
  /** Moments that did not fit. */
  untoldMoments: number
  /** Calls by the moment they ended, in steps that grow with the incident. */
  series: { stepMs: number; answered: number[]; rescued: number[]; failed: number[]; withoutFailoverFailed: number[] }
  /** The text form; not enumerable, like the other two. */
  toString(): string
  toMarkdown(): string
  /** A picture of its time: an SVG document. */
  toSvg(): string
}

export interface IncidentEndpoint {
  name: string
  models: string[]
  failures: number
  reasons: Partial<Record<FailureReason, number>>
  firstFailureAt: string
  lastFailureAt: string
  /** When it was first left out of selection; null if it was not. */
  outAt: string | null
  /** What `healthCheck.statusPage` said meanwhile, each time it said something else. It is evidence, and decides nothing. */
  statusPage: { at: string; /** Of a Statuspage: `none`, `minor`, `major`, `critical`. */ indicator: string | null; words: string }[]
  /** Its first answer since its last failure. */
  backAt: string | null
}

export interface IncidentMoment {
  at: string
  afterMs: number
  /** An endpoint failed (again), was left out, answered in another's place for the first time, or answers again; the first call was lost; all is over. */
  what: 'failed' | 'out' | 'rescued' | 'lost' | 'back' | 'over'
  endpoint?: string
  model?: string
  reason?: FailureReason
}
