'use strict'

// `bellwether/ai-sdk`: the client as a provider of the AI SDK. `client.fetch` answers the SDK's requests, so the base
// URL below is never contacted.

const { createOpenAICompatible } = require('@ai-sdk/openai-compatible')

/**
 * @param {InstanceType<typeof import('../lib/client/client').FailoverClient>} client
 * @param {Partial<import('@ai-sdk/openai-compatible').OpenAICompatibleProviderSettings>} [settings]
 */
function createBellwether (client, settings = {}) {
  return createOpenAICompatible({
    name: 'bellwether',
    // Only its path matters.
    baseURL: 'http://bellwether.invalid/v1',
    includeUsage: true,
    supportsStructuredOutputs: true,
    ...settings,
    fetch: client.fetch
  })
}

module.exports = { createBellwether }
