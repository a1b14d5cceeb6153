import type { OpenAICompatibleProvider, OpenAICompatibleProviderSettings } from '@ai-sdk/openai-compatible'
import type { FailoverClient } from 'bellwether'

/**
 * A provider for the AI SDK whose calls this client makes: `generateText({ model: createBellwether(client)('gpt-4.1'),
 * maxRetries: 0, … })`. Needs `@ai-sdk/openai-compatible`, whose settings it takes; `maxRetries: 0` leaves the retrying
 * to the client.
 */
export function createBellwether(client: FailoverClient, settings?: Partial<Omit<OpenAICompatibleProviderSettings, 'fetch'>>):
  OpenAICompatibleProvider
