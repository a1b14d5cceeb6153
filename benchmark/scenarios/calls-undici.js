'use strict'

module.exports = {
  name: 'calls-undici',
  about: '50 concurrent calls, beside undici Pool',
  sides: ({ swift, swiftPid, scale }) => {
    const job = { workload: 'calls', target: swift, concurrency: 50, calls: 20_000 * scale, warmupCalls: 5_000, mockPid: swiftPid }
    return {
      a: { label: 'bellwether', job: { ...job, client: 'bellwether' } },
      b: { label: 'undici Pool', job: { ...job, client: 'undici' } }
    }
  },
  figures: [
    {
      name: 'cpu-vs-undici',
      title: 'main-thread CPU per call, vs undici Pool',
      unit: '×',
      value: (a, b) => a.cpuMicrosPerCall / b.cpuMicrosPerCall,
      must: 0.45,
      aim: 0.20,
      better: 'lower'
    },
    {
      name: 'throughput-vs-undici',
      title: 'calls per second, vs undici Pool',
      unit: '×',
      value: (a, b) => a.callsPerSecond / b.callsPerSecond,
      must: 1.5,
      aim: 2.2,
      better: 'higher'
    }
  ],
  absolute: ['cpuMicrosPerCall', 'callsPerSecond', 'mockBusy']
}
