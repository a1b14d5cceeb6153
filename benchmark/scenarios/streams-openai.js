'use strict'

module.exports = {
  name: 'streams-openai',
  about: '100 streams at one chunk every 10 ms, beside openai SDK',
  sides: ({ plain, mockPid, scale }) => {
    const job = { workload: 'streams', target: plain, pace: 'paced', streams: 100, chunks: 300 * scale, warmupChunks: 50, mockPid }
    return {
      a: { label: 'bellwether', job: { ...job, client: 'bellwether' } },
      b: { label: 'openai SDK', job: { ...job, client: 'openai' } }
    }
  },
  figures: [
    {
      name: 'stream-cpu-vs-openai',
      title: 'main-thread CPU per streamed chunk, vs openai SDK',
      unit: '×',
      value: (a, b) => a.cpuMicrosPerChunk / b.cpuMicrosPerChunk,
      must: 0.15,
      aim: 0.07,
      better: 'lower'
    }
  ],
  absolute: ['cpuMicrosPerChunk', 'chunksPerSecond', 'loopDelayP99Ms']
}
