import type { CallReport, FailureReason } from './reports'

/**
 * A request with OpenAI's field names, serialized as by `JSON.stringify`. Fields that are not declared here are passed
 * on. A request that cannot be serialized rejects with a `BadRequestError`, with the thrown error as its `cause`.
 */
export interface OpenAIChatRequest {
  /** Optional if every endpoint pins a model. */
  model?: string
  messages: Message[]
  stream?: boolean | null
  stream_options?: { include_usage?: boolean } | null
  temperature?: number | null
  max_tokens?: number | null
  max_completion_tokens?: number | null
  top_p?: number | null
  n?: number | null
  stop?: string | string[] | null
  seed?: number | null
  presence_penalty?: number | null
  frequency_penalty?: number | null
  logit_bias?: Record<string, number> | null
  logprobs?: boolean | null
  top_logprobs?: number | null
  tools?: Tool[]
  tool_choice?: ToolChoice
  parallel_tool_calls?: boolean
  response_format?: ResponseFormat
  reasoning_effort?: string | null
  user?: string
  [field: string]: unknown
}

export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage

export interface SystemMessage {
  role: 'system' | 'developer'
  content: string | TextPart[]
  name?: string
}

export interface UserMessage {
  role: 'user'
  content: string | ContentPart[]
  name?: string
}

export interface AssistantMessage {
  role: 'assistant'
  content?: string | (TextPart | RefusalPart)[] | null
  refusal?: string | null
  name?: string
  tool_calls?: ToolCall[]
  /** DeepSeek only. */
  reasoning_content?: string | null
}

export interface ToolMessage {
  role: 'tool'
  content: string | TextPart[]
  tool_call_id: string
}

export type ContentPart = TextPart | ImagePart | AudioPart | FilePart
export interface TextPart { type: 'text'; text: string }

export interface RefusalPart { type: 'refusal'; refusal: string }

/** `url`: an address, or `data:image/png;base64,…`. */
export interface ImagePart { type: 'image_url'; image_url: { url: string; detail?: 'auto' | 'low' | 'high' } }

/** `data`: base64. */
export interface AudioPart { type: 'input_audio'; input_audio: { data: string; format: 'wav' | 'mp3' } }
export interface FilePart { type: 'file'; file: { file_id?: string; file_data?: string; filename?: string } }

export interface Tool {
  type: 'function'
  function: {
    name: string
    description?: string
    /** JSON Schema. */
    parameters?: Record<string, unknown>
    strict?: boolean | null
  }
}

export type ToolChoice = 'none' | 'auto' | 'required' | { type: 'function'; function: { name: string } }

/** `arguments`: the model's JSON, which may be invalid. */
export interface ToolCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}

export type ResponseFormat =
  | { type: 'text' }
  | { type: 'json_object' }
  | { type: 'json_schema'; json_schema: { name: string; description?: string; schema?: Record<string, unknown>; strict?: boolean | null } }

/** Vendors' own reasons may occur in addition to OpenAI's. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'function_call' | (string & {})

/** The vendor's answer, unchanged, with a report. */
export interface ChatCompletion {
  id: string
  object: 'chat.completion'
  /** Seconds since 1970. */
  created: number
  model: string
  choices: Choice[]
  usage?: CompletionUsage
  system_fingerprint?: string | null
  service_tier?: string | null
  /** Not enumerable, so that the object serializes as it was received. */
  readonly report: CallReport
}

export interface Choice {
  index: number
  message: {
    role: 'assistant'
    content: string | null
    refusal?: string | null
    tool_calls?: ToolCall[]
    /** DeepSeek only. */
    reasoning_content?: string | null
  }
  finish_reason: FinishReason
  logprobs?: unknown
}

export interface ChatCompletionChunk {
  id: string
  object: 'chat.completion.chunk'
  /** Seconds since 1970. */
  created: number
  model: string
  /** Empty in a chunk that only reports usage or a takeover. */
  choices: ChunkChoice[]
  /**
   * Another endpoint takes over here: see `streams.onCut`. Added by this package or by a gateway that uses it, not by
   * the vendor.
   */
  bellwether?: StreamTakeover
  usage?: CompletionUsage | null
  system_fingerprint?: string | null
  service_tier?: string | null
}

export interface StreamTakeover {
  /** `restart`: the answer begins again and earlier content is void. `continue`: the answer goes on. */
  event: 'restart' | 'continue'
  from: { endpoint: string; model: string }
  to: { endpoint: string; model: string }
  /** Why the previous endpoint's stream broke. */
  reason: FailureReason
}

export interface ChunkChoice {
  index: number
  delta: {
    role?: 'assistant'
    content?: string | null
    refusal?: string | null
    tool_calls?: ToolCallDelta[]
    /** DeepSeek only. */
    reasoning_content?: string | null
  }
  finish_reason: FinishReason | null
  logprobs?: unknown
}

/** A fragment of the tool call with this index. */
export interface ToolCallDelta {
  index: number
  id?: string
  type?: 'function'
  function?: { name?: string; arguments?: string }
}

export interface CompletionUsage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
  prompt_tokens_details?: { cached_tokens?: number; audio_tokens?: number }
  completion_tokens_details?: { reasoning_tokens?: number; audio_tokens?: number; accepted_prediction_tokens?: number; rejected_prediction_tokens?: number }
}
