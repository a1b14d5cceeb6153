import { EventEmitter } from 'node:events'
import type { CallOptions, ChatOptions, CompleteOptions, LongContextOptions, LongContextResult, ModelResponse } from './calls'
import type { CostLedger } from './costs'
import type { DrillOptions, DrillReport, DrillScenario } from './drills'
import type { ClientEvents, Listener } from './events'
import type { IncidentReport } from './incidents'
import type { Metrics } from './metrics'
import type { HealthMonitor } from './monitor'
import type { ChatCompletion, Message, OpenAIChatRequest } from './openai'
import type { ClientOptions, ConfigOverrides, Duration } from './options'
import type { DurableQueue, QueuedRequest, Queueing } from './queue'
import type { ChatStream } from './reports'
import type { EndpointStatus, HealthReport, KeyValidation, ModelSummary } from './status'

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
   * A client by a configuration file, YAML or JSON (docs/reference/configuration-file.md). Without `path`: `BELLWETHER_CONFIG`, else
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
   * leaves, nothing is counted here. Without scenarios: all, within a minute or so (docs/reference/drills.md).
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
