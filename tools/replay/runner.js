'use strict'

// Replays the outage: sends the requests, and switches the primary to errors, off and on.

const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { FailoverClient } = require('../..')
const { VendorProcess, stopAll } = require('../lib/vendor-process')

/** USD per million tokens. */
const PRICES = { primary: { input: 2.5, output: 10 }, secondary: { input: 3.5, output: 15 }, tertiary: { input: 8, output: 32 } }
/** Every third request is a stream. */
const STREAMS = 3
const PER_SECOND = 650
const USERS = 2_000
/** Shares of the requests after which the primary returns errors, is killed, and is revived. */
const ACTS = { failing: 1 / 3, dead: 2 / 5, back: 2 / 3 }

/** @param {{ requests: number, concurrency: number }} plan @param {import('../lib/progress').Progress} progress */
async function runReplay ({ requests, concurrency }, progress) {
  const vendors = await Promise.all(Object.keys(PRICES).map((name) => new VendorProcess(name, path.join(__dirname, 'vendor.js')).start()))
  const [primary] = vendors
  const client = new FailoverClient({
    proxy: false,
    endpoints: vendors.map(({ name, url }) => ({ name, baseURL: url, apiKey: null, model: `${name}-model`, price: PRICES[name] })),
    // Short, so that the incident closes within the replay.
    incidents: { quiet: 1_500 }
  })
  const began = performance.now()
  const log = (text, style) => progress.print(`  ${((performance.now() - began) / 1_000).toFixed(1).padStart(5)} s  ${text}`, style)
  client.on('breaker', ({ endpoint, state, scope }) => log(`breaker of ${endpoint} (${scope}): ${state}`, state === 'closed' ? 'green' : 'yellow'))
  client.on('incident', (incident) => log(`incident ${incident.status}: ${incident.endpoints.map((e) => e.name).join(', ')}`, incident.status === 'open' ? 'red' : 'green'))
  const over = new Promise((resolve) => client.on('incident', (incident) => { if (incident.status === 'closed') resolve(undefined) }))
  const acts = new Map([
    [Math.floor(requests * ACTS.failing), () => { log('the primary answers with errors', 'bold'); primary.send('failing') }],
    [Math.floor(requests * ACTS.dead), () => { log('the primary is killed (SIGKILL)', 'bold'); return primary.kill() }],
    [Math.floor(requests * ACTS.back), async () => { await primary.revive(); log('the primary is back', 'bold') }]
  ])
  const seen = { answered: 0, lost: 0, errors: /** @type {Record<string, number>} */ ({}) }
  let acting = Promise.resolve()
  let next = 0
  progress.start('replay', requests)
  const pace = concurrency / PER_SECOND * 1_000
  const work = async (_, worker) => {
    let due = began + pace * worker / concurrency
    while (next < requests) {
      const wait = due - performance.now()
      if (wait > 0) await sleep(wait)
      due += pace
      const n = next++
      if (acts.has(n)) acting = acting.then(acts.get(n))
      await ask(client, n).then(() => { seen.answered++ }, (error) => {
        seen.lost++
        seen.errors[error.code ?? error.name] = (seen.errors[error.code ?? error.name] ?? 0) + 1
      })
      progress.update(seen.answered + seen.lost, `answered ${seen.answered}, lost ${seen.lost}`)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(concurrency, requests) }, work))
    await acting
    progress.end()
    // A small replay may end before the primary was called again.
    const asking = setInterval(() => { ask(client, 1).catch(() => {}) }, 100)
    await Promise.race([over, sleep(30_000, undefined, { ref: false })])
    clearInterval(asking)
    return { seen, incidents: client.getIncidents(), seconds: (performance.now() - began) / 1_000 }
  } finally {
    await client.close({ drain: 0 })
    stopAll()
  }
}

/** Sends one request and reads its answer to the end. */
async function ask (client, n) {
  const request = { model: 'assistant', messages: [{ role: 'user', content: 'Say hello in one sentence.' }], user: `user-${n % USERS}` }
  if (n % STREAMS !== 0) return client.chatCompletion(request)
  for await (const _ of await client.chatCompletion({ ...request, stream: true, stream_options: { include_usage: true } })) { /* read */ }
}

module.exports = { runReplay }
