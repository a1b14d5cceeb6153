'use strict'

// One phase: the load through one client, with whatever happens to the vendors meanwhile.

const { load } = require('./load')
const { Measure, wall } = require('./measure')

const PROMPT = 'Say hello in one sentence.'

/**
 * @param {object} phase
 * @param {import('../..').FailoverClient | import('./plain').PlainClient} phase.client
 * @param {import('../lib/vendor-process').Vendor} [phase.primary] Killed after a third of the requests, revived after two thirds.
 * @param {Record<string, { input: number, output: number }>} [phase.prices]
 */
async function phase ({ label, client, model, callOptions, primary, prices, plan, progress }) {
  const measure = new Measure(client, prices)
  const began = wall()
  const tell = (text, style) => progress.say(`  ${((wall() - began) / 1000).toFixed(1).padStart(5)} s  ${text}`, style)
  tellEvents(client, tell)
  progress.start(label, plan.requests)
  const times = {}
  const acts = primary === undefined ? {} : {
    [Math.floor(plan.requests / 3)]: async () => {
      tell(`${primary.name} is killed (SIGKILL)`, 'bold')
      await primary.kill()
    },
    [Math.floor((plan.requests * 2) / 3)]: async () => {
      await primary.revive()
      times.revivedAt = wall()
      tell(`${primary.name} is back on port ${primary.port}`, 'bold')
    }
  }
  // One after the other: nothing is revived before it is dead.
  let acting = Promise.resolve()
  await load({ ...plan, paced: primary !== undefined }, async (n) => {
    if (acts[n] !== undefined) acting = acting.then(acts[n])
    const start = wall()
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

/** Briefly: of many failovers of one outage, the first says it all. */
function tellEvents (client, tell) {
  const known = new Set()
  client.on('failover', ({ from, to, reason }) => {
    const way = `${from.endpoint} to ${to.endpoint}`
    if (!known.has(way)) tell(`failover ${way} (${reason})`, 'yellow')
    known.add(way)
  })
  client.on('breaker', ({ endpoint, state, scope }) => {
    if (state === 'closed') known.clear()
    tell(`breaker of ${endpoint} (${scope}): ${state}`, state === 'closed' ? 'green' : 'yellow')
  })
  client.on('alert', ({ status, severity, message, details }) => {
    tell(`alert ${status}, ${severity}: ${message} (${details.probe} probe)`, status === 'firing' ? 'red' : 'green')
  })
}

module.exports = { phase }
