'use strict'

const { sidesBeside, figuresBeside, ABSOLUTE } = require('../lib/queue-sides')

module.exports = {
  name: 'queue-bullmq-unsynced',
  about: 'the durable queue, and BullMQ on Redis as it comes, which may lose what was acknowledged',
  sides: sidesBeside('by default', []),
  figures: figuresBeside('queue-unsynced', 'BullMQ, unsynced', { p50: 5, p99: 5, enqueued: 0.5, drained: 0.1 }),
  absolute: ABSOLUTE
}
