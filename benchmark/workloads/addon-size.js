'use strict'

// Size of the addon the package really loads. Symbols are taken off a copy, where a `strip` is at hand.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { spawnSync } = require('node:child_process')

const ROOT = path.join(__dirname, '..', '..')

module.exports = function () {
  require(ROOT)
  const addon = Object.keys(require.cache).find((file) => file.endsWith('.node'))
  if (addon === undefined) throw new Error('the package loaded no .node file')
  return { builtBytes: fs.statSync(addon).size, strippedBytes: strippedSize(addon) }
}

function strippedSize (addon) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-bench-'))
  try {
    const copy = path.join(folder, 'addon.node')
    fs.copyFileSync(addon, copy)
    const { error } = spawnSync('strip', process.platform === 'darwin' ? ['-x', copy] : [copy])
    if (error) process.stderr.write('no `strip` here: the file is measured as it was built\n')
    return fs.statSync(copy).size
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}
