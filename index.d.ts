/// <reference types="node" />

import { EventEmitter } from 'node:events'
import type { AlertKind, AlertOptions, ForwardEvent } from './types/alerts'
import type { DrillEvent, DrillOptions, DrillReport, DrillScenario, DrillsOptions } from './types/drills'
import type { IncidentOptions, IncidentReport } from './types/incidents'
import type { Logger, LogLevel } from './types/telemetry'

export * from './types/alerts'
export * from './types/drills'
export * from './types/incidents'
export * from './types/http'
export * from './types/telemetry'

// The reference documentation of the package. Inputs are camelCase; completions are OpenAI's wire objects.

/**
 * Milliseconds as a number, or text: `'500ms'`, `'30s'`, `'5m'`, `'1h'`, `'1d'`. At most 366 days.
 */
export type Duration = number | string

/**
 * A credential, or a function that gives one and is asked again for each request.
 * What the function throws stays in the process and is never quoted.
 */
export type ApiKey = string | (() => string | Promise<string>)

// ── client ──────────────────────────────────────────────────────────────────

/**
 * Keeps chat completions answered while vendors fail: failover, retries, breakers, health checks and alerts.
 * Make one and share it. It never keeps the process alive by itself.
 *
 * ```ts
 * await using client = new FailoverClient({
 *   endpoints: [
 *     { name: 'primary', provider: 'openai' },
 *     { name: 'backup', provider: 'deepseek', model: 'deepseek-chat' }
 *   ]
 * })
 * const answer = await client.chatCompletion('gpt-4.1', 'Good morning')
 * ```
 */
export class FailoverClient extends EventEmitter implements AsyncDisposable {
  /**
   * Without arguments, options come from a configuration file, where `fromConfig()` finds one. Without one, as without
   * endpoints, endpoints come from the environment: `HOLYSHEEP_API_KEY`, `OPENAI_API_KEY`, `ANTHROPIC_API_KEY`,
   * `GEMINI_API_KEY`, `DEEPSEEK_API_KEY`, in that order. A bare key finds its endpoint by `baseURL`, `BELLWETHER_BASE_URL` or its prefix.
   * @throws {ConfigError} naming every problem at once
   */
  constructor(options?: ClientOptions)
  constructor(apiKey: string, options?: ClientOptions)

  /**
   * A client by a configuration file, YAML or JSON (docs/configuration.md). Without `path`: `BELLWETHER_CONFIG`, else
   * `bellwether.yaml`, `bellwether.yml` or `bellwether.json` in the working directory. Members of `overrides` take the
   * place of the file's, also when it is read again. Reads the file at once, on this thread.
   * @throws {ConfigError} naming every problem with its place
   */
  static fromConfig(path?: string | URL, overrides?: ConfigOverrides): FailoverClient
  /**
   * Goes on under other options, or a file's (a path; none: as for `fromConfig`, with the overrides given there). Calls
   * from now on see them, calls under way finish as they began. What is known of an endpoint with the same origin, key and
   * model stays: breakers, cooldowns, rate budgets, histograms. A `config` event says what changed.
   * Rejects with a `ConfigError` that names every problem, and then nothing has changed. `signal` stays as it was.
   */
  reload(options?: ClientOptions | string | URL): Promise<void>

  /**
   * Asks for a completion by OpenAI's wire names; fields that are not known here are passed on.
   * Rejects with an error of this package, or with `signal.reason` itself.
   */
  chatCompletion(request: OpenAIChatRequest & { stream: true }, options: Queueing<CallOptions>): Promise<ChatStream | QueuedRequest>
  chatCompletion(request: OpenAIChatRequest & { stream?: false | null }, options: Queueing<CallOptions>): Promise<ChatCompletion | QueuedRequest>
  chatCompletion(request: OpenAIChatRequest & { stream: true }, options?: CallOptions): Promise<ChatStream>
  chatCompletion(request: OpenAIChatRequest & { stream?: false | null }, options?: CallOptions): Promise<ChatCompletion>
  chatCompletion(request: OpenAIChatRequest, options?: CallOptions): Promise<ChatCompletion | ChatStream>
  /** Asks for a completion. A string of messages is one message of the user. With `stream: true`, resolves at the first content. */
  chatCompletion(model: string, messages: string | Message[], options: Queueing<ChatOptions> & { stream: true }): Promise<ChatStream | QueuedRequest>
  chatCompletion(model: string, messages: string | Message[], options: Queueing<ChatOptions> & { stream?: false }): Promise<ChatCompletion | QueuedRequest>
  chatCompletion(model: string, messages: string | Message[], options: ChatOptions & { stream: true }): Promise<ChatStream>
  chatCompletion(model: string, messages: string | Message[], options?: ChatOptions & { stream?: false }): Promise<ChatCompletion>
  chatCompletion(model: string, messages: string | Message[], options?: ChatOptions): Promise<ChatCompletion | ChatStream>

  /**
   * A text for a prompt, by models that suit the task: one call over all of them, with one deadline and one report.
   * What vendors do comes back as `success: false`; rejects with a `ConfigError` for misuse, with
   * `ClientClosedError`, and with `signal.reason` on abort.
   */
  complete(prompt: string, options?: CompleteOptions): Promise<ModelResponse>
  /**
   * Asks about a long text in parts, in order; each part fails over by itself. If a part fails for good, the error has
   * `longContext: { parts, resumeFrom }`: what was answered, and where to go on.
   */
  processLongContext(text: string, options?: LongContextOptions): Promise<LongContextResult>

  /**
   * For SDKs, in place of the platform's: `new OpenAI({ fetch: client.fetch, maxRetries: 0 })`, and alike for Anthropic's,
   * Google's (`httpOptions.fetch`) and others. Requests for chat completions (`…/chat/completions`, `…/v1/messages`,
   * `…/models/{model}:generateContent`, `:streamGenerateContent`), whatever their host, are made by this client, on any
   * of its endpoints and in its dialect, and are answered in the caller's. What else models do (embeddings, responses,
   * images, audio, moderations, token counts, the list of models) goes untranslated to the first endpoint of the
   * caller's dialect that has it, with retries and failover. All else goes to the platform's fetch.
   * A request that comes to nothing is answered with the vendor's own form of an error and `x-should-retry: false`.
   */
  readonly fetch: typeof globalThis.fetch
  /**
   * The client as a vendor of its own, for clients in any language: `POST /v1/chat/completions`, `POST /v1/messages`,
   * `POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent`, `GET /v1/models[/{id}]`, and what else
   * `fetch` passes on, under any prefix. Errors come in the route's dialect. It asks nobody who they are: guard it.
   */
  readonly handler: (request: Request) => Promise<Response>

  /** The health monitor of this client's endpoints, sharing their state. Not started. */
  readonly monitor: HealthMonitor
  /** What this client's calls cost. */
  readonly costs: CostLedger
  readonly metrics: Metrics
  /** Calls that nobody could answer. Without the option `queue`, all it does rejects with a `ConfigError`. */
  readonly queue: DurableQueue

  /** The state of every endpoint, in configured order. */
  getEndpointStatus(): EndpointStatus[]
  /** The state of one endpoint; undefined if none has that name. @throws {ConfigError} for a name that is no string */
  getEndpointStatus(name: string): EndpointStatus | undefined
  /** Requests, rates and latencies by model, over all endpoints. */
  getSummary(): Record<string, ModelSummary>
  /** How the endpoints fare, in the words of rate limiting. `toString()` is the text form. */
  getHealthReport(): HealthReport
  /**
   * Disturbances that are under way or over, the oldest first: at most `incidents.keep` that are over. `limit`: no more
   * than the latest so many.
   */
  getIncidents(options?: { limit?: number }): IncidentReport[]
  /**
   * Rehearses failures on a twin of this client, configured alike, whose vendors are simulated: no vendor is asked, no key
   * leaves, nothing is counted here. Without scenarios: all, within a minute or so (docs/drills.md).
   * Rejects with a `ConfigError` for misuse, with `signal.reason`, and with `ClientClosedError`.
   */
  drill(scenarios?: DrillScenario | DrillScenario[], options?: DrillOptions): Promise<DrillReport>
  /**
   * Asks `GET /models` whether the key is accepted. Default: the first endpoint.
   * @throws {ConfigError} (as a rejection) if no endpoint has that name
   */
  validateApiKey(endpoint?: string): Promise<KeyValidation>
  /**
   * Sends an endpoint no calls until the result is disposed of; isolations count, so that two may overlap.
   * @throws {ConfigError} if no endpoint has that name
   */
  isolate(endpoint: string): Disposable
  /**
   * Tries what is queued once, now: skips the waits between deliveries, keeps limits, cooldowns and dead letters as they are.
   * Resolves when nothing more can be sent for now. `failed` have come to an end without an answer.
   */
  retryQueuedRequests(): Promise<{ delivered: number; failed: number; remaining: number }>
  /** Opens a connection to every endpoint, so that first calls need not. Never rejects because an endpoint is down. */
  warmup(): Promise<void>
  /**
   * Takes no more calls, waits for those under way, then ends them with `ClientClosedError`. Idempotent.
   * `drain`: how long to wait; default `'30s'`.
   * @throws {ConfigError} for a `drain` that is no duration
   */
  close(options?: { drain?: Duration }): Promise<void>
  /** `close()` with its default, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>

  on<E extends keyof ClientEvents>(event: E, listener: Listener<ClientEvents, E>): this
  once<E extends keyof ClientEvents>(event: E, listener: Listener<ClientEvents, E>): this
  off<E extends keyof ClientEvents>(event: E, listener: Listener<ClientEvents, E>): this
  addListener<E extends keyof ClientEvents>(event: E, listener: Listener<ClientEvents, E>): this
  prependListener<E extends keyof ClientEvents>(event: E, listener: Listener<ClientEvents, E>): this
  prependOnceListener<E extends keyof ClientEvents>(event: E, listener: Listener<ClientEvents, E>): this
  removeListener<E extends keyof ClientEvents>(event: E, listener: Listener<ClientEvents, E>): this
  removeAllListeners(event?: keyof ClientEvents): this
  emit<E extends keyof ClientEvents>(event: E, payload: ClientEvents[E]): boolean
  listenerCount<E extends keyof ClientEvents>(event: E, listener?: Listener<ClientEvents, E>): number
  listeners(event: keyof ClientEvents): Function[]
  rawListeners(event: keyof ClientEvents): Function[]
}

/**
 * As `FailoverClient.chatCompletion`, on a client made at the first call from a configuration file, where `fromConfig()`
 * finds one, or else from the environment. Rejects with a `ConfigError` if there is neither a file nor a key.
 */
export function chatCompletion(request: OpenAIChatRequest & { stream: true }, options?: CallOptions): Promise<ChatStream>
export function chatCompletion(request: OpenAIChatRequest & { stream?: false | null }, options?: CallOptions): Promise<ChatCompletion>
export function chatCompletion(request: OpenAIChatRequest, options?: CallOptions): Promise<ChatCompletion | ChatStream>
export function chatCompletion(model: string, messages: string | Message[], options: ChatOptions & { stream: true }): Promise<ChatStream>
export function chatCompletion(model: string, messages: string | Message[], options?: ChatOptions & { stream?: false }): Promise<ChatCompletion>
export function chatCompletion(model: string, messages: string | Message[], options?: ChatOptions): Promise<ChatCompletion | ChatStream>

/** Its argument, with the types that editors know of it. */
export function defineConfig<const T extends ClientOptions>(options: T): T

// ── options of the client ───────────────────────────────────────────────────

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
  /** Drills that the client holds by itself: docs/drills.md. Default: none. */
  drills?: DrillsOptions
  /** Is told of events, in the words of pino: docs/telemetry.md. */
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

export interface CanaryOptions {
  /** Of the calls that it and others may answer, 0 to 1. All others ask it last. Default 0.1. */
  share?: number
  /** Shares one after another, ascending, in place of `share`; 1 as the last makes it the first for all. */
  ramp?: number[]
  /** How long each share of `ramp` is held at least, and for at least 50 of its calls. Default `'10m'`. */
  stepAfter?: Duration
}

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

export interface EndpointOptions {
  /** Its name in reports, errors and events: unique, without `/`. */
  name: string
  /** Whose models it serves. Default: by the address's host, else a relay that serves everybody's. */
  provider?: 'openai' | 'anthropic' | 'google' | 'deepseek' | 'azure' | (string & {})
  /**
   * The protocol it speaks: OpenAI's chat completions, Anthropic's Messages, Gemini's `generateContent`, or a relay's
   * `POST {base}/models/{model}/generate` with Gemini's bodies. Default: the provider's, else OpenAI's.
   */
  dialect?: 'openai' | 'anthropic' | 'google' | 'relay'
  /** Default: the client's `baseURL`, else the provider's own. */
  baseURL?: string
  /** Default: the client's, else the provider's variable. `null` sends no credential. At vendors' own hosts, at least 20 characters. */
  apiKey?: ApiKey | ApiKey[] | null
  /** Pins a model: whatever is asked, this id is sent. Not together with `models`. */
  model?: string
  /** What it serves: ids, or the names that may be asked and the ids that are sent. Default: any, unchanged. */
  models?: string[] | Record<string, string>
  /** 1 (first) to 1,000,000. Default: its place in the list. Endpoints with the same number share the load. */
  priority?: number
  /** Sent with every request. */
  headers?: Record<string, string>
  healthCheck?: HealthCheckOptions
  /** What its tokens cost. Default: the client's `prices`. */
  price?: Price
  /** Its rate budget, for each key and model. Default: what its answers' headers say; at the relay, its plans'. */
  limits?: LimitOptions
  /**
   * It is skipped while its p95 to first content (of the last 5 min, 20 samples at least) is above this and another will do. For a
   * stream it is also how long the first content may take while another is ready. Nobody else left: no limit.
   */
  maxLatency?: Duration
  /** USD. It is not sent a request that may cost more, by the prices, the prompt's size and the output limit (without one, what answers came to so far). */
  costLimitPerRequest?: number
  /**
   * Tokens its models hold. It keeps no request from being sent. One that an endpoint refuses as too long is sent to others that
   * declare more than the refusing one, or, if that declares nothing, more than the request's tokens by our estimate.
   */
  contextWindow?: number
  /**
   * Of those who share a tier, its share of first requests, against the others', who without one have 1. 0: only after all
   * others. Default: where none has one, the less loaded of two drawn at random.
   */
  weight?: number
  /** It is new: a share of the calls is given to it first, by lot, and it is taken back if it is worse. One endpoint at a time. */
  canary?: CanaryOptions
  /** It goes on with an assistant's message at the end of `messages`: see `streams.onCut`. Default false. */
  canContinue?: boolean
}

/** What is left out is not limited. What a vendor's headers say lowers it, never raises it. */
export interface LimitOptions {
  /** Requests per minute: a full minute's at once, then evenly. */
  rpm?: number
  /** Tokens per minute, reserved before (prompt estimate and output limit), settled by the answer's usage. */
  tpm?: number
  /** Requests at once. */
  maxConcurrency?: number
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

/** How the monitor checks one endpoint. */
export interface HealthCheckOptions {
  /** `true` starts the client's monitor by itself, `false` leaves this endpoint out. Default: checked once the monitor is started. */
  enabled?: boolean
  /** Default: the monitor's `checkInterval`. */
  interval?: Duration
  /** Asked instead of `GET {baseURL}/models`. */
  url?: string
  /**
   * A status page to look at during an incident, for its report: an address, or `true` for the vendor's own (OpenAI, Anthropic,
   * DeepSeek). It is asked without a key. Default: none is.
   */
  statusPage?: string | boolean
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

// ── options of a call ───────────────────────────────────────────────────────

export interface CallOptions {
  /** Its abort ends the call, which rejects with `signal.reason`. */
  signal?: AbortSignal | null
  /** In place of the client's. */
  timeout?: Duration | TimeoutOptions
  /** In place of the client's. */
  maxRetries?: number
  /** Names of the endpoints that may be asked. Default: all. */
  endpoints?: string | string[]
  /** Models to ask for when the one asked for is not answered, in order. */
  fallbackModels?: string | string[]
  /** In place of the client's. For `'queue'`, see `Queueing`. */
  onUnavailable?: 'wait' | 'error' | 'fallback'
  /** In place of the client's. */
  streams?: StreamOptions
  /** In place of the client's, but for `maxExtraLoad`. */
  hedge?: false | HedgeOptions
  /** Where calls wait for a rate budget or for an endpoint, higher goes first, then first come, first served. -1,000,000 to 1,000,000, default 0. */
  queuePriority?: number
  /** Told with this call's events; at most 16. */
  tags?: Record<string, string>
  /** Sent as `Idempotency-Key`, and queued once: a call with a key that is in the queue's file already gets that job's id. Printable ASCII. */
  idempotencyKey?: string
  /** The name of one of the client's `rules`. */
  route?: string
  /**
   * Calls with the same key go to the same endpoint of a shared tier, as far as that is ready. Default: the request's
   * `prompt_cache_key`.
   */
  stickyKey?: string
}

/** What is left out is not sent. Of what becomes part of the request, what is in it is written as by `JSON.stringify`. */
export interface ChatOptions extends CallOptions {
  /** Default false. */
  stream?: boolean
  temperature?: number
  /** Sent as `max_completion_tokens` where the model demands it. */
  maxTokens?: number
  topP?: number
  stop?: string | string[]
  seed?: number
  tools?: Tool[]
  toolChoice?: ToolChoice
  responseFormat?: ResponseFormat
  /** Further fields of the request, by their wire names; they win over all others. */
  extraBody?: Record<string, unknown>
}

export interface CompleteOptions extends Omit<ChatOptions, 'stream'> {
  /** `simple_qa`, `code_generation`, `complex_reasoning` or `general`; another is general. Default `'general'`. */
  taskType?: 'simple_qa' | 'code_generation' | 'complex_reasoning' | 'general' | (string & {})
  /** How much it matters. Default `'normal'`. */
  priority?: 'fast' | 'normal' | 'high'
  /** Models to ask, in order, instead of those that suit the task. */
  models?: string[]
}

export interface ModelResponse {
  /** Empty on failure. */
  content: string
  /** The id that was sent; `'all_failed'` on failure. */
  model: string
  latencyMs: number
  /** Of question and answer; 0 if nobody counted. */
  tokensUsed: number
  /** USD; null if it is not known. */
  costUsd: number | null
  success: boolean
  errorMessage?: string
  report: CallReport
}

export interface LongContextOptions extends Omit<ChatOptions, 'stream'> {
  /** Default: the first that an alias or an endpoint names. */
  model?: string
  /** Characters (UTF-16 units) of a part at most; what a reader takes for one character is never cut. Default 4000. */
  chunkSize?: number
  /** Between two parts. Default 500 ms. */
  pace?: Duration
  /** Asked about a part when `model` came to nothing, with 30 s of its own. */
  fallbackModel?: string
  /** What is asked about a part. Default: `[Part i/n]` on a line of its own, and the part. */
  prompt?: (part: string, number: number, of: number) => string
  /** After each part. */
  onProgress?: (progress: { index: number; done: number; total: number; content: string }) => void
  /** The first part to ask about, from 0: as an error's `longContext.resumeFrom` says. Default 0. */
  resumeFrom?: number
  /** Of each part's answer. Default 1000. */
  maxTokens?: number
  /** For each part. Default 45 s. */
  timeout?: NonNullable<CallOptions['timeout']>
}

export interface LongContextResult {
  /** The parts' answers, each on a line of its own. */
  text: string
  parts: { index: number; content: string; report: CallReport }[]
}

// ── queue ───────────────────────────────────────────────────────────────────

/** Options of a call that is queued when nobody can answer it; the client needs the option `queue`. */
export type Queueing<O extends CallOptions> = Omit<O, 'onUnavailable'> & { onUnavailable: 'queue' }

/** Kept on disk, to be answered when an endpoint recovers: `client.queue.result(id)`. */
export interface QueuedRequest {
  status: 'queued'
  id: string
}

export interface QueueOptions {
  /** Of the file, which this client alone uses; it is made where there is none. Beside it lie `…-wal` and `…-lock`. */
  path: string
  /** Jobs that may wait, dead letters included, and answers that are kept, 1 to 10,000,000. Default 10,000. */
  maxJobs?: number
  /** Bytes of the requests that wait (dead letters included) and of what is kept of others, as they are in the file: 1 to 1 TiB. Default 1 GiB. */
  maxBytes?: number
  /** How long a job may wait, by a clock that goes on while the process is down. Default: for ever. */
  ttl?: Duration
  /** Deliveries that a vendor took and did not answer, after which a job is a dead letter, 1 to 100. Default 5. */
  maxDeliveries?: number
  /** Seals requests and answers in the file (ChaCha20-Poly1305): 32 bytes, or 64 hexadecimal digits. Default: they are in plain text. */
  encryptionKey?: string | Buffer
}

/** `failed`: the request itself was refused. `dead`: delivered in vain as often as it may be. `expired`: its `ttl` was over first. */
export type JobState = 'queued' | 'delivering' | 'delivered' | 'failed' | 'dead' | 'expired'

export interface QueuedJob {
  id: string
  state: JobState
  /** The call's `queuePriority`. */
  priority: number
  /** ISO 8601, as all times here. */
  createdAt: string
  expiresAt: string | null
  /** When it may be delivered at the earliest; null unless queued. */
  dueAt: string | null
  /** Those that count. */
  deliveries: number
  /** An earlier delivery may have been answered. */
  maybeDuplicate: boolean
  /** Why it was not answered, the last 10 times. `counted`: against `maxDeliveries`. */
  failures: { at: string; reason: FailureReason; status?: number; counted: boolean }[]
  endedAt: string | null
}

/** A job that is over. */
export type EndedJob =
  | { id: string; status: 'delivered'; completion: ChatCompletion }
  | { id: string; status: 'failed' | 'dead' | 'expired'; error: FailoverError }

/** Everything rejects with a `FailoverError` of code `ERR_BELLWETHER_QUEUE` while the file cannot be used, which says why. */
export interface DurableQueue extends AsyncIterable<EndedJob> {
  /** Jobs that wait or are being delivered. */
  readonly size: number
  /** Resolves when the file is open. */
  ready(): Promise<void>
  /**
   * The answer, once there is one, also after a restart; rejects with the error of a job that failed, died or expired, and with
   * a `NotFoundError` for an id that the file does not hold (any more).
   */
  result(id: string): Promise<ChatCompletion>
  /** In the order in which they came in. `limit`: 1 to 1000, default 100. `after`: the last id of the list before. */
  list(options?: { state?: JobState; limit?: number; after?: string }): Promise<QueuedJob[]>
  /** One job with its request, which is gone (null) once it was answered, and its options. */
  show(id: string): Promise<QueuedJob & { request: OpenAIChatRequest | null; options: Record<string, unknown> | null }>
  /** Puts a job that failed, died or expired back, with a count of 0; false if it is none of these. */
  retry(id: string): Promise<boolean>
  /** Throws away jobs of a state, by default all that are over, that ended (or came in) at least `olderThan` ago, by default all; how many. */
  purge(options?: { state?: Exclude<JobState, 'delivering'>; olderThan?: Duration }): Promise<number>
  /** Everything that is over and still in the file, in the order in which it ended, and then what ends. Ends with the client. */
  [Symbol.asyncIterator](): AsyncIterableIterator<EndedJob>
}

export interface QueueEvent {
  /** `queued` comes again, with a `reason`, for a job whose delivery came to nothing and that is tried again. `drained`: this was the last. */
  event: 'queued' | 'delivering' | 'delivered' | 'failed' | 'dead' | 'expired' | 'drained'
  id: string
  /** Jobs that are not over. */
  remaining: number
  /** ISO 8601. */
  at: string
  reason?: FailureReason
  /** With `queued`: it was delivered before. */
  again?: true
  /** With `delivered`. */
  maybeDuplicate?: true
}

// ── answers ─────────────────────────────────────────────────────────────────

/** Chunks as they arrive. It is read once: a second iteration throws. Leaving the loop cancels the request. */
export interface ChatStream extends AsyncIterable<ChatCompletionChunk>, AsyncDisposable {
  [Symbol.asyncIterator](): AsyncIterableIterator<ChatCompletionChunk>
  /** The text alone, of the first choice. With `onCut: 'restart'` it fails where another endpoint begins anew: a text cannot say so. */
  readonly textStream: AsyncIterable<string>
  /**
   * The whole, with its `report`. Settles when the stream has been read to its end or has failed;
   * a failure that nobody looks at ends no process.
   */
  readonly finalCompletion: Promise<ChatCompletion>
  /** Server-sent events as bytes, ending with `[DONE]`; errors when the stream fails. */
  toReadableStream(): ReadableStream<Uint8Array>
  /** The same as a response. After its headers, a failure is `data: {"error": …}`, and no `[DONE]` follows. */
  toResponse(init?: ResponseInit): Response
  /** Cancels; reading rejects with `reason`, by default an `AbortError`. Nothing happens after the end. */
  abort(reason?: unknown): void
  /** `abort()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** What became of a call. */
export interface CallReport {
  requestId: string
  /** Who answered. */
  endpoint: string
  provider: string
  /** The id that was sent. */
  model: string
  /** In order, those that were skipped included. */
  attempts: Attempt[]
  /** Null if the vendor told none. */
  usage: Usage | null
  /** USD; null if the price or the usage is unknown. */
  costUsd: number | null
  latency: {
    totalMs: number
    /** Of streams. */
    firstContentMs?: number
    /** Time spent waiting for an endpoint to become ready. */
    queueMs: number
  }
  /** Another endpoint or model answered than the one that would have with all in health. */
  failover: boolean
  /** A second request was sent because the first was slow. */
  hedged: boolean
  /** Nobody answered: this is the `fallbackResponse`. */
  degraded: boolean
  /** Events of a sound stream that could not be decoded; absent if none. */
  skippedEvents?: number
  /** Fields of the request that the dialect of who answered has no words for, and that were left out. */
  droppedFields?: string[]
  /** Of a queued request: an earlier delivery was cut short by a crash or by the network, and may have been answered as well. */
  maybeDuplicate?: true
}

export interface Attempt {
  endpoint: string
  model: string
  /** ISO 8601. */
  startedAt: string
  durationMs: number
  /** `retry`: failed, the same was asked again. `next`: failed, another was asked. `skipped`: not asked. `fail`: failed, and the call with it. */
  outcome: 'ok' | 'retry' | 'next' | 'skipped' | 'fail'
  /** Absent if `ok`. */
  reason?: FailureReason
  /** The HTTP status, if one came. */
  status?: number
  reusedConnection: boolean
  /** True if the vendor may have counted a request that failed; absent otherwise. */
  maybeBilled?: boolean
  /** The vendor's own id of the request, for its support. */
  vendorRequestId?: string
}

export interface Usage {
  inputTokens: number
  outputTokens: number
  totalTokens: number
  /** Part of `inputTokens`. */
  cachedTokens?: number
  /** Input tokens that the vendor keeps for later. */
  cacheWriteTokens?: number
  /** Part of `outputTokens`. */
  reasoningTokens?: number
}

/** Why an attempt or a call did not succeed. */
export type FailureReason =
  | 'connect' | 'tls' | 'dns' | 'reset'
  | 'timeoutConnect' | 'timeoutHeaders' | 'timeoutFirstContent' | 'timeoutContent' | 'timeoutTotal'
  | 'truncated' | 'malformed'
  | 'rateLimited' | 'quota' | 'tooLargeForLimit' | 'overloaded' | 'serverError' | 'conflict'
  | 'auth' | 'permission' | 'notFound' | 'badRequest' | 'contextLength' | 'contentFilter'
  | 'breakerOpen' | 'cooldown' | 'limiter' | 'latencyLimit' | 'costLimit' | 'budget' | 'isolated'
  | 'aborted' | 'hedged' | 'config' | 'queueFull' | 'closed'

// ── state ───────────────────────────────────────────────────────────────────

/** `down`: breaker open, isolated or key refused. `rate_limited`: cooling down after a 429 or quota. `degraded`: cooling down, half open, lately closed, or slower than its `maxLatency`. */
export type EndpointState = 'healthy' | 'degraded' | 'rate_limited' | 'down'

/** An endpoint at its worst model. Counts are attempts at chat completions since the client was made; `inFlight` is of all requests. */
export interface EndpointStatus {
  name: string
  /** Its base URL. */
  url: string
  provider: string
  /** The model it names first; null if it serves any. */
  model: string | null
  status: EndpointState
  lastError: { reason: FailureReason; message: string; /** ISO 8601. */ at: string } | null
  /** Milliseconds since 1970; null if it is not cooling down. */
  cooldownUntil: number | null
  breaker: BreakerStatus
  latencyMs: LatencySummary
  /** The share of requests that did not fail, 0 to 100; 100 before the first. */
  availabilityPercentage: number
  totalRequests: number
  failedRequests: number
  rateLimitedRequests: number
  /** How often it was asked again by the same call. */
  retries: number
  /** ISO 8601; null if none. */
  lastFailureAt: string | null
  /** ISO 8601; null if none. */
  lastRateLimitedAt: string | null
  inFlight: number
  /** How an endpoint that is new does; null for all others. */
  canary: { state: 'running' | 'rolledBack'; share: number; reason: 'failures' | 'latency' | null } | null
  /** Of the first model that is limited; null if none is. */
  rateLimit: RateLimitStatus | null
  /** One for each model that was asked for. */
  models: ModelStatus[]
}

export interface ModelStatus {
  model: string
  status: EndpointState
  breaker: BreakerStatus
  /** Milliseconds since 1970; null if it is not cooling down. */
  cooldownUntil: number | null
  latencyMs: LatencySummary
  /** Null without samples. */
  latencyClass: LatencyClass | null
  totalRequests: number
  failedRequests: number
  rateLimitedRequests: number
  inFlight: number
  /** Null if nothing limits it. */
  rateLimit: RateLimitStatus | null
}

/** What all keys together may still send now. Parts that nothing limits are null. */
export interface RateLimitStatus {
  requests: { limit: number; remaining: number } | null
  tokens: { limit: number; remaining: number } | null
  /** Requests at once, as configured or after a throttle. */
  maxConcurrency: number | null
}

export interface BreakerStatus {
  state: 'closed' | 'open' | 'halfOpen' | 'isolated'
  consecutiveFailures: number
  /** When it lets a request through again, in milliseconds since 1970; null while closed. */
  retryAt: number | null
}

/** Milliseconds; 0 without samples. */
export interface LatencySummary {
  avg: number
  p50: number
  p95: number
  p99: number
  samples: number
}

/** By the average of whole answers: `fast` up to 1 s, `normal` up to 3 s, `slow` up to 10 s, `tooSlow` beyond. */
export type LatencyClass = 'fast' | 'normal' | 'slow' | 'tooSlow'

export interface ModelSummary {
  totalRequests: number
  /** 0 to 1; 1 without requests. */
  successRate: number
  /** 0 to 1. */
  errorRate: number
  /** Null without samples. */
  latencyClass: LatencyClass | null
  avgLatencyMs: number
  p50LatencyMs: number
  p95LatencyMs: number
  p99LatencyMs: number
}

export interface Metrics {
  /** Everything counted and timed since the client was made. */
  snapshot(): MetricsSnapshot
  /**
   * For scrapers. Names, types and labels: docs/metrics.md. What was counted is kept across reloads.
   * @throws {ConfigError} for another format
   */
  text(format?: MetricsFormat): string
  /** What `text()` says, as data: for registries and exporters of other kinds. Families that have no series yet are included. */
  families(): MetricFamily[]
  /** Of `text()`, and so of the Prometheus text format 0.0.4. */
  readonly contentType: string
  readonly contentTypes: Readonly<Record<MetricsFormat, string>>
}

/** Prometheus text format 0.0.4, or OpenMetrics 1.0. */
export type MetricsFormat = 'prometheus' | 'openmetrics'

export interface MetricFamily {
  /** Without the prefix `bellwether_`, the unit and the suffix `_total` of counters. */
  name: string
  help: string
  kind: 'counter' | 'gauge' | 'histogram'
  unit?: 'seconds' | 'usd'
  series: MetricSeries[]
}

export interface MetricSeries {
  /** Name and value of each label, in order. */
  labels: [name: string, value: string][]
  value: number | MetricHistogram
}

export interface MetricHistogram {
  sum: number
  count: number
  /** Upper bounds, null for the last, each with how many are in its own bucket: not cumulative. */
  buckets: [bound: number | null, count: number][]
}

export interface MetricsSnapshot {
  /** ISO 8601. */
  timestamp: string
  /** Calls under way. */
  activeCalls: number
  /** Those of them that wait for an endpoint or a rate budget. */
  waitingCalls: number
  /** Events that listeners were too slow for. */
  droppedEvents: number
  /** One for each endpoint and model. */
  series: MetricsSeries[]
}

export interface MetricsSeries {
  endpoint: string
  provider: string
  /** Empty where a request names none, or names it in a form. */
  model: string
  /** `other`: what is no chat completion, made by `fetch` or `handler`. */
  operation: 'chat' | 'other'
  attempts: number
  failed: number
  rateLimited: number
  retries: number
  inFlight: number
  /** `gapMs`: between two pieces of content. */
  latencies: Record<'queueWaitMs' | 'connectMs' | 'firstContentMs' | 'gapMs' | 'totalMs', LatencySummary & { max: number }>
}

export interface HealthReport {
  /** ISO 8601. */
  timestamp: string
  /** `degraded`: an endpoint is not healthy or over 10 % of its requests were rate limited. `critical`: over 30 %, or all are down. */
  overallStatus: 'healthy' | 'degraded' | 'critical'
  endpoints: EndpointHealth[]
  /** The text form; not enumerable. */
  toString(): string
}

export interface EndpointHealth {
  name: string
  status: EndpointState
  totalRequests: number
  /** 0 to 100; 100 without requests. */
  successRate: number
  /** 0 to 100. */
  rateLimitRate: number
  avgLatencyMs: number
  /** ISO 8601; null if never. */
  lastRateLimitedAt: string | null
  /** From the first failure to the next success, of its latest recoveries. */
  recoveryTimesMs: number[]
}

export interface KeyValidation {
  endpoint: string
  valid: boolean
  /** Null if no answer came. */
  statusCode: number | null
  message: string
}

// ── monitor ─────────────────────────────────────────────────────────────────

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

// ── events ──────────────────────────────────────────────────────────────────

/** A listener that throws, or rejects, is an uncaught exception; the others are still called. */
export type Listener<Events, E extends keyof Events> = (payload: Events[E]) => unknown

export interface MonitorEvents {
  /** Every check, whatever its result. */
  healthCheck: HealthCheckResult
  /** A rule's threshold was passed (`firing`), or that is over (`resolved`). */
  alert: AlertPayload
  /** A key was refused, in a check or (client) a call. */
  authError: AuthErrorEvent
  /** Alerts were forwarded, or could not be. */
  forward: ForwardEvent
}

export interface ClientEvents extends MonitorEvents {
  /**
   * An attempt ended and what comes of it is known, or a candidate was skipped: told as soon as another attempt begins or the
   * call ends, in the order of `report.attempts`. One `next` becomes `retry` in the report if its endpoint is asked again later.
   */
  attempt: AttemptEvent
  /** The same endpoint is asked again. */
  retry: RetryEvent
  /** Another endpoint or model is asked. */
  failover: FailoverEvent
  /** A circuit breaker changed its state. */
  breaker: BreakerEvent
  /** Something is left alone for a while. */
  cooldown: CooldownEvent
  /** A vendor answered that a rate, a quota or a size is exceeded. */
  rateLimit: RateLimitEvent
  /** A share of a budget was reached. */
  budget: BudgetEvent
  config: ConfigEvent
  /** Something happened to a queued request. */
  queue: QueueEvent
  /** An incident was opened, or is over. */
  incident: IncidentReport
  /** What a drill comes to. */
  drill: DrillEvent
}

export interface AttemptEvent extends Attempt {
  requestId: string
  /** Absent if the call has none. */
  tags?: Record<string, string>
}

export interface RetryEvent {
  requestId: string
  endpoint: string
  model: string
  /** What was waited before. */
  delayMs: number
  reason: FailureReason | null
  /** What the vendor had asked for; null if nothing. */
  retryAfterMs: number | null
}

export interface FailoverEvent {
  requestId: string
  from: { endpoint: string; model: string }
  to: { endpoint: string; model: string }
  reason: FailureReason
  /** The HTTP status; null if none came. */
  status: number | null
}

/** What a breaker or a cooldown applies to: a host, a key, or one model of an endpoint. */
export type Scope = 'origin' | 'credential' | 'endpoint'

export interface BreakerEvent {
  /** Whose request changed it. */
  endpoint: string
  /** Null unless `scope` is `'endpoint'`. */
  model: string | null
  scope: Scope
  state: 'closed' | 'open' | 'halfOpen'
  /** Milliseconds since 1970; null unless open. */
  retryAt: number | null
  /** ISO 8601. */
  at: string
}

export interface CooldownEvent {
  /** Whose request caused it. */
  endpoint: string
  /** Null unless `scope` is `'endpoint'`. */
  model: string | null
  scope: Scope
  reason: FailureReason | null
  /** Milliseconds since 1970. */
  until: number
  /** ISO 8601. */
  at: string
}

/** An option that cannot do what it says, or a configuration that was read again. */
export interface ConfigEvent {
  message: string
  /** The file that was read. */
  file?: string
  /** What a reload changed. */
  changes?: ConfigChanges
  /** Why a watched file changed nothing. */
  problems?: ConfigProblem[]
  endpoint?: string
  model?: string
  /** A canary has another share, or was taken back, and why. */
  canary?: 'step' | 'rolledBack'
  share?: number
  reason?: 'failures' | 'latency'
}

export interface ConfigChanges {
  /** Names of endpoints. */
  added: string[]
  removed: string[]
  changed: string[]
  /** Whether those that stayed are in another order. */
  reordered: boolean
  /** Names of other options that are new, gone or different. */
  options: string[]
}

export interface RateLimitEvent {
  endpoint: string
  model: string
  reason: FailureReason
  /** The vendor's hint; null if it gave none. */
  retryAfterMs: number | null
  /** ISO 8601. */
  at: string
}

export interface AuthErrorEvent {
  message: string
  /** What to do about it. */
  action: string
  /** The endpoint's name. */
  endpoint: string
  statusCode: 401 | 403
  /** Enough to tell keys apart, `sk-…a1b2`; too little to use one. */
  keyHint: string
}

export interface AlertPayload {
  /** docs/alerts.md says which rule has which; failed checks `warning` if they were all rate limited. */
  severity: 'warning' | 'critical'
  service: string
  message: string
  /** The latest check; of calls, who is in trouble; of other rules, the figures (docs/alerts.md). */
  details: HealthCheckResult | TroubleDetails | Record<string, unknown>
  recommendedAction: string
  status: 'firing' | 'resolved'
  /** The rule that fired: failed checks, or what calls met and only people can mend. */
  kind: AlertKind | (string & {})
  /** The same for the same alert, in every process. */
  fingerprint: string
  /** ISO 8601. */
  startsAt: string
  /** ISO 8601; absent while firing. */
  endsAt?: string
  /** Failed checks in a row; of calls, how often it was parked for it. */
  occurrences: number
}

/** What an alert says of a key or a model that calls could not use. */
export interface TroubleDetails {
  /** The endpoint's name. */
  endpoint: string
  model: string
  keyHint: string
  /** Until when it is parked, in milliseconds since 1970. */
  until: number
}

// ── errors ──────────────────────────────────────────────────────────────────

/** What every error has in common. Branch on the class, `code` or `reason`; messages change. No secret is inside. */
export class FailoverError extends Error {
  /** Errors are made by the package; this is for tests. */
  constructor(message: string, data?: object)
  /** Each class has its own. Of this class itself: `…_STREAM_TAKEN` for a stream that is read twice, `…_INTERNAL` for a defect of ours. */
  readonly code: `ERR_BELLWETHER_${string}`
  readonly reason: FailureReason
  /** The HTTP status, if one came. */
  readonly status: number | undefined
  /** The endpoint that failed; undefined if none was asked. */
  readonly endpoint: string | undefined
  readonly requestId: string | undefined
  /** Everything that was tried or skipped. */
  readonly attempts: Attempt[]
  /** Whether the same call may succeed later. */
  readonly retryable: boolean
  /** How much later, as far as is known. */
  readonly retryAfterMs: number | undefined
  /** The vendor's own code. */
  readonly vendorCode: string | undefined
  /** A retry was due that the retry budget did not allow. */
  readonly retryBudgetExhausted: boolean
  /** True also for an error of another copy of this package, where `instanceof` is not. */
  static isInstance(value: unknown): value is FailoverError
}

/**
 * Options are not valid. Thrown by constructors, rejected by calls. Options are plain objects: what JSON cannot say, instances of
 * classes and what cannot be read are refused like any other mistake.
 */
export class ConfigError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_CONFIG'
  /** All that is wrong, each with its path: `endpoints[1].baseURL`. */
  readonly problems: ConfigProblem[]
  static isInstance(value: unknown): value is ConfigError
}

export interface ConfigProblem {
  /** The configuration file it is in; absent for options. */
  file?: string
  /** From 1. */
  line?: number
  column?: number
  /** `endpoints[1].baseURL`; in a file as written there: `gateways.fallback_chain[1].max_latency_ms`. Empty for the whole. */
  path: string
  /** What was given and what is accepted; never a secret. */
  message: string
}

/** 401: the key was refused. */
export class AuthenticationError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_AUTHENTICATION'
  static isInstance(value: unknown): value is AuthenticationError
}

/** 403: the key is good but may not do this. */
export class PermissionDeniedError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_PERMISSION_DENIED'
  static isInstance(value: unknown): value is PermissionDeniedError
}

/** 429: a rate is exceeded, or this request alone is larger than the limit (`tooLargeForLimit`). */
export class RateLimitError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_RATE_LIMIT'
  static isInstance(value: unknown): value is RateLimitError
}

/** A quota or a spend limit is used up; waiting a little does not help. */
export class QuotaExceededError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_QUOTA_EXCEEDED'
  static isInstance(value: unknown): value is QuotaExceededError
}

/** The request is at fault; no endpoint is asked after one has said so. */
export class BadRequestError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_BAD_REQUEST'
  static isInstance(value: unknown): value is BadRequestError
}

/** The request is longer than the model's context. */
export class ContextLengthError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_CONTEXT_LENGTH'
  static isInstance(value: unknown): value is ContextLengthError
}

/** The vendor's filter refused the input. */
export class ContentFilterError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_CONTENT_FILTER'
  static isInstance(value: unknown): value is ContentFilterError
}

/** No such model; also, before anything is sent, a model that no endpoint serves. */
export class NotFoundError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_NOT_FOUND'
  static isInstance(value: unknown): value is NotFoundError
}

export type TimeoutPhase = 'connect' | 'headers' | 'firstContent' | 'content' | 'total'

/** A phase of the call, or the call, took too long. */
export class TimeoutError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_TIMEOUT'
  readonly phase: TimeoutPhase
  static isInstance(value: unknown): value is TimeoutError
}

/** No connection (DNS, TCP, TLS), or it was lost. */
export class ConnectionError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_CONNECTION'
  static isInstance(value: unknown): value is ConnectionError
}

/** The vendor failed: 5xx, overload, an answer that broke off or could not be read. */
export class UpstreamError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_UPSTREAM'
  static isInstance(value: unknown): value is UpstreamError
}

/** A stream broke, or ran out of time, after content was delivered. It is not repeated, lest text appear twice. */
export class StreamInterruptedError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_STREAM_INTERRUPTED'
  /** The text delivered. */
  readonly partial: string
  /** What would have been the completion so far. */
  readonly partialCompletion: ChatCompletion | undefined
  /** Undefined if the vendor had told none. */
  readonly usage: Usage | undefined
  static isInstance(value: unknown): value is StreamInterruptedError
}

export interface EndpointFailure {
  endpoint: string
  model: string
  reason: FailureReason
  status?: number
  message: string
}

/** Two or more candidates failed; `reason`, `status` and `retryAfterMs` are those of the failure that says most. */
export class AllEndpointsFailedError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_ALL_ENDPOINTS_FAILED'
  /** One for each candidate that failed or was skipped. */
  readonly errors: EndpointFailure[]
  /** When the first of them is ready again, in milliseconds since 1970. */
  readonly earliestRetryAt: number | undefined
  static isInstance(value: unknown): value is AllEndpointsFailedError
}

/** The request may cost more than `costLimitPerRequest` allows; it was not sent. */
export class BudgetExceededError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_BUDGET_EXCEEDED'
  static isInstance(value: unknown): value is BudgetExceededError
}

/** As many calls wait as may, 4,096 for each client. */
export class QueueFullError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_QUEUE_FULL'
  static isInstance(value: unknown): value is QueueFullError
}

/** The client was closed before or during the call. */
export class ClientClosedError extends FailoverError {
  readonly code: 'ERR_BELLWETHER_CLIENT_CLOSED'
  static isInstance(value: unknown): value is ClientClosedError
}

// ── OpenAI's wire objects ───────────────────────────────────────────────────

/**
 * A request by its wire names, written as by `JSON.stringify`. What is not known here is passed on to the vendor. One that cannot
 * be written rejects with a `BadRequestError` whose `cause` is what was thrown.
 */
export interface OpenAIChatRequest {
  /** May be left out if every endpoint pins one. */
  model?: string
  messages: Message[]
  stream?: boolean | null
  stream_options?: { include_usage?: boolean } | null
  temperature?: number | null
  max_tokens?: number | null
  max_completion_tokens?: number | null
  top_p?: number | null
  n?: number | null
  stop?: string | string[] | null
  seed?: number | null
  presence_penalty?: number | null
  frequency_penalty?: number | null
  logit_bias?: Record<string, number> | null
  logprobs?: boolean | null
  top_logprobs?: number | null
  tools?: Tool[]
  tool_choice?: ToolChoice
  parallel_tool_calls?: boolean
  response_format?: ResponseFormat
  reasoning_effort?: string | null
  user?: string
  [field: string]: unknown
}

export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage

export interface SystemMessage {
  role: 'system' | 'developer'
  content: string | TextPart[]
  name?: string
}

export interface UserMessage {
  role: 'user'
  content: string | ContentPart[]
  name?: string
}

export interface AssistantMessage {
  role: 'assistant'
  content?: string | (TextPart | RefusalPart)[] | null
  refusal?: string | null
  name?: string
  tool_calls?: ToolCall[]
  /** DeepSeek's. */
  reasoning_content?: string | null
}

export interface ToolMessage {
  role: 'tool'
  content: string | TextPart[]
  tool_call_id: string
}

export type ContentPart = TextPart | ImagePart | AudioPart | FilePart
export interface TextPart { type: 'text'; text: string }
export interface RefusalPart { type: 'refusal'; refusal: string }
/** `url`: an address, or `data:image/png;base64,…`. */
export interface ImagePart { type: 'image_url'; image_url: { url: string; detail?: 'auto' | 'low' | 'high' } }
/** `data`: base64. */
export interface AudioPart { type: 'input_audio'; input_audio: { data: string; format: 'wav' | 'mp3' } }
export interface FilePart { type: 'file'; file: { file_id?: string; file_data?: string; filename?: string } }

export interface Tool {
  type: 'function'
  function: {
    name: string
    description?: string
    /** JSON Schema. */
    parameters?: Record<string, unknown>
    strict?: boolean | null
  }
}

export type ToolChoice = 'none' | 'auto' | 'required' | { type: 'function'; function: { name: string } }

/** `arguments`: JSON as the model wrote it, which need not be valid. */
export interface ToolCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

export type ResponseFormat =
  | { type: 'text' }
  | { type: 'json_object' }
  | { type: 'json_schema'; json_schema: { name: string; description?: string; schema?: Record<string, unknown>; strict?: boolean | null } }

/** The vendors' own words are possible beside OpenAI's. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'function_call' | (string & {})

/** The vendor's answer, untouched, and how it came about. */
export interface ChatCompletion {
  id: string
  object: 'chat.completion'
  /** Seconds since 1970. */
  created: number
  model: string
  choices: Choice[]
  usage?: CompletionUsage
  system_fingerprint?: string | null
  service_tier?: string | null
  /** Not enumerable, so that the object can be passed on as it came. */
  readonly report: CallReport
}

export interface Choice {
  index: number
  message: {
    role: 'assistant'
    content: string | null
    refusal?: string | null
    tool_calls?: ToolCall[]
    /** DeepSeek's. */
    reasoning_content?: string | null
  }
  finish_reason: FinishReason
  logprobs?: unknown
}

export interface ChatCompletionChunk {
  id: string
  object: 'chat.completion.chunk'
  /** Seconds since 1970. */
  created: number
  model: string
  /** Empty in a chunk that only tells the usage, or a takeover. */
  choices: ChunkChoice[]
  /** Another endpoint takes over here: see `streams.onCut`. Ours, or that of a gateway like us, not the vendor's. */
  bellwether?: StreamTakeover
  usage?: CompletionUsage | null
  system_fingerprint?: string | null
  service_tier?: string | null
}

export interface StreamTakeover {
  /** `restart`: the answer begins anew, what came before is void. `continue`: it goes on. */
  event: 'restart' | 'continue'
  from: { endpoint: string; model: string }
  to: { endpoint: string; model: string }
  /** Why the other broke off. */
  reason: FailureReason
}

export interface ChunkChoice {
  index: number
  delta: {
    role?: 'assistant'
    content?: string | null
    refusal?: string | null
    tool_calls?: ToolCallDelta[]
    /** DeepSeek's. */
    reasoning_content?: string | null
  }
  finish_reason: FinishReason | null
  logprobs?: unknown
}

/** A piece of the tool call with this index. */
export interface ToolCallDelta {
  index: number
  id?: string
  type?: 'function'
  function?: { name?: string; arguments?: string }
}

export interface CompletionUsage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
  prompt_tokens_details?: { cached_tokens?: number; audio_tokens?: number }
  completion_tokens_details?: { reasoning_tokens?: number; audio_tokens?: number; accepted_prediction_tokens?: number; rejected_prediction_tokens?: number }
}
