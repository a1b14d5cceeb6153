'use strict'

// One scenario, played: in health, disturbed, healed, and until who was disturbed answers again.

const { setMaxListeners } = require('node:events')
const { setTimeout: sleep } = require('node:timers/promises')
const { Twin } = require('./client')
const { Vendors } = require('./vendors')
const { Watch } = require('./measurements')
const { SCENARIOS } = require('./scenarios')

/** Of the whole time: until it is disturbed, and until it is healed. */
const DISTURBED = 0.25
const HEALED = 0.7
/** How long who was disturbed may take to be asked again. */
const PATIENCE = 20_000
/** The twin's incidents are over so long after the return. */
const QUIET = 200
/** Requests that who is disturbed should have seen meanwhile. */
const ENOUGH = 5
const POLL = 5

/**
 * @param {import('../../native').NativeClient} native
 * @param {{ name: string, url: string }[]} endpoints
 * @param {ReturnType<typeof import('./scenarios').read>[number]} plan
 * @param {{ signal: AbortSignal, progress: (phase: string, done: number) => void }} context
 */
async function play (native, endpoints, plan, { signal: asked, progress }) {
  const { fault, whom } = SCENARIOS[plan.scenario]
  const failed = new AbortController()
  const signal = AbortSignal.any([asked, failed.signal])
  // Each call and each sleep under way listens to it, and no longer.
  setMaxListeners(0, signal)
  const vendors = new Vendors(endpoints, plan.latencyMs)
  const twin = new Twin(native, (url, init) => vendors.exchange(url, init), QUIET)
  const watch = new Watch(twin)
  const groups = whom(endpoints.map((e) => e.name), plan.endpoint)
  const disturbed = groups.flat()
  const model = plan.model ?? native.models()[0] ?? 'gpt-4o'

  const ask = async (/** @type {number} */ n) => {
    const began = Date.now()
    const request = { model, messages: [{ role: 'user', content: 'Say hello in one sentence.' }], user: `drill-${n % 100}` }
    try {
      watch.answered(began, await answer(twin, request, (n * 0.618_034) % 1 < plan.streamShare, signal))
    } catch (/** @type {any} */ error) {
      if (!signal.aborted) watch.lost(error)
    }
    progress('', Math.min(watch.calls / plan.requests, 1))
  }

  let begin = performance.now()
  let next = 0
  /** Requests that may have begun so far: a machine that is too busy does not have them all before the first failure. */
  let allowed = Math.ceil(plan.requests * DISTURBED)
  /**
   * Until a share of the time is over, and enough was seen meanwhile, for which so much more time may pass. Not until so
   * many requests have ended: while they wait for somebody to return, nobody would.
   * @param {number} share @param {number} more @param {() => boolean} enough
   */
  const stage = async (share, more, enough) => {
    const due = begin + plan.durationMs * share
    const latest = due + plan.durationMs * more
    await sleep(Math.max(0, due - performance.now()), undefined, { signal })
    while (!enough() && performance.now() < latest) await sleep(POLL, undefined, { signal })
  }
  const direct = async () => {
    progress('healthy', 0)
    await stage(DISTURBED, 3, () => watch.calls >= Math.min(workers, allowed))
    for (const [i, group] of groups.entries()) {
      const share = DISTURBED + (HEALED - DISTURBED) * (i + 1) / groups.length
      const hits = () => group.reduce((sum, name) => sum + vendors.hits(name), 0)
      const before = hits()
      for (const name of group) vendors.disturb(name, fault)
      watch.disturbed(group)
      allowed = Math.ceil(plan.requests * share)
      progress(`disturbed: ${group.join(', ')}`, watch.calls / plan.requests)
      await stage(share, HEALED - DISTURBED, () => hits() - before >= ENOUGH)
      for (const name of group) vendors.disturb(name, undefined)
      watch.healed(group)
      if (i + 1 === groups.length) break
      // One at a time: the next is disturbed when this one is back. Meanwhile the drill's clock stands.
      const paused = performance.now()
      await goBack(group)
      begin += performance.now() - paused
    }
    allowed = plan.requests
    progress('healed', watch.calls / plan.requests)
  }
  const workers = Math.min(plan.concurrency, plan.requests)
  const work = async (/** @type {number} */ worker) => {
    const pace = plan.durationMs / plan.requests
    for (let due = worker; next < plan.requests; due += workers) {
      const wait = begin + pace * due - performance.now()
      if (wait > 0) await sleep(wait, undefined, { signal })
      while (next >= allowed && next < plan.requests) await sleep(POLL, undefined, { signal })
      signal.throwIfAborted()
      if (next < plan.requests) await ask(next++)
    }
  }
  /** Asks whoever of them has not answered since; nobody is waited for who will not be asked for long. @param {string[]} group */
  const goBack = async (group) => {
    // Of a group the last may never have been asked.
    const awaited = group.filter((name) => vendors.hits(name) > 0)
    const end = performance.now() + PATIENCE
    const away = () => awaited.filter((name) => !watch.hasReturned(name))
    for (;;) {
      const due = new Map(away().map((name) => [name, twin.cooldownUntil(name)]))
      const near = [...due].filter(([, at]) => at - Date.now() < PATIENCE).map(([name]) => name)
      if (near.length === 0 || performance.now() >= end) return { awaited, due }
      await Promise.all(near.map((name) => answer(twin, { model, messages: [{ role: 'user', content: 'Are you there?' }] }, false, signal, { endpoints: [name], onUnavailable: 'error' }).catch(() => {})))
      await sleep(50, undefined, { signal })
    }
  }
  /** One that fails ends the others. @param {Promise<any>[]} all */
  const together = async (all) => {
    for (const one of all) one.catch((error) => failed.abort(error))
    await Promise.allSettled(all)
    signal.throwIfAborted()
  }
  try {
    await together([direct(), ...Array.from({ length: workers }, (_, worker) => work(worker))])
    const { awaited, due } = await goBack(disturbed)
    await sleep(QUIET * 2, undefined, { signal })
    return { disturbed, model, ...watch.figures(awaited, due, twin.incidents) }
  } catch (error) {
    // The reason, and not that somebody slept.
    signal.throwIfAborted()
    throw error
  } finally {
    await twin.close().catch(() => {})
    await vendors.close()
  }
}

/**
 * Asks and reads to the end.
 * @param {InstanceType<typeof Twin>} twin
 * @param {any} request
 * @param {boolean} stream
 * @param {AbortSignal} signal
 * @param {object} [options]
 * @returns {Promise<import('../..').CallReport>}
 */
async function answer (twin, request, stream, signal, options) {
  const asked = { ...options, signal }
  if (!stream) return (await twin.chatCompletion(request, asked)).report
  const answered = await twin.chatCompletion({ ...request, stream: true, stream_options: { include_usage: true } }, asked)
  for await (const _ of answered) { /* read */ }
  return (await answered.finalCompletion).report
}

module.exports = { play }
