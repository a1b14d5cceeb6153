'use strict'

// require() in a bare process, where nothing has been loaded before it.

const path = require('node:path')
const { execFileSync } = require('node:child_process')
const { createRequire } = require('node:module')

const SCRIPT = `
  const start = process.hrtime.bigint()
  require(process.argv[1])
  process.stdout.write(String(Number(process.hrtime.bigint() - start) / 1e6))
`

module.exports = function ({ specifier }) {
  const file = createRequire(path.join(__dirname, 'load.js')).resolve(specifier)
  const measure = () => Number(execFileSync(process.execPath, ['-e', SCRIPT, file], { encoding: 'utf8' }))
  measure() // brings the files into the page cache
  return { requireMs: measure() }
}
