'use strict'

/**
 * Replaces control and bidirectional characters, so that a name cannot end a line, move the cursor or reorder text.
 * @param {string} text
 */
function stripControls (text) {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, ' ')
}

module.exports = { stripControls }
