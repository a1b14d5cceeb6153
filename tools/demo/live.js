'use strict'

const { FailoverClient } = require('../..')
const { runPhase } = require('./phase')

/** An alias that every vendor serves. */
const MODEL = 'gpt-4.1'
const MAX_TOKENS = 16

/** Runs the demo against real vendors, with the keys from the environment. Throws a ConfigError without a key. */
async function runLive (plan, progress) {
  const client = new FailoverClient()
  const names = client.getEndpointStatus().map((endpoint) => endpoint.name).join(', ')
  progress.print(`Calling real vendors (${names}): ${plan.requests} requests of at most ${MAX_TOKENS} tokens each. THIS COSTS MONEY.`, 'yellow')
  try {
    return { withBellwether: await runPhase({ label: 'live', client, model: MODEL, callOptions: { maxTokens: MAX_TOKENS }, plan, progress }) }
  } finally {
    await client.close({ drain: 0 })
  }
}

module.exports = { runLive }
