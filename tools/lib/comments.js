'use strict'

// Reads the comments of a source file, with the line that each begins on.

const path = require('node:path')
const { scanJavaScript } = require('./scan-javascript')

/** @typedef {{ text: string, line: number }} Comment `text` is without its marks; lines stay lines. */

/** @param {string} file Only its extension counts. @param {string} text @returns {Comment[]} */
function commentsOf (file, text) {
  const raw = path.extname(file) === '.rs' ? rustComments(text) : scanJavaScript(text).filter(({ type }) => type === 'comment')
  return raw.map(({ text: comment, at }) => ({ text: unmarked(comment), line: text.slice(0, at).split('\n').length }))
}

/** @param {string} text @returns {{ text: string, at: number }[]} */
function rustComments (text) {
  const found = []
  for (let at = 0; at < text.length;) {
    const end = text.startsWith('//', at) ? lineEnd(text, at) : text.startsWith('/*', at) ? blockEnd(text, at) : undefined
    if (end !== undefined) {
      found.push({ text: text.slice(at, end), at })
      at = end
    } else {
      at = literalEnd(text, at) ?? at + 1
    }
  }
  return found
}

/** @param {string} text @param {number} from */
function lineEnd (text, from) {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

/** Rust's block comments nest. @param {string} text @param {number} from */
function blockEnd (text, from) {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('/*', at)) depth++
    else if (text.startsWith('*/', at) && --depth === 0) return at + 2
    else continue
    at++
  }
  return text.length
}

const RAW_STRING = /[bc]?r(#*)"/y
const STRING = /[bc]?"(?:[^"\\]|\\[\s\S])*"/y
/** A lifetime has no closing quote. */
const CHARACTER = /b?'(?:[^'\\\n]|\\(?:x..|u\{[^}]*\}|.))'/y
const WORD = /\w+/y

/** The end of the literal or word that begins here, if one does. @param {string} text @param {number} at */
function literalEnd (text, at) {
  RAW_STRING.lastIndex = at
  const raw = RAW_STRING.exec(text)
  if (raw !== null) {
    const end = text.indexOf(`"${raw[1]}`, at + raw[0].length)
    return end < 0 ? text.length : end + 1 + raw[1].length
  }
  for (const pattern of [STRING, CHARACTER, WORD]) {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match !== null) return at + match[0].length
  }
  return undefined
}

/** @param {string} comment */
function unmarked (comment) {
  return comment.replace(/^\/\/[/!]?|^\/\*[*!]?|\*\/$/g, '').replace(/^[ \t]*\*/gm, '')
}

module.exports = { commentsOf }
