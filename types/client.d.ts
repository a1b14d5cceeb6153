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
 * Calls LLM vendors with failover, retries, circuit breakers, health checks and alerts. Create one client and share it.
 * It does not keep the process alive by itself.
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
   * Without arguments, options come from the default configuration file (see `fromConfig()`). Without a file, or
   * without `endpoints`, endpoints come from the environment: `HOLYSHEEP_API_KEY`, `OPENAI_API_KEY`,
   * `ANTHROPIC_API_KEY`, `GEMINI_API_KEY`, `DEEPSEEK_API_KEY`, in that order. The endpoint of a bare key follows from
   * `baseURL`, `BELLWETHER_BASE_URL` or the key's prefix.
   * @throws {ConfigError} with every invalid option
   */
  constructor(options?: ClientOptions)
  constructor(apiKey: string, options?: ClientOptions)

  /**
   * Creates a client from a configuration file, YAML or JSON (docs/reference/configuration-file.md). Without `path`:
   * `BELLWETHER_CONFIG`, else `bellwether.yaml`, `bellwether.yml` or `bellwether.json` in the working directory.
   * `overrides` take precedence over the file, also after a reload. The file is read synchronously.
   * @throws {ConfigError} with every problem and its line
   */
  static fromConfig(path?: string | URL, overrides?: ConfigOverrides): FailoverClient
  /**
   * Replaces the configuration by other options or by a file (a path; without an argument the default file, with the
   * overrides given to `fromConfig`). New calls use the new configuration; calls in flight finish with the old one.
   * Endpoints with the same origin, key and model keep their state: breakers, cooldowns, rate budgets, histograms. A
   * `config` event lists the changes. Rejects with a `ConfigError` with every invalid option, and then nothing has
   * changed. `signal` cannot be changed.
   */
  reload(options?: ClientOptions | string | URL): Promise<void>

  /**
   * Requests a completion, with OpenAI's field names; fields that are not declared here are passed on. Rejects with an
   * error of this package, or with `signal.reason` on abort.
   */
  chatCompletion(request: OpenAIChatRequest & { stream: true }, options: Queueing<CallOptions>): Promise<ChatStream | QueuedRequest>
  chatCompletion(request: OpenAIChatRequest & { stream?: false | null }, options: Queueing<CallOptions>): Promise<ChatCompletion | QueuedRequest>
  chatCompletion(request: OpenAIChatRequest & { stream: true }, options?: CallOptions): Promise<ChatStream>
  chatCompletion(request: OpenAIChatRequest & { stream?: false | null }, options?: CallOptions): Promise<ChatCompletion>
  chatCompletion(request: OpenAIChatRequest, options?: CallOptions): Promise<ChatCompletion | ChatStream>
  /**
   * Requests a completion. A string of messages is one message of the user. With `stream: true`, resolves at the first
   * content.
   */
  chatCompletion(model: string, messages: string | Message[], options: Queueing<ChatOptions> & { stream: true }): Promise<ChatStream | QueuedRequest>
  chatCompletion(model: string, messages: string | Message[], options: Queueing<ChatOptions> & { stream?: false }): Promise<ChatCompletion | QueuedRequest>
  chatCompletion(model: string, messages: string | Message[], options: ChatOptions & { stream: true }): Promise<ChatStream>
  chatCompletion(model: string, messages: string | Message[], options?: ChatOptions & { stream?: false }): Promise<ChatCompletion>
  chatCompletion(model: string, messages: string | Message[], options?: ChatOptions): Promise<ChatCompletion | ChatStream>

  /**
   * Answers a prompt with a text, from models that suit the task: one call over all of them, with one deadline and one
   * report. Failures of vendors resolve with `success: false`. Rejects with a `ConfigError` for invalid arguments, with
   * `ClientClosedError`, and with `signal.reason` on abort.
   */
  complete(prompt: string, options?: CompleteOptions): Promise<ModelResponse>
  /**
   * Processes a long text in parts, one after the other; each part fails over by itself. If a part fails for good, the
   * error has `longContext: { parts, resumeFrom }`: the answers so far, and the part to continue with.
   */
  processLongContext(text: string, options?: LongContextOptions): Promise<LongContextResult>

  /**
   * A fetch function for SDKs: `new OpenAI({ fetch: client.fetch, maxRetries: 0 })`, and likewise for Anthropic's and
   * Google's (`httpOptions.fetch`). Requests for chat completions (`…/chat/completions`, `…/v1/messages`,
   * `…/models/{model}:generateContent`, `:streamGenerateContent`), whatever their host, become calls of this client, on
   * any of its endpoints and in the endpoint's dialect, and are answered in the caller's dialect. Other model requests
   * (embeddings, responses, images, audio, moderations, token counts, the list of models) go untranslated to the first
   * endpoint of the caller's dialect that supports them, with retries and failover. Everything else goes to the
   * platform's fetch. A failed request is answered with an error in the vendor's format and `x-should-retry: false`.
   */
  readonly fetch: typeof globalThis.fetch
  /**
   * A request handler that serves this client to programs in any language: `POST /v1/chat/completions`, `POST
   * /v1/messages`, `POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent`, `GET /v1/models[/{id}]`,
   * and the other requests that `fetch` passes on, under any prefix. Errors have the format of the route's dialect. It
   * does not authenticate: protect it.
   */
  readonly handler: (request: Request) => Promise<Response>

  /** The health monitor of this client's endpoints, which shares their state. It is not started. */
  readonly monitor: HealthMonitor
  /** The costs of this client's calls. */
  readonly costs: CostLedger
  readonly metrics: Metrics
  /**
   * Calls that were queued because no endpoint could answer. Without the option `queue`, its methods reject with a
   * `ConfigError`.
   */
  readonly queue: DurableQueue

  /** The state of every endpoint, in configured order. */
  getEndpointStatus(): EndpointStatus[]
  /**
   * The state of one endpoint; undefined if no endpoint has that name. @throws {ConfigError} if the name is not a
   * string
   */
  getEndpointStatus(name: string): EndpointStatus | undefined
  /** Requests, rates and latencies by model, over all endpoints. */
  getSummary(): Record<string, ModelSummary>
  /** Health of all endpoints, with rate limit shares. `toString()` returns the text form. */
  getHealthReport(): HealthReport
  /** Open and closed incidents, the oldest first; at most `incidents.keep` closed ones. `limit`: only the latest. */
  getIncidents(options?: { limit?: number }): IncidentReport[]
  /**
   * Runs drills on a copy of this client with simulated vendors: no vendor is called, no key is sent, and nothing is
   * counted in this client. Without scenarios it runs all, in about a minute (docs/reference/drills.md). Rejects with a
   * `ConfigError` for invalid arguments, with `signal.reason`, and with `ClientClosedError`.
   */
  drill(scenarios?: DrillScenario | DrillScenario[], options?: DrillOptions): Promise<DrillReport>
  /**
   * Checks with `GET /models` whether the key is accepted. Default: the first endpoint.
   * @throws {ConfigError} (as a rejection) if no endpoint has that name
   */
  validateApiKey(endpoint?: string): Promise<KeyValidation>
  /**
   * Sends an endpoint no calls until the result is disposed. Isolations are counted, so that they may overlap.
   * @throws {ConfigError} if no endpoint has that name
   */
  isolate(endpoint: string): Disposable
  /**
   * Tries each queued job once, now: it skips the waits between deliveries, but respects limits, cooldowns and dead
   * letters. Resolves when nothing more can be sent for now. `failed` counts jobs that ended without an answer.
   */
  retryQueuedRequests(): Promise<{ delivered: number; failed: number; remaining: number }>
  /**
   * Opens a connection to every endpoint, so that the first calls need not. An endpoint that is down does not make it
   * reject.
   */
  warmup(): Promise<void>
  /**
   * Stops accepting calls, waits for calls in flight, then ends them with `ClientClosedError`. Idempotent. `drain`: how
   * long to wait; default `'30s'`.
   * @throws {ConfigError} if `drain` is not a duration
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
