'use strict'

const assert = require('node:assert/strict')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { test } = require('node:test')
const { faults } = require('../../testing')

const page = readFileSync(join(__dirname, '../../docs/reference/fault-server.md'), 'utf8')
const types = readFileSync(join(__dirname, '../../testing/index.d.ts'), 'utf8')

test('every fault is documented and typed', () => {
  for (const name of Object.keys(faults)) {
    assert.match(page, new RegExp(`\\b${name}\\b`), `docs/reference/fault-server.md: ${name}`)
    assert.match(types, new RegExp(`\\b${name}\\b`), `index.d.ts: ${name}`)
  }
})
