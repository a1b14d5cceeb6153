'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { copies, TO } = require('../../tools/generate/dashboard-vendor')
const { devDependencies } = require('../../package.json')

test('what the dashboard has of others is what their package has, licence included, in the version that is pinned', () => {
  for (const { to, bytes } of copies()) assert.ok(fs.readFileSync(to).equals(bytes), `${path.basename(to)}: run node tools/generate/dashboard-vendor.js`)
  assert.deepEqual(fs.readdirSync(TO).sort(), copies().map(({ to }) => path.basename(to)).sort())
  assert.equal(devDependencies.uplot, require('uplot/package.json').version)
  assert.match(fs.readFileSync(path.join(TO, 'uPlot.LICENSE'), 'utf8'), /MIT License/)
})
