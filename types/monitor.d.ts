import { EventEmitter } from 'node:events'
import type { AlertOptions } from './alerts'
import type { Listener, MonitorEvents } from './events'
import type { ConnectionOptions, Duration } from './options'
import type { HealthReport } from './status'

/**
 * Checks endpoints on a schedule: whether they respond (`GET /models`), and whether they work (a real completion of at
 * most 5 tokens). A started monitor keeps the process alive until it is stopped or `unref()`ed.
 */
export class HealthMonitor extends EventEmitter implements AsyncDisposable {
  /**
   * Without arguments, endpoints come from the environment, as for `FailoverClient`.
   * @throws {ConfigError} with every invalid option
   */
  constructor(options?: MonitorOptions)
  constructor(apiKey: string, options?: MonitorOptions)

  /**
   * Requests `GET {baseURL}/models`, or the endpoint's `healthCheck.url`, now. Default: the first endpoint.
   * @throws {ConfigError} (as a rejection) if no endpoint has that name
   */
  checkEndpointHealth(endpoint?: string): Promise<HealthCheckResult>
  /**
   * Requests a real completion of at most 5 tokens, now; it is billed. Default: the first endpoint.
   * @throws {ConfigError} (as a rejection) if no endpoint has that name
   */
  checkServiceAvailability(endpoint?: string): Promise<HealthCheckResult>
  /** Starts the schedule and resolves after the first round. Idempotent. */
  startMonitoring(): Promise<void>
  /** Stops the schedule; the history is kept. Idempotent. */
  stopMonitoring(): void
  /** The latest results, the oldest first. @throws {ConfigError} for an invalid filter */
  getHealthHistory(filter?: HistoryFilter): HealthCheckResult[]
  /** The share of results that were `UP`, 0 to 100; 100 without results. @throws {ConfigError} for an invalid filter */
  getAvailabilityPercentage(filter?: HistoryFilter): number
  /**
   * The fastest model that answered at least 95 % of its last 10 requests (at least 3), in 5 s or less on average;
   * null without one.
   */
  getOptimalModel(): string | null
  /** Like `client.getHealthReport()`. */
  getHealthReport(): HealthReport
  /** Lets the running schedule keep the process alive, as at the start. */
  ref(): this
  /** Lets the process exit while the schedule runs. */
  unref(): this
  /** `stopMonitoring()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>

  on<E extends keyof MonitorEvents>(event: E, listener: Listener<MonitorEvents, E>): this
  once<E extends keyof MonitorEvents>(event: E, listener: Listener<MonitorEvents, E>): this
  off<E extends keyof MonitorEvents>(event: E, listener: Listener<MonitorEvents, E>): this
  addListener<E extends keyof MonitorEvents>(event: E, listener: Listener<MonitorEvents, E>): this
  prependListener<E extends keyof MonitorEvents>(event: E, listener: Listener<MonitorEvents, E>): this
  prependOnceListener<E extends keyof MonitorEvents>(event: E, listener: Listener<MonitorEvents, E>): this
  removeListener<E extends keyof MonitorEvents>(event: E, listener: Listener<MonitorEvents, E>): this
  removeAllListeners(event?: keyof MonitorEvents): this
  emit<E extends keyof MonitorEvents>(event: E, payload: MonitorEvents[E]): boolean
  listenerCount<E extends keyof MonitorEvents>(event: E, listener?: Listener<MonitorEvents, E>): number
  listeners(event: keyof MonitorEvents): Function[]
  rawListeners(event: keyof MonitorEvents): Function[]
}

export interface HealthOptions {
  /** Consecutive failed checks of one endpoint and probe that fire an alert; 1 to 10,000. Default 3. */
  failureThreshold?: number
  /** Time between the starts of two rounds, which do not overlap; at least 1 ms. Default `'30s'`. */
  checkInterval?: Duration
  /** Timeout of one check; at least 1 ms. Default `'10s'`. */
  timeout?: Duration
  /**
   * The model of completion checks for endpoints that name none. Default: in a client none (the check is skipped), in
   * a separate monitor `'gpt-4o'`.
   */
  model?: string
  /** `'endpoint'` is free, `'service'` is billed. Default both; a billed check is skipped while calls succeed. */
  probes?: ('endpoint' | 'service') | ('endpoint' | 'service')[]
  /** Number of results kept, over all endpoints; 1 to 1,000,000. Default 100. */
  historySize?: number
  /** The service name in alerts. Default: the endpoint's name. */
  service?: string
}

export interface MonitorOptions extends ConnectionOptions, HealthOptions {
  /** Stops monitoring when aborted. */
  signal?: AbortSignal
  /** Receivers of alerts. Rules about calls do not apply here. */
  alerts?: AlertOptions
}

export interface HistoryFilter {
  /** A name, or a probed URL. */
  endpoint?: string
  /** A date, ISO 8601, or milliseconds since 1970. */
  since?: Date | string | number
  /** Only the latest results. */
  limit?: number
}

export interface HealthCheckResult {
  /** ISO 8601, when the check ended. */
  timestamp: string
  /** The probed URL. */
  endpoint: string
  /** The endpoint's name. */
  name: string
  probe: 'endpoint' | 'service'
  status: 'UP' | 'DOWN' | 'TIMEOUT' | 'AUTH_ERROR' | 'RATE_LIMITED'
  responseTimeMs: number
  /** Absent without a response. */
  statusCode?: number
  /** Absent if `UP`. */
  errorMessage?: string
  /** Consecutive failures of this endpoint and probe. */
  consecutiveFailures: number
}
