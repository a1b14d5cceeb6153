'use strict'

// The addon under the other majors of Node.js that are maintained. They come as packages from the registry, once.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { spawnSync } = require('node:child_process')

const ROOT = path.join(__dirname, '..')
const PLATFORM = { darwin: 'darwin', linux: 'linux', win32: 'win' }[process.platform]
const WINDOWS = process.platform === 'win32'
const FILES = [
  ...['lifecycle', 'streams', 'events', 'encode', 'monitor'].map((name) => `client/${name}`),
  ...['contract', 'passthrough', 'transport'].map((name) => `fetch/${name}`),
  'http/express', 'http/parts', 'http/sockets', 'tools/matrix'
].map((name) => path.join(__dirname, `${name}.test.js`))

for (const major of [22, 24, 26]) {
  test(`Node.js ${major}`, () => {
    const node = binary(major)
    assert.match(run(node, ['--version']), new RegExp(`^v${major}\\.`))
    assert.match(run(node, [path.join(ROOT, 'examples', 'first.mjs')]), /primary → backup: overloaded/)
    run(node, ['--test', ...FILES])
  })
}

function binary (major) {
  const folder = path.join(ROOT, 'node_modules', '.nodes', String(major))
  const name = `node-${PLATFORM}-${process.arch}`
  const file = path.join(folder, 'node_modules', name, 'bin', WINDOWS ? 'node.exe' : 'node')
  if (!fs.existsSync(file)) {
    fs.mkdirSync(folder, { recursive: true })
    run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, `${name}@${major}`], { shell: WINDOWS })
  }
  return file
}

function run (command, args, options) {
  // Set by the test runner above: the one below would report to it instead of running.
  const { NODE_TEST_CONTEXT, ...env } = process.env
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env, timeout: 240_000, ...options })
  assert.equal(status, 0, `${path.basename(command)} ${args.join(' ')}: ${error ?? ''}\n${stdout}\n${stderr}`)
  return stdout
}
