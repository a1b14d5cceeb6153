'use strict'

// `calls` completions, `concurrency` at a time: main-thread CPU per call, calls per second, and p50 when asked for.

const exchange = require('../lib/exchange')
const cpuClock = require('../lib/cpu-clock')
const { median } = require('../lib/stats')

module.exports = async function ({ client, target, concurrency, calls, warmupCalls, latency = false, mockPid }) {
  const connected = await require(`../clients/${client}`).chat({ ...target, connections: concurrency })
  const request = exchange.request()
  await run(connected, request, concurrency, warmupCalls, null)

  const latencies = latency ? new Float64Array(calls) : null
  const mockBefore = cpuClock.ofProcess(mockPid)
  const allBefore = process.cpuUsage()
  const cpuBefore = cpuClock.now()
  const start = performance.now()
  await run(connected, request, concurrency, calls, latencies)
  const elapsedMs = performance.now() - start
  const cpuNs = cpuClock.now() - cpuBefore
  const all = process.cpuUsage(allBefore)
  const mockNs = cpuClock.ofProcess(mockPid) - mockBefore

  await connected.close()
  return {
    cpuMicrosPerCall: cpuNs / calls / 1e3,
    otherThreadsMicrosPerCall: (all.user + all.system - cpuNs / 1e3) / calls,
    callsPerSecond: calls / elapsedMs * 1e3,
    mockBusy: mockNs / 1e6 / elapsedMs,
    ...(latencies && { p50Micros: median(latencies) })
  }
}

async function run (connected, request, concurrency, calls, latencies) {
  let next = 0
  await Promise.all(Array.from({ length: concurrency }, worker))

  async function worker () {
    while (next < calls) {
      const index = next++
      const start = latencies === null ? 0 : performance.now()
      const completion = await connected.chat(request)
      if (latencies !== null) latencies[index] = (performance.now() - start) * 1e3
      if (completion.choices[0].finish_reason !== 'stop') throw new Error('not the expected answer')
    }
  }
}
