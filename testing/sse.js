'use strict'

// Writes server-sent events in every spelling that the standard allows (WHATWG HTML, 9.2.6).

/** @typedef {import('./dialects').Event} Event */
/** @typedef {{ lineEnding?: string, multiLine?: boolean, comments?: boolean, noSpace?: boolean }} Style */

/** @param {{ event?: string, data: any }} event @param {Style} style @returns {string} */
function render({ event, data }, style) {
  const end = style.lineEnding ?? '\n'
  const field = style.noSpace ? 'data:' : 'data: '
  const text = typeof data === 'string' ? data : JSON.stringify(data, null, style.multiLine ? 1 : undefined)
  const comment = style.comments ? `: a comment${end}` : ''
  const type = event === undefined ? '' : `event: ${event}${end}`
  const lines = style.multiLine ? text.split('\n').map((line) => `${field}${line}`).join(end) : field + text
  return `${comment}${type}${lines}${end}${end}`
}

/** @param {string} text @param {Style} style */
function comment(text, style) {
  const end = style.lineEnding ?? '\n'
  return `: ${text}${end}${end}`
}

module.exports = { comment, render }
