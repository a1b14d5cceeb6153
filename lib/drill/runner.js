'use strict'

// Runs one scenario: healthy, disturbed, restored, and until the disturbed endpoints answer again.

const { setMaxListeners } = require('node:events')
const { setTimeout: sleep } = require('node:timers/promises')
const { DrillClient } = require('./client')
const { Vendors } = require('./vendors')
const { Measurements } = require('./measurements')
const { SCENARIOS } = require('./scenarios')

/** Shares of the duration at which the disturbance begins and ends. */
const DISTURBED_AT = 0.25
const HEALED_AT = 0.7
/** Longest wait for a disturbed endpoint to be called again. */
const RETURN_TIMEOUT_MS = 20_000
/** Incidents of the drill close after this time without failures. */
const QUIET_MS = 200
/** Requests that a disturbed group must receive before it is restored. */
const ENOUGH_HITS = 5
const POLL_MS = 5

/**
 * @param {import('../../native').NativeClient} native
 * @param {{ name: string, url: string }[]} endpoints
 * @param {ReturnType<typeof import('./scenarios').readPlans>[number]} plan
 * @param {{ signal: AbortSignal, progress: (phase: string, done: number) => void }} context
 */
async function runScenario (native, endpoints, plan, { signal: callerSignal, progress }) {
  const { fault, targets } = SCENARIOS[plan.scenario]
  const failed = new AbortController()
  const signal = AbortSignal.any([callerSignal, failed.signal])
  // Every call and every sleep in progress listens to this signal.
  setMaxListeners(0, signal)
  const vendors = new Vendors(endpoints, plan.latencyMs)
  const drillClient = new DrillClient(native, (url, init) => vendors.exchange(url, init), QUIET_MS)
  const measurements = new Measurements(drillClient)
  const groups = targets(endpoints.map((e) => e.name), plan.endpoint)
  const disturbed = groups.flat()
  const model = plan.model ?? native.models()[0] ?? 'gpt-4o'

  const sendRequest = async (/** @type {number} */ n) => {
    const began = Date.now()
    const request = { model, messages: [{ role: 'user', content: 'Say hello in one sentence.' }], user: `drill-${n % 100}` }
    try {
      measurements.answered(began, await readAnswer(drillClient, request, (n * 0.618_034) % 1 < plan.streamShare, signal))
    } catch (/** @type {any} */ error) {
      if (!signal.aborted) measurements.lost(error)
    }
    progress('', Math.min(measurements.calls / plan.requests, 1))
  }

  let begin = performance.now()
  let next = 0
  /** Requests that may have begun. On a busy machine this keeps some for the time of the disturbance. */
  let allowed = Math.ceil(plan.requests * DISTURBED_AT)
  /**
   * Waits until a share of the duration has passed and `enough` is true, or at most for another share. It does not wait
   * for calls to end: while all endpoints are down, none would.
   * @param {number} share @param {number} more @param {() => boolean} enough
   */
  const runUntil = async (share, more, enough) => {
    const due = begin + plan.durationMs * share
    const latest = due + plan.durationMs * more
    await sleep(Math.max(0, due - performance.now()), undefined, { signal })
    while (!enough() && performance.now() < latest) await sleep(POLL_MS, undefined, { signal })
  }
  const runPhases = async () => {
    progress('healthy', 0)
    await runUntil(DISTURBED_AT, 3, () => measurements.calls >= Math.min(workers, allowed))
    for (const [i, group] of groups.entries()) {
      const share = DISTURBED_AT + (HEALED_AT - DISTURBED_AT) * (i + 1) / groups.length
      const hits = () => group.reduce((sum, name) => sum + vendors.hits(name), 0)
      const before = hits()
      for (const name of group) vendors.disturb(name, fault)
      measurements.disturbed(group)
      allowed = Math.ceil(plan.requests * share)
      progress(`disturbed: ${group.join(', ')}`, measurements.calls / plan.requests)
      await runUntil(share, HEALED_AT - DISTURBED_AT, () => hits() - before >= ENOUGH_HITS)
      for (const name of group) vendors.disturb(name, undefined)
      measurements.healed(group)
      if (i + 1 === groups.length) break
      // The next group is disturbed once this one has returned. The drill's clock pauses meanwhile.
      const paused = performance.now()
      await awaitReturn(group)
      begin += performance.now() - paused
    }
    allowed = plan.requests
    progress('healed', measurements.calls / plan.requests)
  }
  const workers = Math.min(plan.concurrency, plan.requests)
  const runWorker = async (/** @type {number} */ worker) => {
    const pace = plan.durationMs / plan.requests
    for (let due = worker; next < plan.requests; due += workers) {
      const wait = begin + pace * due - performance.now()
      if (wait > 0) await sleep(wait, undefined, { signal })
      while (next >= allowed && next < plan.requests) await sleep(POLL_MS, undefined, { signal })
      signal.throwIfAborted()
      if (next < plan.requests) await sendRequest(next++)
    }
  }
  /**
   * Sends requests to endpoints that have not answered since. An endpoint in a long cooldown is not waited for. @param
   * {string[]} group
   */
  const awaitReturn = async (group) => {
    // The last endpoint of a group may never have been called.
    const awaited = group.filter((name) => vendors.hits(name) > 0)
    const end = performance.now() + RETURN_TIMEOUT_MS
    const away = () => awaited.filter((name) => !measurements.hasReturned(name))
    for (;;) {
      const due = new Map(away().map((name) => [name, drillClient.cooldownUntil(name)]))
      const near = [...due].filter(([, at]) => at - Date.now() < RETURN_TIMEOUT_MS).map(([name]) => name)
      if (near.length === 0 || performance.now() >= end) return { awaited, due }
      await Promise.all(near.map((name) => readAnswer(drillClient, { model, messages: [{ role: 'user', content: 'Are you there?' }] }, false, signal, { endpoints: [name], onUnavailable: 'error' }).catch(() => {})))
      await sleep(50, undefined, { signal })
    }
  }
  /** Waits for all; the first failure aborts the others. @param {Promise<any>[]} all */
  const runAll = async (all) => {
    for (const one of all) one.catch((error) => failed.abort(error))
    await Promise.allSettled(all)
    signal.throwIfAborted()
  }
  try {
    await runAll([runPhases(), ...Array.from({ length: workers }, (_, worker) => runWorker(worker))])
    const { awaited, due } = await awaitReturn(disturbed)
    await sleep(QUIET_MS * 2, undefined, { signal })
    return { disturbed, model, ...measurements.figures(awaited, due, drillClient.incidents) }
  } catch (error) {
    // The reason of the abort, not the AbortError of a sleep.
    signal.throwIfAborted()
    throw error
  } finally {
    await drillClient.close().catch(() => {})
    await vendors.close()
  }
}

/**
 * Sends a request, reads its answer to the end, and returns the report.
 * @param {InstanceType<typeof DrillClient>} drillClient
 * @param {any} request
 * @param {boolean} stream
 * @param {AbortSignal} signal
 * @param {object} [options]
 * @returns {Promise<import('../..').CallReport>}
 */
async function readAnswer (drillClient, request, stream, signal, options) {
  const callOptions = { ...options, signal }
  if (!stream) return (await drillClient.chatCompletion(request, callOptions)).report
  const answered = await drillClient.chatCompletion({ ...request, stream: true, stream_options: { include_usage: true } }, callOptions)
  for await (const _ of answered) { /* read */ }
  return (await answered.finalCompletion).report
}

module.exports = { runScenario }
