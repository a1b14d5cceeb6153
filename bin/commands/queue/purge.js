'use strict'

// Deletes jobs.

const time = require('../../lib/time')
const { STATES: ALL, pluralize, printResult } = require('./format')

/** A job that is being delivered may already be billed. */
const STATES = ALL.filter((state) => state !== 'delivering')

module.exports = {
  STATES,
  options: ['state', 'older-than'],

  /** @type {import('../queue').Task['refuse']} */
  refuse (ids, { state, 'older-than': age }) {
    const chosen = state !== undefined || age !== undefined
    if (ids.length === 0 && !chosen) return 'purge needs ids, --state or --older-than (0s: all jobs that have ended)'
    if (ids.length > 0 && chosen) return 'ids, and --state or --older-than, exclude each other'
    if (state !== undefined && !STATES.includes(state)) return `--state must be one of ${STATES.join(', ')}, got '${state}'`
    try {
      time.parseDuration(age, '--older-than', 0)
    } catch (/** @type {any} */ error) {
      return `--older-than ${error.problems[0].message}`
    }
  },

  /** @type {import('../queue').Task['run']} */
  run (file, ids, { state, 'older-than': age, json }, out) {
    if (ids.length > 0) return printResult(JSON.parse(file.throwAway(ids)), 'was deleted', json, out)
    const count = JSON.parse(file.purge(state, time.parseDuration(age, '--older-than', 0)))
    out.print(json ? JSON.stringify({ purged: count }) : `${pluralize(count, 'job')} deleted`)
    return 0
  }
}
