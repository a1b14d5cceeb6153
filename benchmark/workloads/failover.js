'use strict'

// What a call costs more when its first endpoint answers 503 at once. Every sample is a fresh client, warmed up to
// both endpoints: a cooldown left by an earlier sample would take the failing endpoint out of the way. Both kinds of
// sample are bellwether's own, so they alternate inside one process: a difference of microseconds between two
// processes would be the machine's mood.

const exchange = require('../lib/exchange')
const cpuClock = require('../lib/cpu-clock')
const { median } = require('../lib/stats')
const { createClient } = require('../clients/bellwether')

module.exports = async function ({ target, second, samples, warmupSamples }) {
  const { origin, prefix, apiKey } = target
  // The first endpoint is an origin of its own, because a 503 may cool down a whole origin.
  const endpoints = (firstPrefix) => [
    { name: 'first', baseURL: second + firstPrefix, apiKey },
    { name: 'backup', baseURL: origin + prefix, apiKey }
  ]
  const well = { endpoints: endpoints(prefix), answeredBy: 'first', micros: [], cpuMicros: [] }
  const fails = { endpoints: endpoints(`/fail${prefix}`), answeredBy: 'backup', micros: [], cpuMicros: [] }
  const request = exchange.request()

  for (let i = -warmupSamples; i < samples; i++) {
    for (const kind of i % 2 === 0 ? [well, fails] : [fails, well]) {
      const { micros, cpuMicros } = await sample(kind, request)
      if (i < 0) continue
      kind.micros.push(micros)
      kind.cpuMicros.push(cpuMicros)
    }
  }
  return {
    p50Micros: median(well.micros),
    cpuMicrosPerCall: median(well.cpuMicros),
    failoverP50Micros: median(fails.micros),
    failoverCpuMicrosPerCall: median(fails.cpuMicros)
  }
}

async function sample ({ endpoints, answeredBy }, request) {
  const client = createClient(endpoints)
  await client.warmup()
  const cpuBefore = cpuClock.now()
  const start = performance.now()
  const completion = await client.chatCompletion(request)
  const elapsedMs = performance.now() - start
  const cpuNs = cpuClock.now() - cpuBefore
  await client.close()
  const { endpoint } = completion.report
  if (endpoint !== answeredBy) throw new Error(`'${endpoint}' answered where '${answeredBy}' should have`)
  return { micros: elapsedMs * 1e3, cpuMicros: cpuNs / 1e3 }
}
