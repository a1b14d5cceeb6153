'use strict'

// A tenth of the matrix of SDKs; `npm run matrix` runs all of it.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { CELLS } = require('../../tools/matrix/cells')
const { meetings, tenth } = require('./sample')
const { run } = require('../../tools/matrix/run')

const chosen = tenth(CELLS)

test('the tenth has every pair of SDK, operation, path and condition that can meet', (t) => {
  const pairs = (cells) => new Set(cells.flatMap((cell) => meetings(cell, 2)))
  assert.deepEqual(pairs(chosen), pairs(CELLS.filter(({ reason }) => reason === undefined)))
  t.diagnostic(`${chosen.length} of ${CELLS.length} cells`)
})

for (const cell of chosen) test(cell.name, () => run(cell))
