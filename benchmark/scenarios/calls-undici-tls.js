'use strict'

module.exports = {
  name: 'calls-undici-tls',
  about: '50 concurrent calls over TLS, beside undici Pool',
  sides: ({ tls, mockPid, scale }) => {
    const job = { workload: 'calls', target: tls, concurrency: 50, calls: 20_000 * scale, warmupCalls: 5_000, mockPid }
    return {
      a: { label: 'bellwether', job: { ...job, client: 'bellwether' } },
      b: { label: 'undici Pool', job: { ...job, client: 'undici' } }
    }
  },
  figures: [
    {
      name: 'cpu-tls-vs-undici',
      title: 'main-thread CPU per call over TLS, vs undici Pool',
      unit: '×',
      value: (a, b) => a.cpuMicrosPerCall / b.cpuMicrosPerCall,
      must: 0.30,
      aim: 0.12,
      better: 'lower'
    }
  ],
  absolute: ['cpuMicrosPerCall', 'callsPerSecond', 'mockBusy']
}
