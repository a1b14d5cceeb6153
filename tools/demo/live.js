'use strict'

const { FailoverClient } = require('../..')
const { phase } = require('./phase')

/** An alias that every vendor has an answer for. */
const MODEL = 'gpt-4.1'
const MAX_TOKENS = 16

/** Real vendors from the keys in the environment. Throws a ConfigError without any. */
async function live (plan, progress) {
  const client = new FailoverClient()
  const names = client.getEndpointStatus().map((endpoint) => endpoint.name).join(', ')
  progress.say(`Asking real vendors (${names}): ${plan.requests} requests of at most ${MAX_TOKENS} tokens each. THIS COSTS MONEY.`, 'yellow')
  try {
    return { withBellwether: await phase({ label: 'live', client, model: MODEL, callOptions: { maxTokens: MAX_TOKENS }, plan, progress }) }
  } finally {
    await client.close({ drain: 0 })
  }
}

module.exports = { live }
