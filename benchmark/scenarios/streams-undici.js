'use strict'

module.exports = {
  name: 'streams-undici',
  about: '100 streams at one chunk every 10 ms, beside undici + eventsource-parser',
  sides: ({ plain, mockPid, scale }) => {
    const job = { workload: 'streams', target: plain, pace: 'paced', streams: 100, chunks: 300 * scale, warmupChunks: 50, mockPid }
    return {
      a: { label: 'bellwether', job: { ...job, client: 'bellwether' } },
      b: { label: 'undici + eventsource-parser', job: { ...job, client: 'undici-sse' } }
    }
  },
  figures: [
    {
      name: 'stream-cpu-vs-undici',
      title: 'main-thread CPU per streamed chunk, vs undici + eventsource-parser',
      unit: '×',
      value: (a, b) => a.cpuMicrosPerChunk / b.cpuMicrosPerChunk,
      must: 0.45,
      aim: 0.20,
      better: 'lower'
    }
  ],
  absolute: ['cpuMicrosPerChunk', 'chunksPerSecond', 'loopDelayP99Ms']
}
