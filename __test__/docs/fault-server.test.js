'use strict'

const assert = require('node:assert/strict')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')
const { faults } = require('../../testing')

const page = readFileSync(join(__dirname, '../../docs/testing.md'), 'utf8')
const types = readFileSync(join(__dirname, '../../testing/index.d.ts'), 'utf8')

test('the first example of the documentation runs', async () => {
  const [, code] = /```js\n([^]*?)```/.exec(page)
  const load = (name) => require(name === 'bellwether/testing' ? '../../testing' : name)
  await new Function('require', `${code}\nreturn main()`)(load)
})

test('every fault is documented and typed', () => {
  for (const name of Object.keys(faults)) {
    assert.match(page, new RegExp(`\\b${name}\\b`), `docs/testing.md: ${name}`)
    assert.match(types, new RegExp(`\\b${name}\\b`), `index.d.ts: ${name}`)
  }
})
