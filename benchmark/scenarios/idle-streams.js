'use strict'

const STREAMS = 5_000
const WARMUP_STREAMS = 200
const OTHER_FILES = 300

module.exports = {
  name: 'idle-streams',
  about: `memory of ${STREAMS} open, silent streams, beside undici`,
  sides: ({ plain, scale, openFiles }) => {
    // A descriptor a stream, in the client's process and in the mock's.
    const possible = Math.min(STREAMS * scale, openFiles - WARMUP_STREAMS - OTHER_FILES)
    const job = { workload: 'idle-streams', target: { ...plain, prefix: `/idle${plain.prefix}` }, streams: possible, warmupStreams: WARMUP_STREAMS }
    return {
      a: { label: 'bellwether', job: { ...job, client: 'bellwether' } },
      b: { label: 'undici + eventsource-parser', job: { ...job, client: 'undici-sse' } },
      ...(possible < STREAMS * scale && {
        note: `only ${possible} streams: the limit of ${openFiles} open files (ulimit -n) is too low for ${STREAMS * scale}`
      })
    }
  },
  figures: [
    {
      name: 'stream-memory-vs-undici',
      title: 'memory per idle open stream, vs undici',
      unit: '×',
      value: (a, b) => a.bytesPerStream / b.bytesPerStream,
      must: 1.1,
      aim: 0.7,
      better: 'lower'
    }
  ],
  absolute: ['bytesPerStream', 'streams']
}
