'use strict'

// The hand-written types: users' programs compile or do not, as they should. The step "JavaScript: types" of `npm test`
// checks the façade against them.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { spawnSync } = require('node:child_process')

const ROOT = path.join(__dirname, '..')
const TSC = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')

function node (...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: ROOT })
  assert.equal(status, 0, stdout + stderr)
  return stdout
}

test('what should compile compiles, what should not does not, and a program with await using runs', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-types-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  node(TSC, '-p', path.join(__dirname, 'types'), '--outDir', folder)
  // As an installed package, so that what package.json exports is tried as well.
  fs.mkdirSync(path.join(folder, 'node_modules'))
  fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'bellwether'), 'junction')
  assert.deepEqual(JSON.parse(node(path.join(folder, 'program.mjs'))), [
    'down to up', 'Hello from up', 'down to up', 'Hello from up', 'UpstreamError', 'ClientClosedError'
  ])
})
