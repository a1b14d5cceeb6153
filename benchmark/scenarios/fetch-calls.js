'use strict'

module.exports = {
  name: 'fetch-calls',
  about: '50 concurrent calls of the openai SDK, with client.fetch and with its own',
  sides: ({ swift, swiftPid, scale }) => {
    const job = { workload: 'calls', target: swift, concurrency: 50, calls: 12_000 * scale, warmupCalls: 6_000, mockPid: swiftPid }
    return {
      a: { label: 'openai SDK, client.fetch', job: { ...job, client: 'openai-fetch' } },
      b: { label: 'openai SDK', job: { ...job, client: 'openai' } }
    }
  },
  figures: [
    {
      name: 'fetch-cpu',
      title: 'main-thread CPU per call through client.fetch, vs the openai SDK alone',
      unit: '×',
      value: (a, b) => a.cpuMicrosPerCall / b.cpuMicrosPerCall,
      must: 1.0,
      better: 'lower'
    }
  ],
  absolute: ['cpuMicrosPerCall', 'otherThreadsMicrosPerCall', 'callsPerSecond', 'mockBusy']
}
