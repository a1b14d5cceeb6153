import type { FailoverClient } from './client'
import type { ChatCompletion } from './openai'
import type { CallReport } from './reports'

/** The methods of pino and most other loggers. */
export interface Logger {
  debug(fields: object, message: string): unknown
  info(fields: object, message: string): unknown
  warn(fields: object, message: string): unknown
  error(fields: object, message: string): unknown
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/**
 * The message of the tracing channel `bellwether:call` of `node:diagnostics_channel`: one object for all events of a
 * call. `start` is published in the caller's context, `asyncEnd` when the call has its answer or has failed; `error`
 * before it.
 */
export interface CallTrace {
  readonly client: FailoverClient
  /** `chat`, or the last part of the path of a passthrough request. */
  readonly operation: string
  readonly via: 'client' | 'fetch'
  readonly stream: boolean
  readonly model: string | undefined
  /** The request in the caller's dialect, with its prompts. Undefined if it is not JSON. */
  readonly request: any
  /** The completion of an answered call; `{ status: 'queued', id }` of a queued one. */
  readonly result: ChatCompletion | undefined
  readonly report: CallReport | undefined
  readonly error: unknown
}
