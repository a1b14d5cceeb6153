'use strict'

module.exports = {
  name: 'failover',
  about: 'a call whose first endpoint answers 503, beside one whose first endpoint is well',
  sides: ({ plain, second, scale }) => ({
    a: { label: 'bellwether', job: { workload: 'failover', target: plain, second, samples: 400 * scale, warmupSamples: 100 } }
  }),
  figures: [
    {
      name: 'failover-added-p50-us',
      title: 'failover: added p50',
      unit: 'µs',
      value: (a) => a.failoverP50Micros - a.p50Micros,
      must: 100,
      aim: 50,
      better: 'lower'
    },
    {
      name: 'failover-added-cpu-us',
      title: 'failover: added main-thread CPU',
      unit: 'µs',
      value: (a) => a.failoverCpuMicrosPerCall - a.cpuMicrosPerCall,
      must: 10,
      better: 'lower'
    }
  ],
  absolute: ['p50Micros', 'failoverP50Micros', 'cpuMicrosPerCall', 'failoverCpuMicrosPerCall']
}
