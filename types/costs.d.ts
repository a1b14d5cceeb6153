export interface BudgetOptions {
  /** Its name in events and errors. Default: made of the period, the tag and a number. */
  name?: string
  /** USD. */
  limit: number
  /** In UTC; the budget renews with each. */
  per: 'hour' | 'day' | 'month'
  /** Counts only calls with this tag: its name, or its name and value. Default: all calls. */
  tag?: string | Record<string, string>
  /** Shares of the limit at which a `budget` event is emitted, once per period each. Default `[0.5, 0.8, 1]`. */
  warnAt?: number[]
  /**
   * What happens to calls after the limit is reached. `reject`: a `BudgetExceededError` before anything is sent.
   * `downgrade`: they use the rule `downgradeTo`, whatever their own `route`. Calls in flight are not stopped, so their
   * cost may exceed the limit; calls without a known price do not count. Default `'reject'`.
   */
  onExceeded?: 'warn' | 'reject' | 'downgrade'
  /** The name of one of `rules`. */
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
  /** What happens to calls from now on. */
  action: 'warn' | 'reject' | 'downgrade'
  /** When the budget renews, in milliseconds since 1970. */
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

/** Sums, exact to a millionth of a dollar. */
export interface CostSums {
  /** Calls that were answered. */
  calls: number
  inputTokens: number
  outputTokens: number
  costUsd: number
  /** Calls without a known price or usage; they are not in `costUsd`. */
  unpricedCalls: number
  /** Cost of the calls with a known list price, the same at list price, and the difference. */
  comparableUsd: number
  listUsd: number
  savedUsd: number
  /** `savedUsd` / `listUsd`, 0 to 1; null without a list price. */
  savedShare: number | null
  /** What calls cost more than the same tokens at their first candidate; negative if failover was cheaper. */
  failoverAddedUsd: number
  /** `savedUsd` minus `failoverAddedUsd`. */
  netSavedUsd: number
  /** Further attempts that a vendor may have billed. */
  maybeBilledAttempts: number
}

export interface CostReport {
  /** Days in UTC, both included. */
  from: string
  to: string
  total: CostSums
  byModel: (CostSums & { model: string })[]
  byEndpoint: (CostSums & { endpoint: string })[]
  /** A call with several tags is in the row of each. */
  byTag: (CostSums & { tag: string; value: string })[]
  byDay: (CostSums & { day: string })[]
  byMonth: (CostSums & { month: string })[]
  /** A table for a terminal. */
  toString(): string
  toMarkdown(): string
  /** CSV after RFC 4180, with a header line. */
  toCsv(): string
}

export interface CostLedger {
  /**
   * The costs from one UTC day to another, both included. Default: everything that is kept, which is 400 days.
   * @throws {ConfigError} if a date is invalid
   */
  report(options?: { from?: Date | string | number; to?: Date | string | number }): CostReport
  /** Every budget and its state. */
  budgets(): BudgetStatus[]
}

/** USD per million tokens, 0 to 1,000,000. */
export interface Price {
  input: number
  output: number
  /** Input tokens that the vendor read from its cache. Default: `input`. */
  cacheRead?: number
  /** Input tokens that the vendor wrote to its cache. Default: `input`. */
  cacheWrite?: number
  /** The list price that reports compare with. */
  list?: { input: number; output: number }
}
