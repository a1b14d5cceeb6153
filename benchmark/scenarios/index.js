'use strict'

// In the order they run. A scenario is plain data:
//   name      for --only
//   about     one line for people
//   sides     ({ swift, swiftPid, swiftAnthropic, swiftAnthropicPid, plain, tls, second, mockPid, scale, openFiles }) → { a, b?, note? }; a and b are { label, job }, a job
//             names its workload and its options; note is said aloud when something had to give; skipped, alone, says why not
//   figures   what to make of a pair of results: name, title, unit, value(a, b), must, aim?, better: 'lower' | 'higher'
//   absolute  which measured fields to show per side, for orientation
//   pairs     how many, where repeating teaches nothing

module.exports = [
  require('./capacity'),
  require('./calls-undici'),
  require('./calls-undici-tls'),
  require('./calls-openai'),
  require('./calls-axios-opossum'),
  require('./latency-undici'),
  require('./streams-undici'),
  require('./streams-openai'),
  require('./fetch-calls'),
  require('./fetch-translated-calls'),
  require('./fetch-streams'),
  require('./fetch-translated-streams'),
  require('./loop-delay'),
  require('./failover'),
  require('./queue-bullmq'),
  require('./queue-bullmq-unsynced'),
  require('./require'),
  require('./addon-size'),
  require('./idle-streams')
]
