import { EventEmitter } from 'node:events'
import type { AlertOptions } from './alerts'
import type { Listener, MonitorEvents } from './events'
import type { ConnectionOptions, Duration } from './options'
import type { HealthReport } from './status'

/**
 * Checks endpoints on a schedule: whether they are there (`GET /models`) and whether they work (a real completion
 * of at most 5 tokens). Once started it keeps the process alive until it is stopped or `unref()`ed.
 */
export class HealthMonitor extends EventEmitter implements AsyncDisposable {
  /**
   * Without arguments, endpoints come from the environment, as for `FailoverClient`.
   * @throws {ConfigError} naming every problem at once
   */
  constructor(options?: MonitorOptions)
  constructor(apiKey: string, options?: MonitorOptions)

  /**
   * Asks `GET {baseURL}/models`, or the endpoint's `healthCheck.url`, now. Default: the first endpoint.
   * @throws {ConfigError} (as a rejection) if no endpoint has that name
   */
  checkEndpointHealth(endpoint?: string): Promise<HealthCheckResult>
  /**
   * Asks for a real completion of at most 5 tokens, now; it is billed. Default: the first endpoint.
   * @throws {ConfigError} (as a rejection) if no endpoint has that name
   */
  checkServiceAvailability(endpoint?: string): Promise<HealthCheckResult>
  /** Starts the schedule and resolves after the first round. Idempotent. */
  startMonitoring(): Promise<void>
  /** Idempotent; the history can still be read. */
  stopMonitoring(): void
  /** The latest results, oldest first. @throws {ConfigError} for a filter that is not valid */
  getHealthHistory(filter?: HistoryFilter): HealthCheckResult[]
  /** The share of results that were `UP`, 0 to 100; 100 without results. @throws {ConfigError} for a filter that is not valid */
  getAvailabilityPercentage(filter?: HistoryFilter): number
  /** The fastest of the models that answered at least 95 % of their last 10 (and at least 3) requests, on average within 5 s; null if none did. */
  getOptimalModel(): string | null
  /** As `client.getHealthReport()`. */
  getHealthReport(): HealthReport
  /** The running schedule keeps the process alive, as at the start. */
  ref(): this
  /** The running schedule does not keep the process alive. */
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
  /** Failed checks in a row, of one endpoint and probe, that fire an alert; 1 to 10,000. Default 3. */
  failureThreshold?: number
  /** From the start of a round to the start of the next; rounds do not overlap. At least 1 ms. Default `'30s'`. */
  checkInterval?: Duration
  /** Of one check, at least 1 ms. Default `'10s'`. */
  timeout?: Duration
  /** The model that a completion is asked of where an endpoint names none. Default: in a client none (no such probe is sent), in a monitor of its own `'gpt-4o'`. */
  model?: string
  /** `'endpoint'` is free, `'service'` is billed. Default both; a paid one is left out while calls prove the endpoint. */
  probes?: ('endpoint' | 'service') | ('endpoint' | 'service')[]
  /** Results kept, of all endpoints together; 1 to 1,000,000. Default 100. */
  historySize?: number
  /** What alerts call the service. Default: the endpoint's name. */
  service?: string
}

export interface MonitorOptions extends ConnectionOptions, HealthOptions {
  /** Its abort stops monitoring. */
  signal?: AbortSignal
  /** Where alerts are sent. Rules over calls have nothing to watch here. */
  alerts?: AlertOptions
}

export interface HistoryFilter {
  /** A name, or a probed URL. */
  endpoint?: string
  /** A date, ISO 8601, or milliseconds since 1970. */
  since?: Date | string | number
  /** Only the newest so many. */
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
  /** Absent if no answer came. */
  statusCode?: number
  /** Absent if `UP`. */
  errorMessage?: string
  /** Of this endpoint and probe. */
  consecutiveFailures: number
}
