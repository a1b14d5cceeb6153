import type { Price } from './costs'
import type { ApiKey, Duration } from './options'

export interface CanaryOptions {
  /** Of the calls that it and others may answer, 0 to 1. All others ask it last. Default 0.1. */
  share?: number
  /** Shares one after another, ascending, in place of `share`; 1 as the last makes it the first for all. */
  ramp?: number[]
  /** How long each share of `ramp` is held at least, and for at least 50 of its calls. Default `'10m'`. */
  stepAfter?: Duration
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
