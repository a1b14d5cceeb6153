/// <reference types="node" />

/** Milliseconds, or `'500ms'` `'30s'` `'5m'` `'1h'` `'1d'`. */
export type Duration = number | string

// ── the server ──────────────────────────────────────────────────────────────

/**
 * Starts a local server that speaks a vendor's protocol and fails on demand. Synchronous: `url` can be used at once. It
 * serves this machine only.
 * @throws {TypeError} code `ERR_BELLWETHER_INVALID_OPTION` for an unknown option or a value of the wrong type
 */
export function createFaultServer(options?: FaultServerOptions): FaultServer

export interface FaultServerOptions {
  /**
   * The vendor's protocol. Default `'openai'`, which DeepSeek, Azure, relays and local servers also speak. `'relay'`:
   * Google's bodies at `/models/{model}/generate`, with OpenAI's keys, model lists and errors.
   */
  dialect?: 'openai' | 'anthropic' | 'google' | 'relay'
  /** Default 0: any free port. */
  port?: number
  /** Part of every healthy answer (`Hello from <name>`, `fp_<name>`). Default `'fault-server'`. */
  name?: string
  /** Default false. */
  tls?: TlsOption
  /** HTTP/2 only: by ALPN with `tls`, by prior knowledge without. Default false. */
  h2?: boolean | { maxConcurrentStreams?: number }
  /** The models that are served; any other is answered with the vendor's 404. Default: every model. */
  models?: string[]
  /**
   * The accepted credentials; any other is answered with 401, by Google with 400. Default: every request is accepted.
   */
  keys?: string[]
  /**
   * The path of the API, for example `'/gateway/v1'`. Default: both `''` and `'/v1'`; Google's also `/v1beta` and
   * `/v1alpha`.
   */
  basePath?: string
  /**
   * Requests kept in the journal. Default 10,000; older ones are dropped, but still counted in `totalHits`. Bodies are
   * kept up to 256 MiB in all.
   */
  historySize?: number
}

/**
 * `true` or `'trusted'`: a certificate for localhost, 127.0.0.1 and ::1 that `server.ca` has signed. The other words:
 * a certificate that clients must refuse.
 */
export type TlsOption = boolean | 'trusted' | 'expired' | 'wrongHost' | 'untrusted' | { key: string | Buffer; cert: string | Buffer }

export interface FaultServer extends AsyncDisposable {
  /** The base URL for a client: the origin and `basePath`. Without `basePath` it answers with and without `/v1`. */
  readonly url: string
  /** `http://127.0.0.1:<port>`, or https. */
  readonly origin: string
  readonly port: number
  /** PEM of the CA to trust; undefined without TLS. With your own `{ key, cert }`, that `cert`. */
  readonly ca: string | undefined
  /**
   * Resolves once the port is open; rejects with the system's error (EADDRINUSE, EACCES). Await it if you choose the
   * port.
   */
  readonly ready: Promise<void>
  /** Open TCP connections. */
  readonly connections: number
  /** Requests since the start or the last `clearHits()`, including those that the journal has dropped. */
  readonly totalHits: number
  /**
   * Replaces the script. Each chat completion takes the first remaining step that applies to it; without one, `always`
   * decides. No steps: an empty script.
   * @throws {TypeError} code `ERR_BELLWETHER_INVALID_OPTION` for a step that is malformed or impossible on this server's HTTP version
   */
  script(...steps: Step[]): this
  /**
   * The behaviour after the end of the script. No step: healthy answers, as at the start. @throws {TypeError} as
   * `script` does
   */
  always(step?: Step): this
  /** Received requests, the oldest first. */
  hits(filter?: HitFilter): Hit[]
  /** Empties the journal and starts counting from zero. */
  clearHits(): void
  /**
   * Resolves with the matching hits once there are `n`; checks again when one arrives or its outcome is known. Rejects
   * when the server closes.
   */
  waitForHits(n: number, filter?: HitFilter): Promise<Hit[]>
  /** Resets every open connection. */
  dropConnections(): void
  /** Simulates a crash: connections are reset, new ones refused. */
  stop(): void
  /** Listens again on the same port. Rejects if the port was taken meanwhile, or after `close()`. */
  start(): Promise<void>
  /** Resets every connection and frees the port. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

// ── the journal ─────────────────────────────────────────────────────────────

export interface Hit {
  /** Counts from 1, in the order in which requests were given their fault. */
  n: number
  /** When the first byte (HTTP/2: the headers) arrived, in ms since the epoch. */
  at: number
  /** Empty, like `path`, if the connection ended before the request was read. */
  method: string
  /** As sent, with the query. */
  path: string
  /** The path below the base: `/chat/completions`, `/messages`, `/models/gemini-3-pro:generateContent`, `/models`. */
  route: string
  /** Names in lower case. */
  headers: Record<string, string>
  /** Parsed JSON; the text if it is not JSON; undefined if empty. */
  body: any
  rawBody: Buffer
  /** The requested model, from the body or the path, depending on the dialect; likewise `stream`. */
  model: string | undefined
  stream: boolean
  /** Counts TCP connections from 1. */
  connection: number
  /** Counts from 1 on each connection: above 1, the connection was reused. */
  requestOnConnection: number
  httpVersion: '1.0' | '1.1' | '2.0'
  /** Name of the fault served; `'healthy'` if none; `'auth'` for a key that `keys` does not contain. */
  fault: string
  /**
   * `pending`: in progress or hanging. `answered`: complete. `cut`: broken off by a fault. `clientAborted`: the client
   * disconnected first. `serverClosed`: by `stop`, `close`, `dropConnections` or `refuse`.
   */
  outcome: 'pending' | 'answered' | 'cut' | 'clientAborted' | 'serverClosed'
  /** Undefined without an answer. */
  status: number | undefined
  /** From `at` to the outcome; undefined while pending. */
  durationMs: number | undefined
}

/** All members must match; or a function of the hit, which cannot be written as JSON. */
export type HitFilter = HitMembers | ((hit: Hit) => boolean)

export interface HitMembers {
  model?: string | RegExp
  stream?: boolean
  method?: string
  /** The route, or the path as sent, with or without its query. */
  path?: string
  /** Value, pattern, `true` (present) or `false` (absent) by name. */
  headers?: Record<string, string | RegExp | boolean>
  /** The credential: a bearer token, `x-api-key`, `api-key`, `x-goog-api-key` or `?key=`. */
  key?: string
  /** Contained in the raw body, or matching it. */
  body?: string | RegExp
  connection?: number
  requestOnConnection?: number
  /** Whether the connection has carried an earlier request. */
  reused?: boolean
  httpVersion?: string
  fault?: string
  outcome?: string
}

// ── faults ──────────────────────────────────────────────────────────────────

/** A fault, or a rule about which requests get one. Plain data; JSON if no bytes, patterns or functions are used. */
export type Step = Fault | Rule
export type Rule =
  | { step: 'repeat'; times: number; steps: Step[] }
  | { step: 'forever'; steps: Step[] }
  | { step: 'until'; time: Duration; steps: Step[] }
  | { step: 'when'; filter: HitFilter; steps: Step[] }
  | { step: 'percent'; percent: number; seed: number; fault: Fault; otherwise?: Fault }
  | { step: 'flap'; fault: Fault; down: Duration; up: Duration }

/**
 * The number of content chunks (text, reasoning, tool call) before it. 0: only the role chunk, for Anthropic
 * `message_start`, for Google nothing. `'headers'`: nothing but the headers. Beyond the last chunk: before the finish
 * chunk.
 */
export type Position = number | 'headers'
export type HeaderRecord = Record<string, string | number | string[] | null>
export type Bytes = string | Uint8Array | { base64: string }
export type RetryAfterForm = 'seconds' | 'float' | 'date' | 'ms' | 'body' | 'retryInfo' | 'text'
type ConnectionPoint = 'accept' | 'request' | 'body' | 'answer'

/** Created by `faults`; every part is optional, and faults combine. */
export interface Fault {
  /** The fault's name in the journal. */
  name?: string
  connection?: { action: 'reset' | 'close' | 'hang' | 'halfOpen' | 'refuse'; at?: ConnectionPoint; for?: number; scope?: 'stream' | 'connection'; code?: number }
  goAway?: { code?: number; processed?: boolean }
  informational?: { status: number; headers?: HeaderRecord }[]
  status?: number
  statusText?: string
  headers?: Record<string, string | string[] | null>
  body?: Bytes | object
  raw?: string | Uint8Array
  error?: { kind: string; options?: Record<string, unknown> }
  retryAfter?: { after: number; as?: RetryAfterForm[]; clockSkew?: number }
  reply?: Reply
  delay?: { headers?: number; firstContent?: number }
  stream?: SseStyle & {
    cut?: { after?: Position; how?: 'eof' | 'close' | 'reset' }
    stall?: { after?: Position; for?: number }
    keepAlive?: { after?: Position; every: number; for?: number; text?: string }
    malformed?: { after?: Position; count?: number; text?: string }
    error?: { after?: Position; form?: 'data' | 'event'; kind?: string; options?: Record<string, unknown>; body?: object; thenContinue?: boolean }
    hugeEvent?: { after?: Position; bytes: number }
    emptyChunks?: { after?: Position; count?: number }
    omit?: Omission[]
    pace?: number
  }
  payload?: 'malformed' | 'truncated' | 'empty'
  encoding?: { type: 'gzip' | 'br' | 'deflate'; corrupt?: boolean; raw?: boolean }
  split?: { every?: number; at?: number[]; seed?: number; max?: number; pause?: number }
  contentLength?: { off: number }
  framing?: 'length' | 'chunked' | 'close'
  closeAfter?: boolean
}

export type Omission = 'role' | 'content' | 'finish' | 'done' | 'blankLine'

/** The content of a healthy answer. */
export interface Reply {
  /** Default `Hello from <name>`. */
  content?: string
  /** Number of content chunks of a stream. Default: one per word. */
  chunks?: number
  /** DeepSeek's `reasoning_content`, Anthropic's `thinking`, Google's thoughts: before the content. */
  reasoning?: string
  toolCalls?: ToolCall[]
  /** A refusal instead of content. */
  refusal?: string
  /**
   * Default `stop`, or `tool_calls`. OpenAI's reasons are translated to the dialect (`length`: `max_tokens`,
   * `MAX_TOKENS`); others are sent as they are.
   */
  finishReason?: string
  /**
   * A usage object in the vendor's format, `true` (in streams even if not requested) or `false` (never). Default:
   * always in whole answers, in streams with `stream_options.include_usage`. Other dialects always report it.
   */
  usage?: boolean | Record<string, unknown>
  /** OpenAI's dialect: usage on the finish chunk, as DeepSeek sends it. Default false: in a chunk of its own. */
  usageOnFinish?: boolean
  /** Default: the requested model. */
  model?: string
  /** Default `chatcmpl-<name>-<n>`, `msg_<name>_<n>`, `resp-<name>-<n>`. */
  id?: string
}

export interface ToolCall {
  name: string
  /** An object, or text that need not be JSON. Default `{}`. */
  arguments?: unknown
  /** Default `call_1`, `call_2`, …, at Anthropic `toolu_1`; at Google none. */
  id?: string
}

export interface SseStyle {
  /** Default `'\n'`, Google's `'\r\n'`. */
  lineEnding?: '\n' | '\r\n' | '\r'
  /** Begins with U+FEFF. Default false. */
  byteOrderMark?: boolean
  /** Splits each JSON object over several `data:` lines. Default false. */
  multiLine?: boolean
  /** Adds a comment line to every event. Default false. */
  comments?: boolean
  /** Writes `data:` without the space. Default false. */
  noSpace?: boolean
}

export interface VendorErrorOptions {
  /** Default: the vendor's message. */
  message?: string
  status?: number
  /** `error.type`; Google's `error.status`. */
  type?: string
  /** `error.code`; Anthropic's `details.error_code`, the reason of Google's `ErrorInfo`. */
  code?: string
  param?: string
  headers?: HeaderRecord
  /** Default: no Retry-After. */
  retryAfter?: Duration
  /** The form of Retry-After. Default `'seconds'`, Google's `'retryInfo'`. */
  as?: RetryAfterForm | RetryAfterForm[]
  /** `rateLimited` only. Default `'requests'`. */
  limit?: 'requests' | 'tokens'
}

export type VendorErrorKind =
  | 'rateLimited' | 'slowDown' | 'tooLargeForLimit' | 'quota' | 'insufficientBalance'
  | 'overloaded' | 'serverError' | 'unavailable' | 'gatewayTimeout' | 'requestTimeout' | 'conflict'
  | 'auth' | 'permission' | 'notFound'
  | 'badRequest' | 'unsupportedParameter' | 'unprocessable' | 'tooLarge' | 'contextLength' | 'contentFilter'

/** All constructors throw a TypeError with code `ERR_BELLWETHER_INVALID_OPTION` for invalid arguments. */
export const faults: Faults

export interface Faults extends Record<VendorErrorKind, (options?: VendorErrorOptions) => Fault> {
  // well-formed answers
  /** A healthy answer with other content. */
  healthy(reply?: Reply): Fault
  /** Any status, headers and body. An object is sent as JSON. Default body: empty. */
  status(code: number, options?: { headers?: HeaderRecord; body?: Bytes | object; statusText?: string }): Fault
  redirect(code: number, location: string): Fault
  /** A proxy's error page. Default 502. */
  htmlPage(code?: number): Fault
  /** Sets headers, or removes those that are null. */
  headers(headers: HeaderRecord): Fault
  /** Another content type for the same body. */
  contentType(type: string): Fault
  /** A header `x-huge` of this many bytes. Default 64 KiB. */
  hugeHeader(bytes?: number): Fault
  /** Sends a 1xx response first. Default 103. */
  informational(code?: number, headers?: HeaderRecord): Fault
  /**
   * Retry-After in any of its forms, to be combined with an error. `clockSkew` shifts the server's clock in the `date`
   * form. Default form `'seconds'`, Google's `'retryInfo'`.
   */
  retryAfter(after: Duration, options?: { as?: RetryAfterForm | RetryAfterForm[]; clockSkew?: Duration }): Fault
  /** Finish reason, for example `length`, `content_filter`, `insufficient_system_resource`. */
  finish(reason: string): Fault
  refusal(text?: string): Fault
  reasoning(text: string): Fault
  toolCalls(...calls: ToolCall[]): Fault

  // no answer
  /**
   * RST. `at`: when the connection is accepted, when the first byte of a request arrives, after its headers, or
   * (default) after the whole request. HTTP/2: RST_STREAM with `code` (default 2), unless `scope` is `'connection'`.
   */
  reset(options?: { at?: ConnectionPoint; scope?: 'stream' | 'connection'; code?: number }): Fault
  /** FIN without an answer. Default `at: 'answer'`. */
  close(options?: { at?: ConnectionPoint }): Fault
  /** Silence on an open connection. Default `at: 'answer'`; before that, reading stops as well. */
  hang(options?: { at?: ConnectionPoint }): Fault
  /** FIN without an answer; the client can still send on the connection. HTTP/1.1. */
  halfOpen(): Fault
  /** Resets the request, and closes the port for this time. */
  refuse(time: Duration): Fault
  /** HTTP/2: RST_STREAM. Default 2, INTERNAL_ERROR; 7 is REFUSED_STREAM. */
  rstStream(code?: number): Fault
  /** HTTP/2: GOAWAY. Default: code 0, the request is not processed. */
  goAway(options?: { code?: number; processed?: boolean }): Fault
  /** A healthy answer, then the connection ends: `connection: close`, or GOAWAY. */
  closeAfter(): Fault
  /** HTTP/1.1: these bytes instead of an answer, then FIN. */
  raw(bytes: Bytes): Fault

  // time
  /** Before the headers. */
  slowHeaders(delay: Duration): Fault
  /** After the headers and the role chunk. */
  slowFirstContent(delay: Duration): Fault
  /** Between content chunks. */
  pace(perChunk: Duration): Fault
  /**
   * Comments in a stream, blank lines before a whole body; without `for`, nothing else is ever sent. Default position:
   * after the headers, text `keep-alive`; without a text, Anthropic sends `ping` events.
   */
  keepAlive(every: Duration, options?: { after?: Position; for?: Duration; text?: string }): Fault

  // streams; the default position is 1 unless another is given
  /**
   * The answer breaks off. `eof`: a proper end of the body; `close` (default): FIN without one; `reset`: RST. Half of
   * a whole body is sent.
   */
  cut(options?: { after?: Position; how?: 'eof' | 'close' | 'reset' }): Fault
  /** Silence; without `for`, for ever. Half of a whole body is sent first. */
  stall(options?: { after?: Position; for?: Duration }): Fault
  /** This many undecodable events in a row. Default 1. A whole body becomes invalid JSON. */
  malformedEvents(count?: number, options?: { after?: Position; text?: string }): Fault
  /**
   * An error inside a 200, then the end without `[DONE]`. Default: `serverError`, as the first frame, as `data:`; for
   * Anthropic as `event: error`.
   */
  errorEvent(kind?: VendorErrorKind, options?: { after?: Position; form?: 'data' | 'event'; body?: object; thenContinue?: boolean } & Pick<VendorErrorOptions, 'message' | 'type' | 'code' | 'param'>): Fault
  /** One event of this many bytes. Default 1 MiB. */
  hugeEvent(bytes?: number, options?: { after?: Position }): Fault
  /** Chunks with an empty delta. Default 1, position 0. */
  emptyChunks(count?: number, options?: { after?: Position }): Fault
  /** No `[DONE]`, no `message_stop`; Google's streams have neither. */
  missingDone(): Fault
  /** `[DONE]` or its equivalent without a finish reason. */
  missingFinish(): Fault
  /** Neither content nor a finish reason. */
  roleOnly(): Fault
  omit(...what: Omission[]): Fault
  sseStyle(style: SseStyle): Fault

  // bytes
  malformedJson(): Fault
  /** Half of the body, with a proper end. */
  truncatedJson(): Fault
  emptyBody(): Fault
  gzip(options?: { corrupt?: boolean }): Fault
  brotli(options?: { corrupt?: boolean }): Fault
  /** zlib format; `raw` without its header. */
  deflate(options?: { corrupt?: boolean; raw?: boolean }): Fault
  /** The body in pieces of this many bytes, each a packet of its own; `pause` between them. */
  splitEvery(bytes: number, options?: { pause?: Duration }): Fault
  splitAt(offsets: number[], options?: { pause?: Duration }): Fault
  /** Pieces of 1 to `max` (default 16) bytes, the same for the same seed. */
  splitRandomly(seed: number, options?: { max?: number; pause?: Duration }): Fault
  byteAtATime(options?: { pause?: Duration }): Fault
  /** Announces this many bytes more (the body ends early) or fewer (the body is too long). */
  contentLengthOff(bytes: number): Fault
  /** HTTP/1.1: how the end of the body is marked. `close`: by the end of the connection. */
  framing(kind: 'length' | 'chunked' | 'close'): Fault

  // composition and sequences
  /** One fault with the parts of all; later ones override earlier ones. */
  combine(...faults: Fault[]): Fault
  /** Repeats the steps this many times. */
  repeat(times: number, ...steps: Step[]): Rule
  forever(...steps: Step[]): Rule
  /** Repeats the steps until a time after the script reached them; for the first step, after `script()` was called. */
  until(time: Duration, ...steps: Step[]): Rule
  /** Steps for matching requests; other requests skip them. */
  when(filter: HitFilter, ...steps: Step[]): Rule
  /** Like `when`, by path; the only way to reach routes other than chat completions. */
  onPath(path: string, ...steps: Step[]): Rule
  /** A random draw for one request; wrap it in `forever` or `repeat`. Default seed 1, otherwise healthy. */
  percent(share: number, fault: Fault, options?: { seed?: number; otherwise?: Fault }): Rule
  /** The fault for `down`, healthy for `up`, repeated without end. */
  flap(fault: Fault, times: { down: Duration; up: Duration }): Rule
}
