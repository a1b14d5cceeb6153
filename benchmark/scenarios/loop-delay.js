'use strict'

module.exports = {
  name: 'loop-delay',
  about: '50 streams at full speed: how late the event loop runs',
  sides: ({ plain, mockPid, scale }) => {
    const job = { workload: 'streams', target: plain, pace: 'full', streams: 50, chunks: 8_000 * scale, warmupChunks: 1_000, mockPid }
    return {
      a: { label: 'bellwether', job: { ...job, client: 'bellwether' } },
      b: { label: 'undici + eventsource-parser', job: { ...job, client: 'undici-sse' } }
    }
  },
  figures: [
    {
      name: 'loop-delay-p99-ms',
      title: 'event-loop delay p99, 50 streams at full speed',
      unit: 'ms',
      value: (a) => a.loopDelayP99Ms,
      must: 15,
      aim: 5,
      better: 'lower'
    }
  ],
  absolute: ['loopDelayP99Ms', 'loopDelayMaxMs', 'chunksPerSecond', 'cpuMicrosPerChunk']
}
