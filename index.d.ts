/// <reference types="node" />

import type { CallOptions, ChatOptions } from './types/calls'
import type { ChatCompletion, Message, OpenAIChatRequest } from './types/openai'
import type { ClientOptions } from './types/options'
import type { ChatStream } from './types/reports'

// The reference documentation of the package. Inputs are camelCase; completions are OpenAI's wire objects.

export * from './types/alerts'
export * from './types/calls'
export * from './types/client'
export * from './types/costs'
export * from './types/drills'
export * from './types/endpoints'
export * from './types/errors'
export * from './types/events'
export * from './types/http'
export * from './types/incidents'
export * from './types/metrics'
export * from './types/monitor'
export * from './types/openai'
export * from './types/options'
export * from './types/queue'
export * from './types/reports'
export * from './types/status'
export * from './types/telemetry'

/**
 * Like `FailoverClient.chatCompletion`, on a shared client that the first call creates: from the default configuration
 * file (see `fromConfig()`), else from the environment. Rejects with a `ConfigError` if there is neither a file nor a
 * key.
 */
export function chatCompletion(request: OpenAIChatRequest & { stream: true }, options?: CallOptions): Promise<ChatStream>
export function chatCompletion(request: OpenAIChatRequest & { stream?: false | null }, options?: CallOptions): Promise<ChatCompletion>
export function chatCompletion(request: OpenAIChatRequest, options?: CallOptions): Promise<ChatCompletion | ChatStream>
export function chatCompletion(model: string, messages: string | Message[], options: ChatOptions & { stream: true }): Promise<ChatStream>
export function chatCompletion(model: string, messages: string | Message[], options?: ChatOptions & { stream?: false }): Promise<ChatCompletion>
export function chatCompletion(model: string, messages: string | Message[], options?: ChatOptions): Promise<ChatCompletion | ChatStream>

/** Returns its argument. It gives editors the types of the options. */
export function defineConfig<const T extends ClientOptions>(options: T): T
