'use strict'

// Queues failed, dead and expired jobs again.

const { pluralize, printResult } = require('./format')

module.exports = {
  options: ['dead'],

  /** @type {import('../queue').Task['refuse']} */
  refuse (ids, { dead }) {
    if (ids.length === 0 && !dead) return 'retry needs ids, or --dead'
    if (ids.length > 0 && dead) return 'ids and --dead exclude each other'
  },

  /** @type {import('../queue').Task['run']} */
  run (file, ids, { dead, json }, out) {
    if (!dead) return printResult(JSON.parse(file.retry(ids)), 'is queued again', json, out)
    const count = JSON.parse(file.retryDead())
    out.print(json ? JSON.stringify({ retried: count }) : `${pluralize(count, 'dead letter')} queued again`)
    return 0
  }
}
