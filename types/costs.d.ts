export interface BudgetOptions {
  /** For events and errors. Default: made of the period, the tag and the number. */
  name?: string
  /** USD. */
  limit: number
  /** Of UTC: it begins anew with each. */
  per: 'hour' | 'day' | 'month'
  /** For calls with this tag alone: its name, or one name with its value. Default: for all calls. */
  tag?: string | Record<string, string>
  /** Shares of the limit at which a `budget` event tells of it, once a period each. Default `[0.5, 0.8, 1]`. */
  warnAt?: number[]
  /**
   * What becomes of calls once it is used up. `reject`: a `BudgetExceededError` before anything is sent; `downgrade`: they go by
   * the rule `downgradeTo`, whatever their own `route`. Calls that are under way are not stopped, so that it may be
   * exceeded by what they cost; calls without a known price cost it nothing. Default `'reject'`.
   */
  onExceeded?: 'warn' | 'reject' | 'downgrade'
  /** One of `rules`. */
  downgradeTo?: string
}

export interface BudgetEvent {
  budget: string
  /** The share that was reached. */
  share: number
  spentUsd: number
  limitUsd: number
  per: 'hour' | 'day' | 'month'
  tag: { name: string; value: string | null } | null
  /** What comes of it now. */
  action: 'warn' | 'reject' | 'downgrade'
  /** When it begins anew, in milliseconds since 1970. */
  renewsAt: number
  at: string
}

export interface BudgetStatus {
  budget: string
  per: 'hour' | 'day' | 'month'
  tag: { name: string; value: string | null } | null
  limitUsd: number
  spentUsd: number
  remainingUsd: number
  exceeded: boolean
  /** In milliseconds since 1970. */
  renewsAt: number
}

/** Sums, exact to the microdollar. */
export interface CostSums {
  /** Answered ones. */
  calls: number
  inputTokens: number
  outputTokens: number
  costUsd: number
  /** Calls without a known price or usage, which are not in `costUsd`. */
  unpricedCalls: number
  /** What those calls cost whose list price is known, what they would have cost at that, and the difference. */
  comparableUsd: number
  listUsd: number
  savedUsd: number
  /** `savedUsd` of `listUsd`, 0 to 1; null where there is no list price. */
  savedShare: number | null
  /** What calls cost more than the same tokens would have at their first candidate; negative where failover was cheaper. */
  failoverAddedUsd: number
  /** `savedUsd` without `failoverAddedUsd`. */
  netSavedUsd: number
  /** Attempts besides those that answered for which somebody may send a bill. */
  maybeBilledAttempts: number
}

export interface CostReport {
  /** Days of UTC, both included. */
  from: string
  to: string
  total: CostSums
  byModel: (CostSums & { model: string })[]
  byEndpoint: (CostSums & { endpoint: string })[]
  /** A call with several tags is in each of their rows. */
  byTag: (CostSums & { tag: string; value: string })[]
  byDay: (CostSums & { day: string })[]
  byMonth: (CostSums & { month: string })[]
  /** A table for a terminal. */
  toString(): string
  toMarkdown(): string
  /** With a line of names first, as RFC 4180 has it. */
  toCsv(): string
}

export interface CostLedger {
  /**
   * What was spent from one day of UTC to another, both included. Default: all that is kept, which is 400 days.
   * @throws {ConfigError} if a date is none.
   */
  report(options?: { from?: Date | string | number; to?: Date | string | number }): CostReport
  /** Every budget, with what is left of it. */
  budgets(): BudgetStatus[]
}

/** USD per million tokens, 0 to 1,000,000. */
export interface Price {
  input: number
  output: number
  /** Input tokens that the vendor had cached. Default: `input`. */
  cacheRead?: number
  /** Input tokens that the vendor keeps for later. Default: `input`. */
  cacheWrite?: number
  /** What others ask for the same: reports compare with it. */
  list?: { input: number; output: number }
}
