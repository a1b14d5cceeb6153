'use strict'

// Shows one job with its request.

const { formatFailure, safeJson, formatTable } = require('./format')

module.exports = {
  options: [],

  /** @type {import('../queue').Task['refuse']} */
  refuse (ids) {
    if (ids.length !== 1) return `show takes one id, got ${ids.length}`
  },

  /** @type {import('../queue').Task['run']} */
  run (file, [id], { json }, out) {
    const job = JSON.parse(file.show(id))
    out.print(json ? safeJson(job) : formatJob(job))
    return 0
  }
}

/** @param {any} job */
function formatJob ({ id, state, priority, createdAt, expiresAt, dueAt, endedAt, deliveries, maybeDuplicate, failures, sealed, request, options }) {
  const rows = [
    ['id', id], ['state', state], ['priority', String(priority)], ['created', createdAt], ['expires', expiresAt], ['due', dueAt], ['ended', endedAt],
    ['deliveries', String(deliveries)], ['may have been answered before', maybeDuplicate ? 'yes' : null],
    ...failures.map((/** @type {any} */ failure) => ['failed', `${failure.at} ${formatFailure(failure)}`])
  ]
  const lines = [formatTable(rows.filter(([, value]) => value !== null))]
  if (sealed) lines.push('', 'The request is encrypted: use --config with a file that has the encryptionKey.')
  else if (request === null) lines.push('', 'The request is no longer kept.')
  else lines.push('', 'request', safeJson(request))
  if (options !== null) lines.push('', 'options', safeJson(options))
  return lines.join('\n')
}
