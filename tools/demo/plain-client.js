'use strict'

const { EventEmitter } = require('node:events')

/** The baseline: fetch to one vendor, without failure handling. It emits attempts as the client does. */
class PlainClient extends EventEmitter {
  #endpoint

  constructor (endpoint) {
    super()
    this.#endpoint = endpoint
  }

  async chatCompletion (model, content) {
    const { name, baseURL, price } = this.#endpoint
    const began = performance.now()
    const attempt = { endpoint: name, startedAt: new Date().toISOString() }
    try {
      const response = await fetch(`${baseURL}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model, messages: [{ role: 'user', content }] })
      })
      if (!response.ok) throw new Error(`status ${response.status}`)
      const { usage } = await response.json()
      this.emit('attempt', { ...attempt, outcome: 'ok', durationMs: performance.now() - began })
      const costUsd = (usage.prompt_tokens * price.input + usage.completion_tokens * price.output) / 1e6
      return { report: { endpoint: name, costUsd, usage: { inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens } } }
    } catch (error) {
      this.emit('attempt', { ...attempt, outcome: 'fail', durationMs: performance.now() - began })
      // fetch wraps the system's error.
      throw error.cause ?? error
    }
  }
}

module.exports = { PlainClient }
