import type { ChatCompletion, ChatCompletionChunk } from './openai'

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
