'use strict'

// What the dashboard needs of other people's, copied from the packages that package.json pins: users build nothing and
// load nothing from elsewhere. `node tools/generate/dashboard-vendor.js` after another version was installed.

const fs = require('node:fs')
const path = require('node:path')

const ROOT = path.join(__dirname, '..', '..')
const TO = path.join(ROOT, 'dashboard', 'vendor')
const FROM = path.join(ROOT, 'node_modules', 'uplot')
/** The file here, and in the package. */
const FILES = [['uPlot.iife.min.js', 'dist/uPlot.iife.min.js'], ['uPlot.min.css', 'dist/uPlot.min.css'], ['uPlot.LICENSE', 'LICENSE']]

function copies () {
  return FILES.map(([name, source]) => ({ to: path.join(TO, name), bytes: fs.readFileSync(path.join(FROM, source)) }))
}

module.exports = { copies, TO }

if (require.main === module) {
  fs.mkdirSync(TO, { recursive: true })
  for (const { to, bytes } of copies()) fs.writeFileSync(to, bytes)
}
