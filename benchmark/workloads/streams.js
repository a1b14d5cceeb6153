'use strict'

// `streams` streams at once, each of `chunks` chunks: main-thread CPU per chunk, and how late the event loop ran.

const { monitorEventLoopDelay } = require('node:perf_hooks')
const exchange = require('../lib/exchange')
const cpuClock = require('../lib/cpu-clock')

module.exports = async function ({ client, target, pace, streams, chunks, warmupChunks, mockPid }) {
  const connected = await require(`../clients/${client}`).stream({ ...target, prefix: `/${pace}${target.prefix}`, connections: streams })
  await read(connected, streams, warmupChunks)

  const delay = monitorEventLoopDelay({ resolution: 1 })
  const mockBefore = cpuClock.ofProcess(mockPid)
  const allBefore = process.cpuUsage()
  const cpuBefore = cpuClock.now()
  const start = performance.now()
  delay.enable()
  await read(connected, streams, chunks)
  delay.disable()
  const elapsedMs = performance.now() - start
  const cpuNs = cpuClock.now() - cpuBefore
  const all = process.cpuUsage(allBefore)
  const mockNs = cpuClock.ofProcess(mockPid) - mockBefore

  await connected.close()
  return {
    cpuMicrosPerChunk: cpuNs / (streams * chunks) / 1e3,
    otherThreadsMicrosPerChunk: (all.user + all.system - cpuNs / 1e3) / (streams * chunks),
    chunksPerSecond: streams * chunks / elapsedMs * 1e3,
    loopDelayP99Ms: delay.percentile(99) / 1e6,
    loopDelayMaxMs: delay.max / 1e6,
    mockBusy: mockNs / 1e6 / elapsedMs
  }
}

async function read (connected, streams, chunks) {
  const request = { ...exchange.request(), max_tokens: chunks }
  await Promise.all(Array.from({ length: streams }, async () => {
    let tokens = 0
    for await (const chunk of await connected.stream(request)) {
      if (chunk.choices[0]?.delta.content) tokens++
    }
    if (tokens !== chunks) throw new Error(`${tokens} of ${chunks} chunks arrived`)
  }))
}
