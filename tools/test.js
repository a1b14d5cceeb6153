'use strict'

// `npm test`: prepares the checkout, then runs all checks, the cheapest first.

const fs = require('node:fs')
const path = require('node:path')
const { spawnSync } = require('node:child_process')
const { setup } = require('./setup')
const { installServers } = require('./install-servers')

const ROOT = path.join(__dirname, '..')
const GENERATED = ['native.cjs', 'native.d.ts']
const HELP = `npm test [-- --without-servers]

Installs and builds what is needed, then checks the Rust core, imports, lints, types and everything in __test__.
  --without-servers  leave out the tests against nginx, tinyproxy, Prometheus and Chromium; without it they are installed with
                     apt-get as root, and required otherwise
Exit code: 0 all passed, 1 a check failed, 2 a tool is missing.`

const args = process.argv.slice(2)
if (args.includes('--help')) {
  console.log(HELP)
  process.exit(0)
}
const unknown = args.find((arg) => arg !== '--without-servers')
if (unknown !== undefined) {
  console.error(`npm test: '${unknown}' is not an option; accepted are --without-servers and --help`)
  process.exit(2)
}
const withServers = !args.includes('--without-servers')

const before = GENERATED.map(read)
setup({ rust: true })
if (withServers) installServers()

// A build that changes them shows that the committed ones are out of date.
GENERATED.forEach((name, i) => {
  if (before[i] !== read(name)) fail(`${name} was out of date; the build has updated it: commit it`)
})

step('Rust: format', 'cargo', ['fmt', '--check'])
step('Rust: lints of the core', 'cargo', ['clippy', '--quiet', '--locked', '--no-default-features', '--all-targets', '--', '-D', 'warnings'])
step('Rust: lints of the binding', 'cargo', ['clippy', '--quiet', '--locked', '--', '-D', 'warnings'])
step('Rust: the core, without Node', 'cargo', ['test', '--quiet', '--locked', '--no-default-features'])
step('Imports: no circles, none upward', process.execPath, [path.join(__dirname, 'check-imports')])
step('Comments: plain English', process.execPath, [path.join(__dirname, 'check-language.js')])
step('JavaScript: lints', process.execPath, [bin('eslint', 'bin/eslint.js'), '.'])
step('JavaScript: types', process.execPath, [bin('typescript', 'bin/tsc'), '-p', '.'])
step('Node tests', process.execPath, ['--test', '--test-timeout=180000', ...testFiles(path.join(ROOT, '__test__'))])

/** @param {string} name @param {string} command @param {string[]} args */
function step (name, command, args) {
  console.log(`\n── ${name}`)
  const started = Date.now()
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' })
  if (error) fail(`${name}: ${error.message}`)
  if (status !== 0) fail(`${name}: failed`)
  console.error(`${name}: ${((Date.now() - started) / 1000).toFixed(0)} s`)
}

/** @param {string} folder @returns {string[]} */
function testFiles (folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'servers' && !withServers ? [] : testFiles(file)
    return entry.name.endsWith('.test.js') ? [path.relative(ROOT, file)] : []
  })
}

/** @param {string} name @param {string} file */
function bin (name, file) {
  return path.join(ROOT, 'node_modules', name, file)
}

/** @param {string} name */
function read (name) {
  return fs.readFileSync(path.join(ROOT, name), 'utf8')
}

/** @param {string} message @returns {never} */
function fail (message) {
  console.error(`npm test: ${message}`)
  process.exit(1)
}
