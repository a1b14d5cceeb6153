'use strict'

module.exports = {
  name: 'calls-openai',
  about: '50 concurrent calls, beside the openai SDK',
  sides: ({ swift, swiftPid, scale }) => {
    const job = { workload: 'calls', target: swift, concurrency: 50, calls: 12_000 * scale, warmupCalls: 6_000, mockPid: swiftPid }
    return {
      a: { label: 'bellwether', job: { ...job, client: 'bellwether' } },
      b: { label: 'openai SDK', job: { ...job, client: 'openai' } }
    }
  },
  figures: [
    {
      name: 'cpu-vs-openai',
      title: 'main-thread CPU per call, vs openai SDK',
      unit: '×',
      value: (a, b) => a.cpuMicrosPerCall / b.cpuMicrosPerCall,
      must: 0.04,
      aim: 0.017,
      better: 'lower'
    },
    {
      name: 'throughput-vs-openai',
      title: 'calls per second, vs openai SDK',
      unit: '×',
      value: (a, b) => a.callsPerSecond / b.callsPerSecond,
      must: 25,
      better: 'higher'
    }
  ],
  absolute: ['cpuMicrosPerCall', 'callsPerSecond', 'mockBusy']
}
