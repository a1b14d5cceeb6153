'use strict'

// One scenario, played: in health, disturbed, healed, and until who was disturbed answers again.

const { setTimeout: sleep } = require('node:timers/promises')
const { Twin } = require('./twin')
const { Vendors } = require('./vendors')
const { SCENARIOS } = require('./scenarios')

/** Of the whole time, and of the requests: until it is disturbed, and until it is healed. */
const DISTURBED = 0.25
const HEALED = 0.7
/** How long who was disturbed may take to be asked again. */
const PATIENCE = 20_000
/** The twin's incidents are over so long after the return. */
const QUIET = 200

/**
 * @param {import('../../native').NativeClient} native
 * @param {{ name: string, url: string }[]} endpoints
 * @param {ReturnType<typeof import('./scenarios').read>[number]} plan
 * @param {{ signal?: AbortSignal, progress: (phase: string, done: number) => void }} context
 */
async function play (native, endpoints, plan, { signal, progress }) {
  const { fault, whom } = SCENARIOS[plan.scenario]
  const vendors = new Vendors(endpoints, plan.latencyMs)
  const twin = new Twin(native, (url, init) => vendors.exchange(url, init), QUIET)
  const groups = whom(endpoints.map((e) => e.name), plan.endpoint)
  const seen = { answered: 0, fallback: 0, lost: 0, errors: /** @type {Record<string, number>} */ ({}), latencies: /** @type {number[]} */ ([]) }
  /** When each endpoint answered, since it was healed. @type {Map<string, number>} */
  const returned = new Map()
  let healedAt = Infinity
  twin.on('attempt', (attempt) => {
    if (attempt.outcome !== 'ok') return
    const sent = Date.parse(attempt.startedAt)
    if (sent >= healedAt && !returned.has(attempt.endpoint)) returned.set(attempt.endpoint, sent + attempt.durationMs - healedAt)
  })
  const model = plan.model ?? native.models()[0] ?? 'gpt-4o'
  const ask = async (/** @type {number} */ n) => {
    const began = performance.now()
    const request = { model, messages: [{ role: 'user', content: 'Say hello in one sentence.' }], user: `drill-${n % 100}` }
    try {
      const degraded = await answer(twin, request, (n * 0.618_034) % 1 < plan.streamShare, signal)
      if (degraded) seen.fallback++
      else seen.answered++
      seen.latencies.push(performance.now() - began)
    } catch (/** @type {any} */ error) {
      if (signal?.aborted) return
      seen.lost++
      const code = error.code ?? error.name
      seen.errors[code] = (seen.errors[code] ?? 0) + 1
    }
  }
  const disturbed = groups.flat()
  const span = (HEALED - DISTURBED) / groups.length
  // What is to be done from which request on.
  const acts = groups.map((group, i) => ({
    from: Math.floor(plan.requests * (DISTURBED + span * i)),
    act: () => {
      for (const name of disturbed) vendors.disturb(name, group.includes(name) ? fault : undefined)
      progress(`disturbed: ${group.join(', ')}`, 0)
    }
  }))
  acts.push({
    from: Math.floor(plan.requests * HEALED),
    act: () => {
      for (const name of disturbed) vendors.disturb(name, undefined)
      healedAt = Date.now()
      progress('healed', 0)
    }
  })
  try {
    let next = 0
    const workers = Math.min(plan.concurrency, plan.requests)
    const pace = plan.durationMs / plan.requests * workers
    const begin = performance.now()
    progress('healthy', 0)
    await Promise.all(Array.from({ length: workers }, async (_, worker) => {
      let due = begin + pace * worker / workers
      while (next < plan.requests) {
        signal?.throwIfAborted()
        const wait = due - performance.now()
        if (wait > 0) await sleep(wait, undefined, { signal })
        due += pace
        const n = next++
        while (acts.length > 0 && n >= acts[0].from) acts.shift()?.act()
        await ask(n)
        progress('', (seen.answered + seen.fallback + seen.lost) / plan.requests)
      }
    }))
    // Whoever is asked first is asked again; of the others the last of a group may never be.
    const awaited = disturbed.filter((name) => vendors.hits(name) > 0)
    const until = performance.now() + PATIENCE
    for (let n = 0; awaited.some((name) => !returned.has(name)) && performance.now() < until; n++) {
      signal?.throwIfAborted()
      await Promise.all(awaited.filter((name) => !returned.has(name)).map((name) => answer(twin, { model, messages: [{ role: 'user', content: 'Are you there?' }] }, false, signal, { endpoints: [name], onUnavailable: 'error' }).catch(() => {})))
      await sleep(50, undefined, { signal })
    }
    await sleep(QUIET * 2, undefined, { signal })
    const times = awaited.map((name) => returned.get(name))
    return {
      disturbed, model, ...seen,
      returnMs: times.length === 0 || times.includes(undefined) ? null : Math.max(...times.map((ms) => ms ?? 0), 0),
      incidents: twin.incidents
    }
  } finally {
    await twin.close().catch(() => {})
    await vendors.close()
  }
}

/**
 * Asks and reads to the end. True for a fallback's text.
 * @param {InstanceType<typeof Twin>} twin
 * @param {any} request
 * @param {boolean} stream
 * @param {AbortSignal} [signal]
 * @param {object} [options]
 */
async function answer (twin, request, stream, signal, options) {
  const asked = { ...options, ...(signal === undefined ? {} : { signal }) }
  if (!stream) return (await twin.chatCompletion(request, asked)).report.degraded
  const answered = await twin.chatCompletion({ ...request, stream: true, stream_options: { include_usage: true } }, asked)
  for await (const _ of answered) { /* read */ }
  return (await answered.finalCompletion).report.degraded
}

module.exports = { play }
