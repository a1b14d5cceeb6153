import type { CallOptions } from './calls'
import type { FailoverError } from './errors'
import type { ChatCompletion, OpenAIChatRequest } from './openai'
import type { Duration } from './options'
import type { FailureReason } from './reports'

/** Options of a call that is queued if no endpoint can answer it; requires the client's option `queue`. */
export type Queueing<O extends CallOptions> = Omit<O, 'onUnavailable'> & { onUnavailable: 'queue' }

/** The receipt of a queued request. It is answered when an endpoint recovers: `client.queue.result(id)`. */
export interface QueuedRequest {
  status: 'queued'
  id: string
}

export interface QueueOptions {
  /** The file, which only this client uses; created if missing. `…-wal` and `…-lock` lie beside it. */
  path: string
  /** Waiting jobs, dead letters and kept answers, 1 to 10,000,000. Default 10,000. */
  maxJobs?: number
  /** Bytes of waiting requests (dead letters included) and of kept answers in the file, 1 to 1 TiB. Default 1 GiB. */
  maxBytes?: number
  /** How long a job may wait, including the time while the process is down. Default: no limit. */
  ttl?: Duration
  /**
   * Deliveries without an answer after which a job is a dead letter, 1 to 100. Deliveries that no vendor accepted do
   * not count. Default 5.
   */
  maxDeliveries?: number
  /**
   * Encrypts requests and answers in the file (ChaCha20-Poly1305): 32 bytes, or 64 hexadecimal digits. Default: plain
   * text.
   */
  encryptionKey?: string | Buffer
}

/**
 * `failed`: the vendor refused the request. `dead`: delivered `maxDeliveries` times without an answer. `expired`: its
 * `ttl` ended first.
 */
export type JobState = 'queued' | 'delivering' | 'delivered' | 'failed' | 'dead' | 'expired'

export interface QueuedJob {
  id: string
  state: JobState
  /** The call's `queuePriority`. */
  priority: number
  /** ISO 8601, as all times here. */
  createdAt: string
  expiresAt: string | null
  /** The earliest time of the next delivery; null unless queued. */
  dueAt: string | null
  /** Deliveries that count against `maxDeliveries`. */
  deliveries: number
  /** True if an earlier delivery may have been answered. */
  maybeDuplicate: boolean
  /** Reasons of the last 10 failed deliveries. `counted`: it counts against `maxDeliveries`. */
  failures: { at: string; reason: FailureReason; status?: number; counted: boolean }[]
  endedAt: string | null
}

/** A job that has ended. */
export type EndedJob =
  | { id: string; status: 'delivered'; completion: ChatCompletion }
  | { id: string; status: 'failed' | 'dead' | 'expired'; error: FailoverError }

/**
 * The durable queue. While the file cannot be used, its methods reject with a `FailoverError` of code
 * `ERR_BELLWETHER_QUEUE` and the reason.
 */
export interface DurableQueue extends AsyncIterable<EndedJob> {
  /** Jobs that wait or are being delivered. */
  readonly size: number
  /** Resolves when the file is open. */
  ready(): Promise<void>
  /**
   * Resolves with the answer of a job once there is one, also after a restart. Rejects with the error of a job that
   * failed, died or expired, and with a `NotFoundError` for an id that is not (or no longer) in the file.
   */
  result(id: string): Promise<ChatCompletion>
  /** Jobs in the order of arrival. `limit`: 1 to 1000, default 100. `after`: the last id of the previous page. */
  list(options?: { state?: JobState; limit?: number; after?: string }): Promise<QueuedJob[]>
  /** One job with its options and its request, which is null once it was answered. */
  show(id: string): Promise<QueuedJob & { request: OpenAIChatRequest | null; options: Record<string, unknown> | null }>
  /** Queues a failed, dead or expired job again, with a count of 0; false for any other job. */
  retry(id: string): Promise<boolean>
  /**
   * Deletes jobs of a state (default: all that have ended) that ended or arrived at least `olderThan` ago (default:
   * any time). Returns their number.
   */
  purge(options?: { state?: Exclude<JobState, 'delivering'>; olderThan?: Duration }): Promise<number>
  /**
   * Iterates over the jobs that have ended and are still in the file, in the order in which they ended, and then over
   * those that end. Finishes when the client closes.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<EndedJob>
}

export interface QueueEvent {
  /**
   * `queued` is emitted again, with a `reason`, when a delivery failed and the job is retried. `drained`: it was the
   * last job.
   */
  event: 'queued' | 'delivering' | 'delivered' | 'failed' | 'dead' | 'expired' | 'drained'
  id: string
  /** Jobs that have not ended. */
  remaining: number
  /** ISO 8601. */
  at: string
  reason?: FailureReason
  /** With `queued`: true if the job was delivered before. */
  again?: true
  /** With `delivered`. */
  maybeDuplicate?: true
}
