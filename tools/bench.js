'use strict'

// `npm run bench`: prepares the checkout, then runs the benchmark.

const path = require('node:path')
const { spawnSync } = require('node:child_process')
const { setup } = require('./setup')

setup()
const { status } = spawnSync(process.execPath, [path.join(__dirname, '..', 'benchmark', 'run.js'), ...process.argv.slice(2)], { stdio: 'inherit' })
process.exit(status ?? 1)
