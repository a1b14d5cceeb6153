import type { Duration } from './options'
import type { FailureReason } from './reports'

export interface IncidentOptions {
  /** How long nothing must fail before an incident is closed. Default `'60s'`. */
  quiet?: Duration
  /** How many closed incidents are kept. Default 100. */
  keep?: number
}

/**
 * An incident begins with the first failed attempt of an endpoint that had served, and ends when all failed endpoints
 * have answered again and `incidents.quiet` has passed without a failure. Endpoints that fail at overlapping times
 * share an incident. Figures cover the window from `startedAt` to `endedAt`.
 */
export interface IncidentReport {
  id: string
  status: 'open' | 'closed'
  /** When the first attempt that failed was sent; ISO 8601. */
  startedAt: string
  /**
   * When the last of its endpoints answered again or, if none was called since, when none was left out any more; null
   * before.
   */
  endedAt: string | null
  /** From start to end, or until now; milliseconds. */
  durationMs: number
  /** From the start until the first endpoint was left out, in milliseconds; null if none was. */
  detectionMs: number | null
  /** From the start until the answer of a call that began later or failed over, in milliseconds; null before. */
  recoveryMs: number | null
  endpoints: IncidentEndpoint[]
  /** Calls that ended in the window. */
  requests: number
  /** Lost calls, without callers' mistakes, budgets and aborts. */
  failed: number
  /** 0 to 1. */
  failedShare: number
  /** Answered although the usual endpoint failed the call or was left out. */
  rescued: number
  queued: number
  /** Answered with `fallbackResponse`. */
  fallback: number
  /** Distinct users of lost calls, by the request's `user` (or `safety_identifier`), else the tag `user`. */
  affectedUsers: number
  /** Mean latency of answered calls in the five minutes before, in the window, and after it. Null without any. */
  latencyMs: { before: number | null; during: number | null; after: number | null }
  /** What answers cost more than the same tokens at the usual endpoint; null if a price is unknown. */
  extraCostUsd: number | null
  unpricedAnswers: number
  /**
   * The same calls without failover: the result of each call's usual endpoint when it was called first. A usual
   * endpoint that was left out for its failures counts as failed.
   */
  withoutFailover: { requests: number; failed: number; failedShare: number; recoveryMs: number | null; affectedUsers: number }
  /** The largest number of users that are distinguished. */
  mostUsersCounted: number
  timeline: IncidentMoment[]
  /** Timeline entries that were dropped because the timeline was full. */
  untoldMoments: number
  /** Calls by the time they ended, in steps that grow with the incident. */
  series: { stepMs: number; answered: number[]; rescued: number[]; failed: number[]; withoutFailoverFailed: number[] }
  /** The text form. Not enumerable, like the other two. */
  toString(): string
  toMarkdown(): string
  /** A chart of the incident, as an SVG document. */
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
  /** Reports of `healthCheck.statusPage` during the incident, one for each change. They do not influence selection. */
  statusPage: { at: string; /** The indicator of a Statuspage: `none`, `minor`, `major`, `critical`. */ indicator: string | null; words: string }[]
  /** Its first answer after its last failure; null before. */
  backAt: string | null
}

export interface IncidentMoment {
  at: string
  afterMs: number
  /**
   * An endpoint failed (again), was left out, answered in another's place for the first time, or answered again; the
   * first call was lost; the incident is over.
   */
  what: 'failed' | 'out' | 'rescued' | 'lost' | 'back' | 'over'
  endpoint?: string
  model?: string
  reason?: FailureReason
}
