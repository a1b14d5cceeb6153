'use strict'

module.exports = {
  name: 'latency-undici',
  about: 'one call after another, beside undici Pool',
  sides: ({ swift, swiftPid, scale }) => {
    const job = { workload: 'calls', target: swift, concurrency: 1, calls: 6_000 * scale, warmupCalls: 3_000, latency: true, mockPid: swiftPid }
    return {
      a: { label: 'bellwether', job: { ...job, client: 'bellwether' } },
      b: { label: 'undici Pool', job: { ...job, client: 'undici' } }
    }
  },
  figures: [
    {
      name: 'p50-vs-undici',
      title: 'p50 at concurrency 1, vs undici Pool',
      unit: '×',
      value: (a, b) => a.p50Micros / b.p50Micros,
      must: 1.0,
      aim: 0.6,
      better: 'lower'
    }
  ],
  absolute: ['p50Micros', 'cpuMicrosPerCall']
}
