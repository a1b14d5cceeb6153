'use strict'

// What the check of imports finds in small trees. `npm test` runs it on this repository.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { problems } = require('../../tools/check-imports')
const { edges, specifiers } = require('../../tools/check-imports/javascript')
const { circles, violations } = require('../../tools/check-imports/graph')

const LAYERS = [{ folders: ['top'], why: '' }, { folders: ['left', 'right'], why: '' }, { folders: ['bottom'], why: '' }]

function tree (t, files) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-imports-'))
  t.after(() => fs.rmSync(root, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
    fs.writeFileSync(path.join(root, name), text)
  }
  return { root, found: problems(edges(root, ['top', 'left', 'right', 'bottom']), LAYERS, root) }
}

test('a circle is reported once, by its shortest path', (t) => {
  const { found } = tree(t, {
    'left/a.js': "require('./b')\nrequire('./c')",
    'left/b.js': "const d = () => require('./d')",
    'left/c.js': "require('./a')",
    'left/d.mjs': "import './a.js'"
  })
  assert.deepEqual(found, ['circle: left/a.js → left/c.js → left/a.js'])
})

test('an upward import and one between neighbours are reported', (t) => {
  const { found } = tree(t, {
    'bottom/a.js': "require('../top')",
    'top/index.js': '',
    'left/a.js': "require('../right/a')\nrequire('../bottom/b.js')",
    'right/a.js': '',
    'bottom/b.js': ''
  })
  assert.deepEqual(found, ['upward: left/a.js → right/a.js', 'upward: bottom/a.js → top/index.js'])
})

test('a file in no layer is reported', () => {
  assert.deepEqual(violations([{ from: 'top/a.js', to: 'elsewhere/b.js' }], LAYERS).unplaced, ['elsewhere/b.js'])
})

test('every form of import is read, and none from comments, strings and regular expressions', () => {
  const text = [
    '#!/usr/bin/env node',
    "const a = require('./a')",
    "import b, { c } from './b'",
    "import './c'",
    "export { d } from './d'",
    "const e = await import('./e')",
    "// require('./comment')",
    "/** @type {import('./type')} */",
    'const f = "require(\'./string\')"',
    "const g = `require('./template') ${require('./f')} require('./template')`",
    "const h = /require('.\\/regex')[/]/.test(x) ? 4 / 2 : require('./g')",
    "const i = require('node:fs') || require('package')",
    "const j = path.join(__dirname, './path')"
  ].join('\n')
  assert.deepEqual(specifiers(text), ['./a', './b', './c', './d', './e', './f', './g'])
})

test('separate circles are separate, and a long one keeps its order', () => {
  const edge = (text) => text.split(' ').map((pair) => ({ from: pair[0], to: pair[1] }))
  assert.deepEqual(circles(edge('ab bc ca xy yx cx')).map((files) => files.join('')).sort(), ['abca', 'xyx'].sort())
  assert.deepEqual(circles(edge('ab bc ac')), [])
})
