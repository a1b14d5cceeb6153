'use strict'

// Runs one phase: sends the load through one client while the primary is killed and revived.

const { runLoad } = require('./load')
const { Measurements, wallClock } = require('./measurements')

const PROMPT = 'Say hello in one sentence.'

/**
 * @param {object} options
 * @param {import('../..').FailoverClient | import('./plain-client').PlainClient} options.client
 * @param {import('../lib/vendor-process').VendorProcess} [options.primary] Killed after a third of the requests, revived after two thirds.
 * @param {Record<string, { input: number, output: number }>} [options.prices]
 */
async function runPhase ({ label, client, model, callOptions, primary, prices, plan, progress }) {
  const measure = new Measurements(client, prices)
  const began = wallClock()
  const log = (text, style) => progress.print(`  ${((wallClock() - began) / 1000).toFixed(1).padStart(5)} s  ${text}`, style)
  logEvents(client, log)
  progress.start(label, plan.requests)
  const times = {}
  const acts = primary === undefined ? {} : {
    [Math.floor(plan.requests / 3)]: async () => {
      log(`${primary.name} is killed (SIGKILL)`, 'bold')
      await primary.kill()
    },
    [Math.floor((plan.requests * 2) / 3)]: async () => {
      await primary.revive()
      times.revivedAt = wallClock()
      log(`${primary.name} is back on port ${primary.port}`, 'bold')
    }
  }
  // In sequence: a process is killed before it is revived.
  let acting = Promise.resolve()
  await runLoad({ ...plan, paced: primary !== undefined }, async (n) => {
    if (acts[n] !== undefined) acting = acting.then(acts[n])
    const start = wallClock()
    try {
      measure.answer(await client.chatCompletion(model, PROMPT, callOptions), start)
    } catch (error) {
      measure.failure(error)
    }
    progress.update(measure.answered + measure.failed, `answered ${measure.answered}, failed ${measure.failed}, failovers ${measure.failovers}`)
  })
  await acting
  progress.end()
  return measure.result(times)
}

/** Logs the first failover of each kind in an outage only. */
function logEvents (client, log) {
  const known = new Set()
  client.on('failover', ({ from, to, reason }) => {
    const way = `${from.endpoint} to ${to.endpoint}`
    if (!known.has(way)) log(`failover ${way} (${reason})`, 'yellow')
    known.add(way)
  })
  client.on('breaker', ({ endpoint, state, scope }) => {
    if (state === 'closed') known.clear()
    log(`breaker of ${endpoint} (${scope}): ${state}`, state === 'closed' ? 'green' : 'yellow')
  })
  client.on('alert', ({ status, severity, message, details }) => {
    log(`alert ${status}, ${severity}: ${message}${details.probe === undefined ? '' : ` (${details.probe} probe)`}`, status === 'firing' ? 'red' : 'green')
  })
}

module.exports = { runPhase }
