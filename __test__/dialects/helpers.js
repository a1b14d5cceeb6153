'use strict'

const { KEY, QUICK, openClient, serve, faults, rejection, ask, textOf, attemptSummary } = require('../helpers/client')

const OTHERS = ['anthropic', 'google', 'relay']
/** A model that each of them knows, with what its newest models can do. */
const MODELS = { openai: 'gpt-4o', anthropic: 'claude-sonnet-5-5', google: 'gemini-3-pro', relay: 'gemini-3-pro' }

/** Servers of these dialects, named A, B, …, and a client with them as its endpoints, each with a model of its own. */
function setupDialects (t, dialects, { endpoint = () => ({}), ...options } = {}) {
  const servers = dialects.map((dialect, i) => serve(t, { dialect, name: String.fromCharCode(65 + i), keys: [KEY] }))
  const client = openClient(t, {
    retry: QUICK,
    endpoints: servers.map((server, i) => ({ name: String.fromCharCode(65 + i), baseURL: server.url, dialect: dialects[i], model: MODELS[dialects[i]], ...endpoint(i) })),
    ...options
  })
  const [a, b, c] = servers
  return { client, servers, a, b, c }
}

/** What a vendor was sent for a request. */
async function sent (t, dialect, request, options) {
  const { client, a } = setupDialects(t, [dialect], options)
  const answer = await client.chatCompletion({ model: 'asked', messages: [{ role: 'user', content: 'hi' }], ...request })
  return { body: a.hits()[0].body, hit: a.hits()[0], answer, dropped: answer.report.droppedFields ?? [] }
}

module.exports = { KEY, MODELS, OTHERS, setupDialects, sent, serve, openClient, faults, rejection, ask, textOf, attemptSummary }
