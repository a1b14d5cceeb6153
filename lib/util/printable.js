'use strict'

/**
 * A text on one line of a page or a terminal: names come from anywhere, and none of them ends a line, moves a cursor or
 * turns the reading around.
 * @param {string} text
 */
function printable (text) {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, ' ')
}

module.exports = { printable }
