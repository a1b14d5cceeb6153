import type { ResponseFormat, Tool, ToolChoice } from './openai'
import type { Duration, HedgeOptions, StreamOptions, TimeoutOptions } from './options'
import type { CallReport } from './reports'

export interface CallOptions {
  /** Aborts the call, which rejects with `signal.reason`. */
  signal?: AbortSignal | null
  /** Overrides the client's option. */
  timeout?: Duration | TimeoutOptions
  /** Overrides the client's option. */
  maxRetries?: number
  /** Names of the endpoints that may be called. Default: all. */
  endpoints?: string | string[]
  /** Models to fall back to, in order, if the requested one is not answered. */
  fallbackModels?: string | string[]
  /** Overrides the client's option. For `'queue'`, see `Queueing`. */
  onUnavailable?: 'wait' | 'error' | 'fallback'
  /** Overrides the client's option. */
  streams?: StreamOptions
  /** Overrides the client's option, except for `maxExtraLoad`. */
  hedge?: false | HedgeOptions
  /**
   * Priority while calls wait for a rate budget or an endpoint: higher ones first, then first come, first served.
   * -1,000,000 to 1,000,000. Default 0.
   */
  queuePriority?: number
  /** Added to this call's events; at most 16. */
  tags?: Record<string, string>
  /**
   * Sent as `Idempotency-Key`. The queue keeps one job per key: a further call with the same key gets that job's id.
   * Printable ASCII.
   */
  idempotencyKey?: string
  /** The name of one of the client's `rules`. */
  route?: string
  /**
   * Calls with the same key go to the same endpoint of a shared tier while it is ready. Default: the request's
   * `prompt_cache_key`.
   */
  stickyKey?: string
}

/**
 * Fields of the request and options of the call. Omitted fields are not sent; the values of fields are serialized as
 * by `JSON.stringify`.
 */
export interface ChatOptions extends CallOptions {
  /** Default false. */
  stream?: boolean
  temperature?: number
  /** Sent as `max_completion_tokens` if the model requires it. */
  maxTokens?: number
  topP?: number
  stop?: string | string[]
  seed?: number
  tools?: Tool[]
  toolChoice?: ToolChoice
  responseFormat?: ResponseFormat
  /** Further fields of the request, by OpenAI's names. They override all others. */
  extraBody?: Record<string, unknown>
}

export interface CompleteOptions extends Omit<ChatOptions, 'stream'> {
  /**
   * `simple_qa`, `code_generation`, `complex_reasoning` or `general`; any other type is treated as `general`. Default
   * `'general'`.
   */
  taskType?: 'simple_qa' | 'code_generation' | 'complex_reasoning' | 'general' | (string & {})
  /** The importance of the answer, which influences the choice of models. Default `'normal'`. */
  priority?: 'fast' | 'normal' | 'high'
  /** Models to call, in order, instead of those that suit the task. */
  models?: string[]
}

export interface ModelResponse {
  /** Empty on failure. */
  content: string
  /** The model id that was sent; `'all_failed'` on failure. */
  model: string
  latencyMs: number
  /** Of the prompt and the answer; 0 if the vendor reported no usage. */
  tokensUsed: number
  /** USD; null if unknown. */
  costUsd: number | null
  success: boolean
  errorMessage?: string
  report: CallReport
}

export interface LongContextOptions extends Omit<ChatOptions, 'stream'> {
  /** Default: the first model that an alias or an endpoint names. */
  model?: string
  /** The longest part, in characters (UTF-16 units); a grapheme cluster is never split. Default 4000. */
  chunkSize?: number
  /** Pause between two parts. Default 500 ms. */
  pace?: Duration
  /** Called for a part after `model` has failed, with a timeout of 30 s of its own. */
  fallbackModel?: string
  /** Returns the prompt for a part. Default: `[Part i/n]` on a line of its own, and the part. */
  prompt?: (part: string, number: number, of: number) => string
  /** Called after each part. */
  onProgress?: (progress: { index: number; done: number; total: number; content: string }) => void
  /** The first part to process, from 0, as in an error's `longContext.resumeFrom`. Default 0. */
  resumeFrom?: number
  /** For each part's answer. Default 1000. */
  maxTokens?: number
  /** For each part. Default 45 s. */
  timeout?: NonNullable<CallOptions['timeout']>
}

export interface LongContextResult {
  /** The answers of all parts, joined by line breaks. */
  text: string
  parts: { index: number; content: string; report: CallReport }[]
}
