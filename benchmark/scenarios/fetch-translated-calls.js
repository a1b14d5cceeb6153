'use strict'

module.exports = {
  name: 'fetch-translated-calls',
  about: 'the same on a vendor of Anthropic\'s dialect: requests and answers are translated',
  sides: ({ swift, swiftPid, swiftAnthropic, swiftAnthropicPid, scale }) => {
    const job = { workload: 'calls', concurrency: 50, calls: 12_000 * scale, warmupCalls: 6_000 }
    return {
      a: { label: 'openai SDK, client.fetch on Anthropic', job: { ...job, target: { ...swiftAnthropic, dialect: 'anthropic' }, mockPid: swiftAnthropicPid, client: 'openai-fetch' } },
      b: { label: 'openai SDK', job: { ...job, target: swift, mockPid: swiftPid, client: 'openai' } }
    }
  },
  figures: [
    {
      name: 'fetch-translated-cpu',
      title: 'main-thread CPU per translated call, vs the openai SDK alone',
      unit: '×',
      value: (a, b) => a.cpuMicrosPerCall / b.cpuMicrosPerCall,
      must: 1.0,
      better: 'lower'
    }
  ],
  absolute: ['cpuMicrosPerCall', 'otherThreadsMicrosPerCall', 'callsPerSecond', 'mockBusy']
}
