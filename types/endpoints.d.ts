import type { Price } from './costs'
import type { ApiKey, Duration } from './options'

export interface CanaryOptions {
  /**
   * The share of calls that it gets first, of those that it and others can answer, 0 to 1. All other calls try it
   * last. Default 0.1.
   */
  share?: number
  /** Ascending shares, one after another, in place of `share`; a final 1 makes it the first for all calls. */
  ramp?: number[]
  /** The shortest time for each share of `ramp`, which also needs 50 calls. Default `'10m'`. */
  stepAfter?: Duration
}

export interface EndpointOptions {
  /** Its name in reports, errors and events: unique, without `/`. */
  name: string
  /** The vendor whose models it serves. Default: by the address's host, else a relay for all vendors. */
  provider?: 'openai' | 'anthropic' | 'google' | 'deepseek' | 'azure' | (string & {})
  /**
   * Its protocol: OpenAI's chat completions, Anthropic's Messages, Gemini's `generateContent`, or a relay's `POST
   * {base}/models/{model}/generate` with Gemini's bodies. Default: the provider's, else OpenAI's.
   */
  dialect?: 'openai' | 'anthropic' | 'google' | 'relay'
  /** Default: the client's `baseURL`, else the provider's own. */
  baseURL?: string
  /**
   * Default: the client's key, else the provider's environment variable. `null` sends no credential. At vendors' own
   * hosts, at least 20 characters.
   */
  apiKey?: ApiKey | ApiKey[] | null
  /** The model id that is sent for every request. Not together with `models`. */
  model?: string
  /** Models that it serves: ids, or requested names and the ids that are sent for them. Default: any, unchanged. */
  models?: string[] | Record<string, string>
  /** 1 (first) to 1,000,000. Default: its position in the list. Endpoints with the same priority share the load. */
  priority?: number
  /** Sent with every request. */
  headers?: Record<string, string>
  healthCheck?: HealthCheckOptions
  /** The prices of its tokens. Default: the client's `prices`. */
  price?: Price
  /** Its rate budget, for each key and model. Default: from its response headers; for HolySheep, from its plans. */
  limits?: LimitOptions
  /**
   * It is skipped while its p95 to first content (last 5 min, at least 20 samples) is above this and another endpoint
   * is available. For a stream it also limits the wait for the first content while another endpoint is ready. The last
   * endpoint has no limit.
   */
  maxLatency?: Duration
  /**
   * USD. Requests that may cost more are not sent to it, by the prices, the prompt's size and the output limit
   * (without one, the output of answers so far).
   */
  costLimitPerRequest?: number
  /**
   * The context window of its models, in tokens. It does not keep a request from being sent. After an endpoint refuses
   * a request as too long, it goes to endpoints that declare a larger window than the refusing one or, if that declares
   * none, than the estimated size.
   */
  contextWindow?: number
  /**
   * Its weight in a shared tier for first attempts; others have 1. 0: only after all others. Default: without any
   * weight in the tier, the less loaded of two endpoints drawn at random.
   */
  weight?: number
  /**
   * A new endpoint: a random share of calls goes to it first, and it is rolled back if it does worse. One endpoint at
   * a time.
   */
  canary?: CanaryOptions
  /** It can continue an assistant message at the end of `messages`: see `streams.onCut`. Default false. */
  canContinue?: boolean
}

/** Omitted limits do not apply. Response headers can lower a limit, but not raise it. */
export interface LimitOptions {
  /** Requests per minute: a minute's worth at once, then evenly. */
  rpm?: number
  /** Tokens per minute. The estimate (prompt and output limit) is reserved, and corrected by the answer's usage. */
  tpm?: number
  /** Concurrent requests. */
  maxConcurrency?: number
}

/** How the monitor checks one endpoint. */
export interface HealthCheckOptions {
  /**
   * `true` starts the client's monitor, `false` excludes this endpoint. Default: checked once the monitor is started.
   */
  enabled?: boolean
  /** Default: the monitor's `checkInterval`. */
  interval?: Duration
  /** Requested instead of `GET {baseURL}/models`. */
  url?: string
  /**
   * A status page to read during an incident, for its report: an address, or `true` for the vendor's own (OpenAI,
   * Anthropic, DeepSeek). It is requested without a key. Default: none.
   */
  statusPage?: string | boolean
}
