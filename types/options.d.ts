import type { AlertOptions } from './alerts'
import type { BudgetOptions, Price } from './costs'
import type { DrillsOptions } from './drills'
import type { EndpointOptions } from './endpoints'
import type { IncidentOptions } from './incidents'
import type { HealthOptions } from './monitor'
import type { OpenAIChatRequest } from './openai'
import type { QueueOptions } from './queue'
import type { LogLevel, Logger } from './telemetry'

/** A number of milliseconds, or a text: `'500ms'`, `'30s'`, `'5m'`, `'1h'`, `'1d'`. At most 366 days. */
export type Duration = number | string

/**
 * A credential, or a function that returns one and is called for each request. Errors thrown by the function are never
 * quoted.
 */
export type ApiKey = string | (() => string | Promise<string>)

export interface ConfigOverrides extends ClientOptions {
  /**
   * Reloads the file when it changes, until the client is closed. A `config` event reports an invalid file. Default
   * false.
   */
  watch?: boolean
}

/** Endpoints and credentials: the options that a client and a monitor have in common. */
export interface ConnectionOptions {
  /** The key, or a pool of keys, of endpoints without one of their own. Default: the vendor's environment variable. */
  apiKey?: ApiKey | ApiKey[]
  /**
   * The address of endpoints without one of their own. `/v1` is added only if it has no path; a pasted
   * `/chat/completions` is removed.
   */
  baseURL?: string
  /** In order of preference; a string is an address. Default: derived from the key, `baseURL` or the environment. */
  endpoints?: (string | EndpointOptions)[]
  /** Aliases: a name to request, and its models in order: `'model'`, `'endpoint/model'` or `'provider/model'`. */
  models?: Record<string, string | string[]>
  /** Models for `complete()` by task type and `priority`; omitted ones keep their defaults. */
  routing?: Record<string, { fast?: string[]; normal?: string[]; high?: string[] }>
  /** Limits of what calls may cost; at most 100. */
  budgets?: BudgetOptions[]
  /**
   * `path`: a file that keeps the sums of `client.costs`, written at most once a second and at `close()`; a crash loses
   * the last second. One client at a time owns it. Default: in memory.
   */
  costs?: { path?: string }
  /** Routing rules, by the name that a call gives as its `route`. */
  rules?: Record<string, RoutingRule>
  alerts?: AlertOptions
  /**
   * The HTTP proxy: an address, `false` for none, or `'env'` for `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and
   * `NO_PROXY`. Default `'env'`.
   */
  proxy?: 'env' | (string & {}) | false
  tls?: TlsOptions
  /**
   * Makes the HTTP exchanges. `'native'`: this package, off the event loop. `'fetch'`: the global fetch, looked up for
   * each exchange, so that MSW, nock and the like intercept it in tests; or a function like it. Everything else stays
   * the same, except connect timeouts, proxies and TLS, which are then up to the fetch. Default `'native'`.
   */
  transport?: 'native' | 'fetch' | typeof globalThis.fetch
  /** A prefix that every given key must have. Default: none. */
  keyPrefix?: string
}

export interface ClientOptions extends ConnectionOptions {
  /** A duration limits the whole call; an object limits its phases. */
  timeout?: Duration | TimeoutOptions
  /** How often one call may retry the same endpoint, 0 to 100; failovers are not counted. Default 2. */
  maxRetries?: number
  retry?: RetryOptions
  /** `false` disables circuit breakers. */
  breaker?: BreakerOptions | false
  /**
   * What a call does when no endpoint is ready. `'wait'` (default): waits for the soonest, at most 10 s and the
   * deadline; for a rate budget, or for the only endpoint that throttled this call, up to the deadline. `'error'`:
   * rejects at once. `'fallback'`: answers with `fallbackResponse` at once. `'queue'`: keeps the request in `queue` and
   * resolves with `{ status: 'queued', id }`; check `'status' in answer`. `'queue'` applies to `chatCompletion` only:
   * `complete`, `processLongContext`, `fetch` and `handler` wait instead.
   */
  onUnavailable?: 'wait' | 'error' | 'fallback' | 'queue'
  /** The file of the durable queue, for calls with `onUnavailable: 'queue'`. */
  queue?: QueueOptions
  /**
   * The answer of a call that no endpoint answered, marked by `report.degraded`: a text; a function of the request that
   * returns one within 5 s and the deadline (a `config` event reports a failure); or `true` for "The service is
   * temporarily unavailable. Please try again shortly." Default: the call rejects. Invalid requests and calls with
   * `onUnavailable: 'error'` reject all the same.
   */
  fallbackResponse?: true | string | ((request: OpenAIChatRequest) => string | Promise<string>)
  streams?: StreamOptions
  /** Sends a second request to another endpoint if the first is slow. Default false. */
  hedge?: false | HedgeOptions
  incidents?: IncidentOptions
  /** Drills that the client runs on a schedule: docs/reference/drills.md. Default: none. */
  drills?: DrillsOptions
  /** Receives events as log lines; an object with pino's methods: docs/reference/telemetry.md. */
  logger?: Logger
  /**
   * Default: `BELLWETHER_LOG`, else `'info'` with a logger and `'silent'` without one. Without a logger, lines go to
   * stderr.
   */
  logLevel?: LogLevel
  /** Prices by model, for endpoints without prices of their own. */
  prices?: Record<string, Price>
  /** Options of `client.monitor`; `false` is the same as omitting it. */
  health?: HealthOptions | false
  /** Closes the client when aborted. */
  signal?: AbortSignal
}

export interface RoutingRule {
  /**
   * Endpoints and models (or aliases) to call, in order, in place of the requested model. Default: the endpoints that
   * serve it.
   */
  routeTo?: string | string[]
  /**
   * Whether all other endpoints follow. Default: true if `routeTo` names models only, false if it names an endpoint.
   */
  fallback?: boolean
  /**
   * False: after a failover only the system instructions and the messages since the user's last one are sent. Not for
   * callers of `fetch` and `handler` in dialects other than OpenAI's. Default true.
   */
  preserveContext?: boolean
  /** Overrides the client's option; a call's own option has precedence. */
  maxRetries?: number
  /**
   * `cost_optimization`: orders endpoints by the expected cost of the call, whatever the priorities; endpoints without
   * a known price come last.
   */
  priority?: 'cost_optimization'
  /**
   * Like an endpoint's `maxLatency`, for this call: endpoints with a higher 95th percentile are called after the
   * others, and the wait for a stream's first content is limited while another endpoint is left.
   */
  latencySla?: Duration
}

/** Handling of streams that break. */
export interface StreamOptions {
  /**
   * After content was delivered: `'error'` (default) rejects with `StreamInterruptedError`. `'restart'`: another
   * endpoint answers from the beginning. `'continue'`: an endpoint with `canContinue` continues a plain text, else the
   * answer restarts. A chunk with `bellwether` announces the takeover.
   */
  onCut?: 'error' | 'restart' | 'continue'
  /**
   * `'end'` delivers nothing before the stream is complete, so that every break fails over unnoticed. Default
   * `'firstContent'`.
   */
  commit?: 'firstContent' | 'end'
}

export interface HedgeOptions {
  /**
   * When the second request is sent: after this time, or after the first endpoint's p95 to first content (from 20
   * samples on).
   */
  after: Duration | 'p95'
  /** Extra requests per call, 0 to 1, over the whole client. Default 0.05. */
  maxExtraLoad?: number
}

/** Time limits of the phases of a call; at least 1 ms each. */
export interface TimeoutOptions {
  /** The whole call with its retries and waits. Default `'10m'`. */
  total?: Duration
  /** Until a connection is open. Default `'10s'`. */
  connect?: Duration
  /** Until an attempt's response headers. Default `'30s'` for streams, none otherwise. */
  headers?: Duration
  /** From the start of an attempt to its first content. Default `'60s'` for streams, none otherwise. */
  firstContent?: Duration
  /** Between two pieces of content. Default `'60s'` for streams, none otherwise. */
  content?: Duration
}

export interface RetryOptions {
  /**
   * While another endpoint is ready: `'next'` (default) fails over at once, `'same'` retries the same endpoint first.
   */
  prefer?: 'next' | 'same'
  /** With `prefer: 'same'`, the longest Retry-After to wait for. Default `'5s'`. */
  maxRetryAfter?: Duration
  /** Waits before retries of the same endpoint: exponential with full jitter, or a list of waits. */
  backoff?: BackoffOptions | Duration[]
  budget?: RetryBudgetOptions
  /**
   * Reasons of invalid requests after which another endpoint is tried all the same, for example because content
   * filters differ. Default: none.
   */
  failoverOn?: 'badRequest' | 'contentFilter' | ('badRequest' | 'contentFilter')[]
}

export interface BackoffOptions {
  /** The upper bound of the first wait. Default `'250ms'`. */
  initial?: Duration
  /** The upper bound of every wait. Default `'20s'`. */
  max?: Duration
  /** 1 to 10. Default 2. */
  factor?: number
}

/** Limits retries per endpoint, so that an outage is not amplified. */
export interface RetryBudgetOptions {
  /** Retries per success in the last 10 s, 0 to 10. Default 0.2. */
  ratio?: number
  /** Retries per second that are always allowed, 0 to 1,000. Default 0.2. */
  perSecond?: number
}

export interface BreakerOptions {
  /** Consecutive failures that open it, 1 to 10,000. Default 3. */
  failureThreshold?: number
  /** How long it stays open the first time. Default `'5s'`. */
  recoveryTimeout?: Duration
  /** The upper limit of that time, which doubles each time; never below `recoveryTimeout`. Default `'60s'`. */
  maxRecoveryTimeout?: Duration
  /** Requests in the window before the ratio applies, 1 to 1,000,000. Default 10. */
  minimumRequests?: number
  /** The share of failures in the window that opens it, 0.01 to 1. Default 0.5. */
  failureRatio?: number
  /** The length of the window; at least 100 ms. Default `'30s'`. */
  window?: Duration
}

export interface TlsOptions {
  /** PEM certificates that are trusted in addition to Mozilla's roots and `NODE_EXTRA_CA_CERTS`. */
  ca?: string | Buffer | (string | Buffer)[]
  /** Also trusts the system's certificate store. Default false. */
  systemCa?: boolean
}
