'use strict'

// `npm test`: sets up, then runs everything that has to hold. Two lanes share the machine: the Rust core, and everything
// that needs Node. Their steps are independent; the Rust lane has a lower priority, because Node tests measure time.

const fs = require('node:fs')
const path = require('node:path')
const { setup } = require('../setup')
const { Steps } = require('./steps')
const { runNodeTests, SERIAL } = require('./node-tests')

const ROOT = path.join(__dirname, '..', '..')
const GENERATED = ['native.cjs', 'native.d.ts']
const HELP = `npm test [-- --without-servers]

Installs and builds what is needed, then checks the Rust core, lints, types and everything in __test__.
  --without-servers  leave out the tests against nginx, tinyproxy, Prometheus and Chromium; without it they are installed with apt-get
                     when this runs as root, and asked for when it does not
Exit code: 0 all passed, 1 something failed, 2 something is missing.`
const MISSING = 2

const steps = new Steps(ROOT)

async function main (args) {
  if (args.includes('--help')) {
    console.log(HELP)
    return 0
  }
  const unknown = args.find((arg) => arg !== '--without-servers')
  if (unknown !== undefined) {
    console.error(`npm test: '${unknown}' is not an option; accepted are --without-servers and --help`)
    return MISSING
  }
  const withServers = !args.includes('--without-servers')
  // Only the tools are checked here, which ends the process when one is missing.
  setup({ addon: false })
  const tests = testFiles(path.join(ROOT, '__test__'), withServers)
  const lanes = await Promise.allSettled([rustLane(), nodeLane(withServers, tests)])
  const serial = tests.filter((file) => SERIAL.has(file))
  if (!steps.failed && serial.length > 0) lanes.push(...await Promise.allSettled([steps.run('Node tests, one at a time', () => runNodeTests(steps, serial, 1))]))
  // A step reports its own failure; anything else is a defect of this program.
  for (const lane of lanes) if (lane.status === 'rejected' && !steps.failed) throw lane.reason
  console.log(`\n${steps.table()}`)
  return steps.exitCode
}

async function rustLane () {
  const cargo = (/** @type {string} */ name, /** @type {string[]} */ ...args) => steps.command(name, 'cargo', args, { background: true })
  const core = ['--quiet', '--locked', '--no-default-features']
  await cargo('Rust: format', 'fmt', '--check')
  await cargo('Rust: lints', 'clippy', '--quiet', '--locked', '--all-targets', '--', '-D', 'warnings')
  // What only the binding uses is unused without it.
  await cargo('Rust: lints without the binding', 'clippy', ...core, '--lib', '--', '-D', 'warnings')
  // Unit tests do little: unoptimised, they are built in a fifth of the time. The simulation computes for a minute.
  const unit = ['test', ...core, '--lib', '--config', 'profile.dev.package.bellwether.opt-level=0']
  await cargo('Rust: build of the unit tests', ...unit, '--no-run')
  await cargo('Rust: unit tests', ...unit)
  const whole = ['test', ...core, '--test', '*']
  await cargo('Rust: build of corpus, fuzz targets, simulation', ...whole, '--no-run')
  await cargo('Rust: corpus, fuzz targets, simulation', ...whole)
}

/** @param {boolean} withServers @param {string[]} tests */
async function nodeLane (withServers, tests) {
  const node = (/** @type {string} */ name, /** @type {string[]} */ ...args) => steps.command(name, process.execPath, args)
  const before = GENERATED.map(read)
  await node('Setup: development tools', 'tools/setup.js', '--no-build')
  if (withServers) await node('Setup: servers', 'tools/install-servers.js')
  await node('Setup: native addon', 'tools/setup.js')
  await steps.run('Generated files', async () => {
    const stale = GENERATED.filter((name, i) => before[i] !== read(name))
    // A build that changes them shows that the committed ones belong to other sources.
    if (stale.length > 0) throw new Error(`${stale.join(' and ')} was stale; the build has renewed it: commit it`)
  })
  await node('Imports: no circles, none upward', 'tools/check-imports')
  await node('Language of comments', 'tools/check-language.js')
  await node('JavaScript: lints', 'node_modules/eslint/bin/eslint.js', '.')
  await node('JavaScript: types', 'node_modules/typescript/bin/tsc', '-p', '.')
  await steps.run('Node tests', () => runNodeTests(steps, tests.filter((file) => !SERIAL.has(file))))
}

/** @param {string} folder @param {boolean} withServers @returns {string[]} */
function testFiles (folder, withServers) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'servers' && !withServers ? [] : testFiles(file, withServers)
    return entry.name.endsWith('.test.js') ? [path.relative(ROOT, file).replaceAll('\\', '/')] : []
  })
}

/** @param {string} name */
function read (name) {
  return fs.readFileSync(path.join(ROOT, name), 'utf8')
}

main(process.argv.slice(2)).then((code) => { process.exitCode = code })
