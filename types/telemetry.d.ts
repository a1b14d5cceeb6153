import type { FailoverClient } from './client'
import type { ChatCompletion } from './openai'
import type { CallReport } from './reports'

/** As pino, and most others, have it. */
export interface Logger {
  debug(fields: object, message: string): unknown
  info(fields: object, message: string): unknown
  warn(fields: object, message: string): unknown
  error(fields: object, message: string): unknown
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/**
 * What subscribers of the tracing channel `bellwether:call` of `node:diagnostics_channel` are given: one object for all of a call's
 * moments. `start` is told in the caller's context, `asyncEnd` when the answer is whole or the call failed; `error` before it.
 */
export interface CallTrace {
  readonly client: FailoverClient
  /** `chat`, or what else was asked through `fetch`: the end of its path. */
  readonly operation: string
  readonly via: 'client' | 'fetch'
  readonly stream: boolean
  readonly model: string | undefined
  /** The caller's own, in his dialect: it holds what people said. Undefined if it is no JSON. */
  readonly request: any
  /** Of an answered call. A queued one's is `{ status: 'queued', id }`. */
  readonly result: ChatCompletion | undefined
  readonly report: CallReport | undefined
  readonly error: unknown
}
