'use strict'

module.exports = {
  name: 'calls-axios-opossum',
  about: '50 concurrent calls, beside axios + opossum + hdr-histogram-js',
  sides: ({ swift, swiftPid, scale }) => {
    const job = { workload: 'calls', target: swift, concurrency: 50, calls: 8_000 * scale, warmupCalls: 3_000, mockPid: swiftPid }
    return {
      a: { label: 'bellwether', job: { ...job, client: 'bellwether' } },
      b: { label: 'axios + opossum', job: { ...job, client: 'axios-opossum' } }
    }
  },
  figures: [
    {
      name: 'cpu-vs-axios-opossum',
      title: 'main-thread CPU per call, vs axios + opossum + hdr',
      unit: '×',
      value: (a, b) => a.cpuMicrosPerCall / b.cpuMicrosPerCall,
      must: 0.06,
      aim: 0.025,
      better: 'lower'
    }
  ],
  absolute: ['cpuMicrosPerCall', 'callsPerSecond', 'mockBusy']
}
