'use strict'

module.exports = {
  name: 'fetch-streams',
  about: '100 streams of the openai SDK at one chunk every 10 ms, with client.fetch and with its own',
  sides: ({ plain, mockPid, scale }) => {
    const job = { workload: 'streams', target: plain, pace: 'paced', streams: 100, chunks: 300 * scale, warmupChunks: 50, mockPid }
    return {
      a: { label: 'openai SDK, client.fetch', job: { ...job, client: 'openai-fetch' } },
      b: { label: 'openai SDK', job: { ...job, client: 'openai' } }
    }
  },
  figures: [
    {
      name: 'fetch-stream-cpu',
      title: 'main-thread CPU per chunk through client.fetch, vs the openai SDK alone',
      unit: '×',
      value: (a, b) => a.cpuMicrosPerChunk / b.cpuMicrosPerChunk,
      must: 1.0,
      better: 'lower'
    }
  ],
  absolute: ['cpuMicrosPerChunk', 'otherThreadsMicrosPerChunk', 'chunksPerSecond', 'loopDelayP99Ms']
}
