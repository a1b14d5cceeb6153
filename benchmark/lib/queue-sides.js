'use strict'

// What the scenarios of queues share: the same jobs on both sides, and a peer that may be missing.

const { redisVersion } = require('./redis')

const FIGURES = [
  ['p50', 'p50 of enqueueing one job after another', (side) => side.enqueueP50Micros, 'lower'],
  ['p99', 'p99 of enqueueing one job after another', (side) => side.enqueueP99Micros, 'lower'],
  ['enqueued', 'jobs enqueued per second, 50 at a time', (side) => side.enqueuedPerSecond, 'higher'],
  ['drained', 'jobs drained per second', (side) => side.drainedPerSecond, 'higher']
]

/**
 * @param {string} label
 * @param {string[]} settings Of redis-server.
 */
function sidesBeside (label, settings) {
  return ({ swift, scale }) => {
    const redis = redisVersion()
    if (redis === undefined) return { skipped: 'there is no redis-server here (Debian: apt install redis-server)' }
    const job = { workload: 'queue', concurrency: 50, warmupCalls: 200, samples: 1000 * scale, calls: 4000 * scale }
    return {
      a: { label: 'bellwether', job: { ...job, client: 'queue-bellwether', target: swift } },
      b: { label: `BullMQ, Redis ${redis} ${label}`, job: { ...job, client: 'queue-bullmq', settings } }
    }
  }
}

/** @param {string} prefix @param {string} vs @param {Record<string, number>} musts */
function figuresBeside (prefix, vs, musts) {
  return FIGURES.map(([name, title, of, better]) => (
    { name: `${prefix}-${name}`, title: `${title}, vs ${vs}`, unit: '×', value: (a, b) => of(a) / of(b), must: musts[name], better }))
}

const ABSOLUTE = ['enqueueP50Micros', 'enqueueP99Micros', 'enqueuedPerSecond', 'drainedPerSecond']

module.exports = { sidesBeside, figuresBeside, ABSOLUTE }
