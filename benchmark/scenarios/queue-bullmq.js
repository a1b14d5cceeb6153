'use strict'

const { sidesBeside, figuresBeside, ABSOLUTE } = require('../lib/queue-sides')

module.exports = {
  name: 'queue-bullmq',
  about: 'the durable queue, and BullMQ on a Redis that syncs every write: the same promise',
  sides: sidesBeside('appendfsync always', ['--appendonly', 'yes', '--appendfsync', 'always']),
  figures: figuresBeside('queue-synced', 'BullMQ with appendfsync always', { p50: 1.5, p99: 2, enqueued: 1, drained: 0.2 }),
  absolute: ABSOLUTE
}
