'use strict'

// The harness' own check: what the mock servers answer when the client costs next to nothing. Runs every time.

module.exports = {
  name: 'capacity',
  about: 'the mock servers alone, 50 bare sockets: plain text, TLS',
  sides: ({ swift, swiftPid, tls, mockPid, scale }) => {
    const job = { workload: 'capacity', connections: 50, durationMs: 1000 * scale }
    return {
      a: { label: 'plain text', job: { ...job, target: swift, mockPid: swiftPid } },
      b: { label: 'TLS', job: { ...job, target: tls, mockPid } }
    }
  },
  figures: [],
  absolute: ['requestsPerSecond', 'mockMicrosPerRequest', 'mockBusy'],
  pairs: 1
}
