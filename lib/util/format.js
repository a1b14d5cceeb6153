'use strict'

// Durations, counts and names as reports print them.

const { printable } = require('./printable')

/** @param {number} n */
function count (n) {
  return n.toLocaleString('en-US')
}

/** @param {number | null} ms */
function time (ms) {
  if (ms === null) return 'never'
  if (ms < 1_000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(2)} s`
  const seconds = Math.round(ms / 1_000)
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  return `${h > 0 ? `${h} h ` : ''}${m} min ${s} s`
}

/** Names are other people's: none of them ends a cell or begins a link. @param {string} words */
function markdownCell (words) {
  return printable(words).replace(/[\\|`*_<>[\]]/g, '\\$&')
}

module.exports = { count, markdownCell, time }
