'use strict'

// Schedules a client's own drills. The timers keep neither the process nor the client alive.

const { isClosing } = require('../util/shutdown')

/** The longest timer; a longer interval is split. */
const LONGEST = 2 ** 31 - 1

/**
 * @param {import('../..').FailoverClient & { deliver: (name: string, payload: object) => void }} client
 * @param {{ everyMs: number, scenarios: import('../..').DrillName[], objectives: object }} spec
 * @returns {() => void} Ends the schedule, and a drill that is running.
 */
function schedule (client, { everyMs, scenarios, objectives }) {
  const self = new WeakRef(client)
  const ending = new AbortController()
  const { signal } = ending
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const wait = (/** @type {number} */ ms) => {
    const part = Math.min(ms, LONGEST)
    timer = setTimeout(() => ms > part ? wait(ms - part) : run(), part).unref()
  }
  const run = async () => {
    const client = self.deref()
    if (client === undefined || isClosing(client)) return
    try {
      const { NAMES } = require('./scenarios')
      const plans = (scenarios.length > 0 ? scenarios : /** @type {import('../..').DrillName[]} */ (NAMES)).map((scenario) => ({ scenario, objectives }))
      client.deliver('drill', { scheduled: true, report: await client.drill(plans, { signal }) })
    } catch (/** @type {any} */ error) {
      if (!signal.aborted && !isClosing(client)) client.deliver('drill', { scheduled: true, error: { code: error.code ?? error.name, message: error.message } })
    }
    if (!signal.aborted && !isClosing(client)) wait(everyMs)
  }
  wait(everyMs)
  return () => {
    clearTimeout(timer)
    ending.abort()
  }
}

module.exports = { schedule }
