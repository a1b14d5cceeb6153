'use strict'

// Splits JavaScript and TypeScript into tokens: enough to find imports and comments, not a parser.

/**
 * @typedef {object} Token
 * @property {'comment' | 'string' | 'template' | 'regex' | 'word' | 'sign'} type
 * @property {string} text As written; of a string, its content without the quotes.
 * @property {number} at The offset of its first character.
 */

/** After these words a slash begins a regular expression; after any other word it divides. */
const BEFORE_REGEX = new Set(['return', 'typeof', 'case', 'in', 'of', 'delete', 'void', 'throw', 'new', 'else', 'do', 'await', 'yield', 'instanceof'])
const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*|\d[\w.]*/uy

/** @param {string} text @returns {Token[]} */
function scanJavaScript (text) {
  /** @type {Token[]} */
  const tokens = []
  /** Open braces; `true` is the `${` of a template literal. @type {boolean[]} */
  const braces = []
  /** @type {Token | undefined} The latest token that is no comment. */
  let last
  let at = text.startsWith('#!') ? lineEnd(text, 0) : 0
  /** @param {Token['type']} type @param {number} end @param {string} [content] */
  const push = (type, end, content = text.slice(at, end)) => {
    const token = { type, text: content, at }
    tokens.push(token)
    if (type !== 'comment') last = token
    at = end
  }
  while (at < text.length) {
    const char = text[at]
    if (/\s/.test(char)) at++
    else if (text.startsWith('//', at)) push('comment', lineEnd(text, at))
    else if (text.startsWith('/*', at)) push('comment', endOf(text, '*/', at + 2))
    else if (char === "'" || char === '"') {
      const end = stringEnd(text, at, char)
      push('string', end, text.slice(at + 1, end - 1))
    } else if (char === '`' || (char === '}' && braces.at(-1) === true)) {
      if (char === '}') braces.pop()
      const end = templateEnd(text, at + 1)
      if (text.startsWith('${', end - 2)) braces.push(true)
      push('template', end)
    } else if (char === '/' && beginsRegex(last)) push('regex', regexEnd(text, at))
    else {
      WORD.lastIndex = at
      const word = WORD.exec(text)
      if (word !== null) push('word', at + word[0].length)
      else {
        if (char === '{') braces.push(false)
        if (char === '}') braces.pop()
        push('sign', at + 1)
      }
    }
  }
  return tokens
}

/** @param {Token | undefined} last */
function beginsRegex (last) {
  if (last === undefined) return true
  if (last.type === 'word') return BEFORE_REGEX.has(last.text)
  if (last.type === 'template') return last.text.endsWith('${')
  return last.type === 'sign' && !')]}'.includes(last.text)
}

/** @param {string} text @param {number} from */
function lineEnd (text, from) {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

/** @param {string} text @param {string} mark @param {number} from */
function endOf (text, mark, from) {
  const end = text.indexOf(mark, from)
  return end < 0 ? text.length : end + mark.length
}

/** @param {string} text @param {number} from @param {string} quote */
function stringEnd (text, from, quote) {
  let at = from + 1
  while (at < text.length && text[at] !== quote && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** Behind the closing backtick, or behind the next `${`. @param {string} text @param {number} from */
function templateEnd (text, from) {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '`') return at + 1
    else if (text.startsWith('${', at)) return at + 2
  }
  return text.length
}

/** @param {string} text @param {number} from */
function regexEnd (text, from) {
  let inClass = false
  let at = from + 1
  for (; at < text.length && text[at] !== '\n'; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '[') inClass = true
    else if (text[at] === ']') inClass = false
    else if (text[at] === '/' && !inClass) break
  }
  at++
  while (/[a-z]/.test(text[at] ?? '')) at++
  return at
}

module.exports = { scanJavaScript }
