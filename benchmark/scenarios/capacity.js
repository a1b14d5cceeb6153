'use strict'

// The harness' own check: what the mock server answers when the client costs next to nothing. Runs every time.

module.exports = {
  name: 'capacity',
  about: 'the mock server alone, 50 bare sockets: plain text, TLS',
  sides: ({ plain, tls, mockPid, scale }) => {
    const job = { workload: 'capacity', connections: 50, durationMs: 1000 * scale, mockPid }
    return {
      a: { label: 'plain text', job: { ...job, target: plain } },
      b: { label: 'TLS', job: { ...job, target: tls } }
    }
  },
  figures: [],
  absolute: ['requestsPerSecond', 'mockMicrosPerRequest', 'mockBusy'],
  pairs: 1
}
