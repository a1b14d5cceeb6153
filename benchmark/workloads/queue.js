'use strict'

// Jobs into a queue, one after the other and many at once, and out of it again.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const exchange = require('../lib/exchange')
const { percentile } = require('../lib/stats')

module.exports = async function ({ client, concurrency, samples, calls, warmupCalls, ...job }) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-bench-'))
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }))
  const jobs = warmupCalls + samples + calls
  const queue = await require(`../clients/${client}`).connect({ ...job, folder, jobs })
  const request = exchange.request()
  await put(queue, request, concurrency, warmupCalls)

  const latencies = new Float64Array(samples)
  for (let i = 0; i < samples; i++) {
    const start = performance.now()
    await queue.enqueue(request)
    latencies[i] = (performance.now() - start) * 1e3
  }
  const start = performance.now()
  await put(queue, request, concurrency, calls)
  const enqueueMs = performance.now() - start
  const drainMs = await queue.drain()
  return {
    enqueueP50Micros: percentile(latencies, 0.5),
    enqueueP99Micros: percentile(latencies, 0.99),
    enqueuedPerSecond: calls / enqueueMs * 1e3,
    drainedPerSecond: jobs / drainMs * 1e3
  }
}

async function put (queue, request, concurrency, calls) {
  let next = 0
  await Promise.all(Array.from({ length: concurrency }, async () => {
    while (next++ < calls) await queue.enqueue(request)
  }))
}
