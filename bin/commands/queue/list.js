'use strict'

// Lists the jobs of a queue, the oldest first.

const { formatTable, formatBytes, pluralize, formatLastFailure, STATES } = require('./format')

const MANY = 100
const MOST = 1000

module.exports = {
  STATES,
  options: ['state', 'limit', 'after'],

  /** @type {import('../queue').Task['refuse']} */
  refuse (ids, { state, limit }) {
    if (ids.length > 0) return `unexpected argument '${ids[0]}'; list shows all jobs, show <id> one`
    if (state !== undefined && !STATES.includes(state)) return `--state must be one of ${STATES.join(', ')}, got '${state}'`
    if (limit !== undefined && !(/^\d{1,4}$/.test(limit) && limit >= 1 && limit <= MOST)) return `--limit must be a whole number from 1 to ${MOST}, got '${limit}'`
  },

  /** @type {import('../queue').Task['run']} */
  run (file, _, { state, limit = MANY, after, json }, out) {
    const found = JSON.parse(file.list(state, Number(limit), after))
    out.print(json ? JSON.stringify({ file: file.path(), ...found }, null, 2) : formatList(file.path(), found, Number(limit)))
    return 0
  }
}

/** @param {string} path @param {any} found @param {number} limit */
function formatList (path, { sealed, counts, bytes: size, jobs }, limit) {
  const all = Object.entries(counts).filter(([, count]) => count > 0)
  const total = all.reduce((sum, [, count]) => sum + count, 0)
  const summary = `${path}: ${pluralize(total, 'job')}${total === 0 ? '' : ` (${all.map(([state, count]) => `${count} ${state}`).join(', ')})`}, ${formatBytes(size)}${sealed ? ', sealed' : ''}`
  if (jobs.length === 0) return summary
  const rows = jobs.map((/** @type {any} */ job) => [
    job.id, job.maybeDuplicate ? `${job.state}, maybe duplicate` : job.state, String(job.priority), job.createdAt, job.endedAt ?? job.dueAt ?? '-', String(job.deliveries), formatLastFailure(job)
  ])
  const more = jobs.length === limit ? `\nMore: --after ${jobs.at(-1).id}` : ''
  return `${formatTable([['id', 'state', 'priority', 'created', 'due or ended', 'deliveries', 'last failure'], ...rows])}\n\n${summary}${more}`
}
