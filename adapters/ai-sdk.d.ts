import type { OpenAICompatibleProvider, OpenAICompatibleProviderSettings } from '@ai-sdk/openai-compatible'
import type { FailoverClient } from 'bellwether'

/**
 * Creates a provider for the AI SDK that calls through this client: `generateText({ model:
 * createBellwether(client)('gpt-4.1'), maxRetries: 0, … })`. Needs `@ai-sdk/openai-compatible` and accepts its
 * settings. `maxRetries: 0` leaves retries to the client.
 */
export function createBellwether(client: FailoverClient, settings?: Partial<Omit<OpenAICompatibleProviderSettings, 'fetch'>>):
  OpenAICompatibleProvider
