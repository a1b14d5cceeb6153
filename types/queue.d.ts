import type { CallOptions } from './calls'
import type { FailoverError } from './errors'
import type { ChatCompletion, OpenAIChatRequest } from './openai'
import type { Duration } from './options'
import type { FailureReason } from './reports'

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
