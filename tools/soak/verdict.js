'use strict'

// Decides whether resources stayed flat.

const MIB = 2 ** 20

/** Compares the medians of the second and the last quarter of the run. Garbage is collected before each sample. */
const LIMITS = {
  rss: { absolute: 24 * MIB, share: 0.15 },
  heap: { absolute: 6 * MIB, share: 0.15 }
}

/** @typedef {ReturnType<typeof import('./run').reportOf>} Report */
/** @type {{ help: string, problem(report: Report): string | false }[]} */
const CRITERIA = [
  {
    help: 'a call neither resolves nor rejects within 10 s after its deadline',
    problem: ({ calls }) => calls.stuck > 0 && `${calls.stuck} calls are stuck`
  },
  {
    help: 'a call rejects with an error that is neither one of this package nor its own abort',
    problem: ({ unexpected }) => unexpected.length > 0 && `unexpected: ${unexpected.join('; ')}`
  },
  {
    help: 'RSS grows by more than 24 MiB plus 15 % from the second quarter of the time to the last (medians)',
    problem: ({ rss }) => grown('RSS', rss.warm, rss.end, LIMITS.rss)
  },
  {
    help: 'the heap of JavaScript grows by more than 6 MiB plus 15 %, likewise',
    problem: ({ heap }) => grown('the heap', heap.warm, heap.end, LIMITS.heap)
  },
  {
    help: 'more files or sockets are open after the last client was closed than before the first was created',
    problem: ({ fds }) => fds.end !== null && fds.end > fds.start && `${fds.end - fds.start} files or sockets were leaked`
  },
  {
    help: 'metrics.snapshot() or getEndpointStatus() counts a call in flight 10 s after the last has ended',
    problem: ({ active }) => active > 0 && `${active} calls are counted as in flight`
  }
]

/** @param {string} what @param {number} from @param {number} to @param {{ absolute: number, share: number }} limit */
function grown (what, from, to, { absolute, share }) {
  return to - from > absolute + from * share && `${what} grew from ${(from / MIB).toFixed(1)} to ${(to / MIB).toFixed(1)} MiB`
}

/** @param {Report} report */
function problems (report) {
  return CRITERIA.map(({ problem }) => problem(report)).filter((text) => text !== false)
}

module.exports = { CRITERIA, MIB, problems }
