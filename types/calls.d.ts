import type { ResponseFormat, Tool, ToolChoice } from './openai'
import type { Duration, HedgeOptions, StreamOptions, TimeoutOptions } from './options'
import type { CallReport } from './reports'

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
