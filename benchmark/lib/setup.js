'use strict'

// The peers live here and nowhere else: installing bellwether must never pull them in.

const fs = require('node:fs')
const path = require('node:path')
const { spawnSync } = require('node:child_process')

const FOLDER = path.join(__dirname, '..')
const CRATE = path.join(FOLDER, 'mock')
const MOCK = path.join(CRATE, 'target', 'release', process.platform === 'win32' ? 'bellwether-mock.exe' : 'bellwether-mock')

function installPeers (log) {
  if (installed()) return
  log('installing the peers (npm install in benchmark/)')
  const npm = process.env.npm_execpath
  // Not `npm ci`: see tools/setup.js.
  const install = ['install', '--no-save', '--ignore-scripts']
  const [command, args] = npm?.endsWith('npm-cli.js') ? [process.execPath, [npm, ...install]] : ['npm', install]
  const { status, error } = spawnSync(command, args, { cwd: FOLDER, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  if (error || status !== 0) throw new Error(`npm install failed${error ? `: ${error.message}` : ''}`)
}

/** Every peer is pinned exactly, so the installed versions show whether there is anything to do. */
function installed () {
  const { dependencies } = JSON.parse(fs.readFileSync(path.join(FOLDER, 'package.json'), 'utf8'))
  return Object.entries(dependencies).every(([name, version]) => {
    try {
      return JSON.parse(fs.readFileSync(path.join(FOLDER, 'node_modules', name, 'package.json'), 'utf8')).version === version
    } catch {
      return false
    }
  })
}

function buildMock () {
  const { status, error } = spawnSync('cargo', ['build', '--release', '--quiet', '--locked'], { cwd: CRATE, stdio: ['ignore', 2, 2] })
  if (error || status !== 0) throw new Error(`the mock server could not be built${error ? `: ${error.message}; it needs Rust` : ''}`)
}

module.exports = { installPeers, buildMock, MOCK }
