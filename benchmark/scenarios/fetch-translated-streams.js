'use strict'

module.exports = {
  name: 'fetch-translated-streams',
  about: 'the same on a vendor of Anthropic\'s dialect: every event is translated',
  sides: ({ plain, mockPid, scale }) => {
    const job = { workload: 'streams', target: plain, pace: 'paced', streams: 100, chunks: 300 * scale, warmupChunks: 50, mockPid }
    return {
      a: { label: 'openai SDK, client.fetch on Anthropic', job: { ...job, target: { ...plain, dialect: 'anthropic' }, pace: 'paced-anthropic', client: 'openai-fetch' } },
      b: { label: 'openai SDK', job: { ...job, client: 'openai' } }
    }
  },
  figures: [
    {
      name: 'fetch-translated-stream-cpu',
      title: 'main-thread CPU per translated chunk, vs the openai SDK alone',
      unit: '×',
      value: (a, b) => a.cpuMicrosPerChunk / b.cpuMicrosPerChunk,
      must: 1.0,
      better: 'lower'
    }
  ],
  absolute: ['cpuMicrosPerChunk', 'otherThreadsMicrosPerChunk', 'chunksPerSecond', 'loopDelayP99Ms']
}
