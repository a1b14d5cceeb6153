import type { AlertOptions } from './alerts'
import type { BudgetOptions, Price } from './costs'
import type { DrillsOptions } from './drills'
import type { EndpointOptions } from './endpoints'
import type { IncidentOptions } from './incidents'
import type { HealthOptions } from './monitor'
import type { OpenAIChatRequest } from './openai'
import type { QueueOptions } from './queue'
import type { LogLevel, Logger } from './telemetry'

/**
 * Milliseconds as a number, or text: `'500ms'`, `'30s'`, `'5m'`, `'1h'`, `'1d'`. At most 366 days.
 */
export type Duration = number | string

/**
 * A credential, or a function that gives one and is asked again for each request.
 * What the function throws stays in the process and is never quoted.
 */
export type ApiKey = string | (() => string | Promise<string>)

export interface ConfigOverrides extends ClientOptions {
  /** Reloads the file when it changes, until the client is closed. A file that is not valid is told by a `config` event. Default false. */
  watch?: boolean
}

/** Where endpoints are and who pays. What the options of a client and of a monitor have in common. */
export interface ConnectionOptions {
  /** The key, or a pool of keys, of every endpoint that has none of its own. Default: the vendor's variable. */
  apiKey?: ApiKey | ApiKey[]
  /** The address of every endpoint that has none of its own. `/v1` is added only if it has no path; a pasted `/chat/completions` is removed. */
  baseURL?: string
  /** In order of preference; a string is an address. Default: what the key, `baseURL` or the environment stands for. */
  endpoints?: (string | EndpointOptions)[]
  /** Aliases: a name that may be asked for, and what it stands for, in order: `'model'`, `'endpoint/model'` or `'provider/model'`. */
  models?: Record<string, string | string[]>
  /** Models for `complete()` by kind of task and by `priority`; what is left out stays as it is. */
  routing?: Record<string, { fast?: string[]; normal?: string[]; high?: string[] }>
  /** How much calls may cost; at most 100. */
  budgets?: BudgetOptions[]
  /**
   * `path`: a file in which the sums of `client.costs` are kept, written at most once a second and at `close()`; a crash loses
   * the last second. One client at a time owns it. Default: they are kept in memory.
   */
  costs?: { path?: string }
  /** Ways for calls to go, by the name that a call gives as its `route`. */
  rules?: Record<string, RoutingRule>
  alerts?: AlertOptions
  /** The way out. Default `'env'`: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`. An address, or `false` for none. */
  proxy?: 'env' | (string & {}) | false
  tls?: TlsOptions
  /**
   * Who makes the HTTP exchanges. Default `'native'`: this package, off the event loop. `'fetch'`: the global fetch, looked
   * up for each exchange, so that MSW, nock and the like intercept it in tests; or a function like it. All else stays the
   * same, but for connect timeouts, proxies and TLS, which are then the fetch's own.
   */
  transport?: 'native' | 'fetch' | typeof globalThis.fetch
  /** What every key given must start with. Default: keys may start with anything. */
  keyPrefix?: string
}

export interface ClientOptions extends ConnectionOptions {
  /** A duration limits the whole call; an object limits its phases. */
  timeout?: Duration | TimeoutOptions
  /** How often one call may ask the same endpoint again, 0 to 100; moving to another endpoint is not counted. Default 2. */
  maxRetries?: number
  retry?: RetryOptions
  /** `false` switches circuit breakers off. */
  breaker?: BreakerOptions | false
  /**
   * When no endpoint is ready: `'wait'` (default) for the soonest, at most 10 s and the deadline, for a rate budget, and for the
   * only endpoint that throttled this call, as long as the deadline allows; `'error'` at once; `'fallback'` answers with `fallbackResponse` at once;
   * `'queue'` keeps the request in `queue` and resolves with `{ status: 'queued', id }`: `'status' in answer` tells it from an answer. That is
   * for `chatCompletion` alone: `complete`, `processLongContext`, `fetch` and `handler` wait instead.
   */
  onUnavailable?: 'wait' | 'error' | 'fallback' | 'queue'
  /** A file for calls with `onUnavailable: 'queue'` that nobody could answer. */
  queue?: QueueOptions
  /**
   * The answer of a call that no endpoint answered, marked by `report.degraded`: a text, a function of the request that gives
   * one within 5 s and the deadline (one that does not is told by a `config` event), or `true` for "The service is temporarily unavailable. Please try again shortly." Default: the call rejects.
   * Caller's mistakes reject all the same, and so does everything with `onUnavailable: 'error'`.
   */
  fallbackResponse?: true | string | ((request: OpenAIChatRequest) => string | Promise<string>)
  streams?: StreamOptions
  /** A second request to another endpoint for a call whose first is slow. Default false. */
  hedge?: false | HedgeOptions
  incidents?: IncidentOptions
  /** Drills that the client holds by itself: docs/reference/drills.md. Default: none. */
  drills?: DrillsOptions
  /** Is told of events, in the words of pino: docs/reference/telemetry.md. */
  logger?: Logger
  /** Default `BELLWETHER_LOG`, else `'info'` with a logger and `'silent'` without one, which would write to stderr. */
  logLevel?: LogLevel
  /** Prices by model, where the endpoint has none. */
  prices?: Record<string, Price>
  /** How `client.monitor` watches; `false` is the same as leaving it out. */
  health?: HealthOptions | false
  /** Its abort closes the client. */
  signal?: AbortSignal
}

export interface RoutingRule {
  /** Endpoints and models (or aliases) to ask, in order, in place of what the call asked. Default: whoever serves what was asked. */
  routeTo?: string | string[]
  /** Whether, after those, everybody else is asked. Default: true where `routeTo` names models alone, false where it names an endpoint. */
  fallback?: boolean
  /**
   * False: who takes over after a failure is sent the instructions and what came since the user's last message alone.
   * Not for callers of `fetch` and `handler` in dialects other than OpenAI's. Default true.
   */
  preserveContext?: boolean
  /** In place of the client's; the call's own goes before it. */
  maxRetries?: number
  /** `cost_optimization`: who is expected to answer this call for the least is asked first, whatever the priorities; who has no known price, last. */
  priority?: 'cost_optimization'
  /**
   * Like an endpoint's `maxLatency`, for this call: who exceeds it at the 95th percentile is asked after the others, and a
   * stream's first content is waited for no longer while another endpoint is left.
   */
  latencySla?: Duration
}

/** What becomes of a stream that breaks. */
export interface StreamOptions {
  /**
   * After content was delivered: `'error'` (default) rejects with `StreamInterruptedError`; `'restart'` has another endpoint answer
   * from the beginning; `'continue'` has one with `canContinue` go on where a plain text broke off, else restarts. Announced by a
   * chunk with `bellwether` before the first chunk of the other's.
   */
  onCut?: 'error' | 'restart' | 'continue'
  /** `'end'` delivers nothing before the stream is whole, so that every break fails over unseen. Default `'firstContent'`. */
  commit?: 'firstContent' | 'end'
}

export interface HedgeOptions {
  /** When the second request is sent: after this long, or after the first endpoint's p95 to first content (once it has 20 samples). */
  after: Duration | 'p95'
  /** Extra requests per call, 0 to 1; the client's counts. Default 0.05. */
  maxExtraLoad?: number
}

/** How long each phase of a call may take, at least 1 ms each. */
export interface TimeoutOptions {
  /** The whole call with all its retries and waits. Default `'10m'`. */
  total?: Duration
  /** Until a connection is open. Default `'10s'`. */
  connect?: Duration
  /** Until an attempt's headers. Default `'30s'` for streams, none otherwise. */
  headers?: Duration
  /** From the beginning of an attempt to its first content. Default `'60s'` for streams, none otherwise. */
  firstContent?: Duration
  /** Between two pieces of content. Default `'60s'` for streams, none otherwise. */
  content?: Duration
}

export interface RetryOptions {
  /** With another endpoint ready: `'next'` (default) moves on at once, `'same'` asks the same one again first. */
  prefer?: 'next' | 'same'
  /** With `prefer: 'same'`, the longest Retry-After that is waited for. Default `'5s'`. */
  maxRetryAfter?: Duration
  /** Waits before asking the same endpoint again: exponential with full jitter, or these in turn. */
  backoff?: BackoffOptions | Duration[]
  budget?: RetryBudgetOptions
  /** Mistakes of the caller after which another endpoint is asked all the same: one may filter what another does not. Default: none. */
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

/** Retries an endpoint is allowed, so that an outage is not amplified. */
export interface RetryBudgetOptions {
  /** Retries per success of the last 10 s, 0 to 10. Default 0.2. */
  ratio?: number
  /** Retries per second that are always allowed, 0 to 1,000. Default 0.2. */
  perSecond?: number
}

export interface BreakerOptions {
  /** Failures in a row that open it, 1 to 10,000. Default 3. */
  failureThreshold?: number
  /** How long it is open the first time. Default `'5s'`. */
  recoveryTimeout?: Duration
  /** Where the doubling of that ends; never below `recoveryTimeout`. Default `'60s'`. */
  maxRecoveryTimeout?: Duration
  /** Requests in the window before the ratio counts, 1 to 1,000,000. Default 10. */
  minimumRequests?: number
  /** The share of failures in the window that opens it, 0.01 to 1. Default 0.5. */
  failureRatio?: number
  /** At least 100 ms. Default `'30s'`. */
  window?: Duration
}

export interface TlsOptions {
  /** Certificates in PEM that are trusted beside Mozilla's roots and `NODE_EXTRA_CA_CERTS`. */
  ca?: string | Buffer | (string | Buffer)[]
  /** Trusts the system's certificate store as well. Default false. */
  systemCa?: boolean
}
