import type { ChatCompletion, ChatCompletionChunk } from './openai'

/**
 * The chunks of a streamed answer. It can be read once: a second iteration throws. Leaving the loop cancels the
 * request.
 */
export interface ChatStream extends AsyncIterable<ChatCompletionChunk>, AsyncDisposable {
  [Symbol.asyncIterator](): AsyncIterableIterator<ChatCompletionChunk>
  /**
   * The text of the first choice. With `onCut: 'restart'` it fails when another endpoint begins again, because text
   * cannot express that.
   */
  readonly textStream: AsyncIterable<string>
  /**
   * The complete answer with its `report`. Settles when the stream was read to its end or has failed; an unobserved
   * rejection does not end the process.
   */
  readonly finalCompletion: Promise<ChatCompletion>
  /** The stream as server-sent events, ending with `[DONE]`; it errors when the stream fails. */
  toReadableStream(): ReadableStream<Uint8Array>
  /** The stream as a Response. A failure after the headers is sent as `data: {"error": …}`, without `[DONE]`. */
  toResponse(init?: ResponseInit): Response
  /** Cancels the stream; pending reads reject with `reason`, by default an `AbortError`. No effect after the end. */
  abort(reason?: unknown): void
  /** `abort()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** The outcome of a call. */
export interface CallReport {
  requestId: string
  /** The endpoint that answered. */
  endpoint: string
  provider: string
  /** The model id that was sent. */
  model: string
  /** All attempts and skipped candidates, in order. */
  attempts: Attempt[]
  /** Null if the vendor reported none. */
  usage: Usage | null
  /** USD; null if the price or the usage is unknown. */
  costUsd: number | null
  latency: {
    totalMs: number
    /** Streams only. */
    firstContentMs?: number
    /** Time spent waiting for an endpoint to become ready. */
    queueMs: number
  }
  /** True if another endpoint or model answered than the one that would have answered if all were healthy. */
  failover: boolean
  /** True if a second request was sent because the first was slow. */
  hedged: boolean
  /** True if no endpoint answered: this is the `fallbackResponse`. */
  degraded: boolean
  /** Events of the stream that could not be decoded; absent if none. */
  skippedEvents?: number
  /** Fields of the request that the endpoint's dialect does not support and that were dropped. */
  droppedFields?: string[]
  /** For a queued request: true if an earlier delivery was cut short and may have been answered as well. */
  maybeDuplicate?: true
}

export interface Attempt {
  endpoint: string
  model: string
  /** ISO 8601. */
  startedAt: string
  durationMs: number
  /**
   * `retry`: failed, the same endpoint was called again. `next`: failed, another was called. `skipped`: not called.
   * `fail`: failed, and so did the call.
   */
  outcome: 'ok' | 'retry' | 'next' | 'skipped' | 'fail'
  /** Absent if `ok`. */
  reason?: FailureReason
  /** The HTTP status; absent without a response. */
  status?: number
  reusedConnection: boolean
  /** True if the vendor may bill a request that failed; absent otherwise. */
  maybeBilled?: boolean
  /** The vendor's request id, for its support. */
  vendorRequestId?: string
}

export interface Usage {
  inputTokens: number
  outputTokens: number
  totalTokens: number
  /** Part of `inputTokens`. */
  cachedTokens?: number
  /** Input tokens that the vendor wrote to its cache. */
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
