'use strict'

// Formats durations, counts and names for reports.

const { stripControls } = require('./strip-controls')

/** @param {number} n */
function formatCount (n) {
  return n.toLocaleString('en-US')
}

/** @param {number | null} ms */
function formatDuration (ms) {
  if (ms === null) return 'never'
  if (ms < 1_000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(2)} s`
  const seconds = Math.round(ms / 1_000)
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  return `${h > 0 ? `${h} h ` : ''}${m} min ${s} s`
}

/** Escapes a text for a cell of a Markdown table. Names come from configuration and vendors. @param {string} words */
function escapeMarkdown (words) {
  return stripControls(words).replace(/[\\|`*_<>[\]]/g, '\\$&')
}

module.exports = { formatCount, escapeMarkdown, formatDuration }
