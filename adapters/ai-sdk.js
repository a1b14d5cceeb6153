'use strict'

// `bellwether/ai-sdk`: the client as a provider of the AI SDK. What the SDK says in OpenAI's dialect is answered by
// `client.fetch`; nothing here is sent anywhere.

const { createOpenAICompatible } = require('@ai-sdk/openai-compatible')

/**
 * @param {InstanceType<typeof import('../lib/client/client').FailoverClient>} client
 * @param {Partial<import('@ai-sdk/openai-compatible').OpenAICompatibleProviderSettings>} [settings]
 */
function createBellwether (client, settings = {}) {
  return createOpenAICompatible({
    name: 'bellwether',
    // Only its path is looked at.
    baseURL: 'http://bellwether.invalid/v1',
    includeUsage: true,
    supportsStructuredOutputs: true,
    ...settings,
    fetch: client.fetch
  })
}

module.exports = { createBellwether }
