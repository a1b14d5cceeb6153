'use strict'

// Copies the dashboard's third-party files from the packages that package.json pins, so that the package needs no build
// and loads nothing from other hosts. Run `node tools/generate/dashboard-vendor.js` after an update.

const fs = require('node:fs')
const path = require('node:path')

const ROOT = path.join(__dirname, '..', '..')
const TO = path.join(ROOT, 'dashboard', 'vendor')
const FROM = path.join(ROOT, 'node_modules', 'uplot')
/** File names in the dashboard, and in the package. */
const FILES = [['uPlot.iife.min.js', 'dist/uPlot.iife.min.js'], ['uPlot.min.css', 'dist/uPlot.min.css'], ['uPlot.LICENSE', 'LICENSE']]

function copies () {
  return FILES.map(([name, source]) => ({ to: path.join(TO, name), bytes: fs.readFileSync(path.join(FROM, source)) }))
}

module.exports = { copies, TO }

if (require.main === module) {
  fs.mkdirSync(TO, { recursive: true })
  for (const { to, bytes } of copies()) fs.writeFileSync(to, bytes)
}
