'use strict'

// Prepares a checkout, from any state and any folder: checks the tools, installs dependencies, builds the addon. It is
// quick if everything is current. It prints to stderr only: stdout belongs to the calling command.

const crypto = require('node:crypto')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { spawnSync } = require('node:child_process')

const ROOT = path.join(__dirname, '..')
const STAMP = at('node_modules', '.bellwether-setup')
/** Sources of the addon. A folder's own modification time reveals deleted files. */
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src']

/**
 * Exits with code 2 and one line if something is missing.
 * @param {{ rust?: boolean, addon?: boolean, built?: boolean }} [options] `rust`: Rust is needed even if nothing is built. `addon: false`: only Rust is needed. `built: false`: installs, and does not build.
 */
function setup ({ rust = false, addon = true, built = true } = {}) {
  checkNode()
  if (!addon) return checkRust()
  if (!built) {
    if (!dependenciesAreCurrent()) install()
    return
  }
  const stale = !addonIsCurrent()
  if (rust || stale) checkRust()
  if (!dependenciesAreCurrent()) install()
  if (stale) build()
}

// === tools ===

function checkNode () {
  const needed = /\d+(?:\.\d+)+/.exec(JSON.parse(read('package.json')).engines.node)[0]
  if (older(process.versions.node, needed)) {
    fail(`Node.js ${process.versions.node} is too old, ${needed} or newer is needed: see https://nodejs.org/en/download`)
  }
}

function checkRust () {
  const needed = /^rust-version = "(.+)"$/m.exec(read('Cargo.toml'))[1]
  // A shell that was open during the installation of Rust lacks it on its path.
  const bin = path.join(process.env.CARGO_HOME || path.join(os.homedir(), '.cargo'), 'bin')
  process.env.PATH = `${process.env.PATH}${path.delimiter}${bin}`
  for (const tool of ['cargo', 'rustc']) {
    const { status, stdout, stderr } = spawnSync(tool, ['--version'], { cwd: ROOT, encoding: 'utf8' })
    if (status === null) fail(`${tool} is not installed; Rust ${needed} or newer is needed: see https://rustup.rs`)
    const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0]
    if (status !== 0 || version === undefined) fail(`${tool} --version failed: ${stderr.trim().split('\n')[0]}`)
    if (older(version, needed)) fail(`${tool} ${version} is too old, ${needed} or newer is needed: run 'rustup update stable'`)
  }
}

function older (version, needed) {
  return version.localeCompare(needed, 'en', { numeric: true }) < 0
}

// === dependencies ===

function dependenciesAreCurrent () {
  const lock = fingerprint()
  if (readOr(STAMP) === lock) return true
  // npm's own record of an installation, also of one made by hand.
  if (changed(at('node_modules', '.package-lock.json')) < changed(at('package-lock.json'))) return false
  fs.writeFileSync(STAMP, lock)
  return true
}

function install () {
  print('installing development tools (npm install)')
  // Under NODE_ENV=production npm would omit the tools. Not `npm ci`: it refuses a lock file without the optional
  // packages of other platforms, which a registry mirror may lack.
  npm('install', '--no-save', '--ignore-scripts', '--include=dev')
  fs.writeFileSync(STAMP, fingerprint())
}

function fingerprint () {
  return crypto.createHash('sha256').update(read('package-lock.json')).digest('hex')
}

// === addon ===

function addonIsCurrent () {
  const built = changed(addon())
  return SOURCES.every((name) => newest(at(name)) <= built)
}

function build () {
  print('building the native addon (npm run build); the first time takes some minutes')
  const began = new Date()
  npm('run', 'build')
  // Dated to the start of the build: some systems copy files with their old times, and sources that changed during the
  // build are not in it.
  fs.utimesSync(addon(), began, began)
}

function addon () {
  process.report.excludeNetwork = true
  const abi = {
    linux: () => (process.report.getReport().header.glibcVersionRuntime ? '-gnu' : '-musl'),
    win32: () => '-msvc'
  }[process.platform]?.() ?? ''
  return at(`bellwether.${process.platform}-${process.arch}${abi}.node`)
}

function newest (file) {
  const own = changed(file)
  if (!fs.statSync(file).isDirectory()) return own
  return fs.readdirSync(file).reduce((latest, name) => Math.max(latest, newest(path.join(file, name))), own)
}

// === helpers ===

function npm (...args) {
  // The npm that runs this script; the one on the path may be another.
  const own = process.env.npm_execpath
  const [command, first] = own?.endsWith('npm-cli.js') ? [process.execPath, [own]] : ['npm', []]
  const shell = command === 'npm' && process.platform === 'win32'
  const { status, error } = spawnSync(command, [...first, ...args], { cwd: ROOT, stdio: ['ignore', 2, 2], shell })
  if (error) fail(`npm cannot be run (${error.message}): it comes with Node.js, see https://nodejs.org/en/download`)
  if (status !== 0) fail(`npm ${args.join(' ')} failed, see above`)
}

/** When a file was last changed, in milliseconds since 1970; -Infinity if it is missing. */
function changed (file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity
}

function readOr (file) {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined
}

function at (...names) {
  return path.join(ROOT, ...names)
}

function read (name) {
  return fs.readFileSync(at(name), 'utf8')
}

function print (text) {
  process.stderr.write(`bellwether: ${text}\n`)
}

function fail (text) {
  print(text)
  process.exit(2)
}

// `node tools/setup.js [--no-build]`
if (require.main === module) setup({ built: !process.argv.includes('--no-build') })

module.exports = { setup }
