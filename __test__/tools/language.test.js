'use strict'

// What the check of the comments' language counts, and what it leaves alone.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { measure } = require('../../tools/check-language')

const counted = (file, text) => {
  const { words, counts, lines } = measure([{ file, text }])
  return { words, counts: Object.values(counts), places: lines.map(({ place }) => place) }
}

test('words of both groups are counted in JavaScript comments only', () => {
  const text = [
    "const who = 'nobody told him' // Somebody waits.",
    'const said = `who ${/who/.test(x) /* seen */} said`',
    '/**',
    ' * Nothing here.',
    ' * He tells it.',
    ' */'
  ].join('\n')
  assert.deepEqual(counted('a.js', text), { words: 8, counts: [2, 2], places: ['a.js:1', 'a.js:2', 'a.js:5'] })
})

test('words of both groups are counted in Rust comments only', () => {
  const text = [
    '//! Whose file.',
    'fn who<\'a>(x: &\'a str) -> char { let _ = (r#"// who"#, "// \\"who", \'"\', \'\\\'\'); \'"\' } // Says',
    '/* Outer /* heard */ saw */ let s = "/* who */";',
    '/// Fine.'
  ].join('\n')
  assert.deepEqual(counted('a.rs', text), { words: 7, counts: [1, 3], places: ['a.rs:1', 'a.rs:2', 'a.rs:3'] })
})

test('code, types, parameters and references are left alone', () => {
  const text = [
    '/** @param {(said: string) => { who: 1 }} told The text. */',
    '/** `who` and `tell` are code; see docs/alerts.md, see {@link Client}, and see https://example.com. */'
  ].join('\n')
  assert.deepEqual(counted('a.d.ts', text).counts, [0, 0])
})

test('a rate above the limit names the worst lines', () => {
  const { lines, words } = measure([{ file: 'a.js', text: `// ${'word '.repeat(100)}\n// who said it\n` }])
  assert.equal(words, 103)
  assert.deepEqual(lines, [{ place: 'a.js:2', text: 'who said it', count: 2 }])
})
