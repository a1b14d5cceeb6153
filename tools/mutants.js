'use strict'

// `npm run mutants`: changes decisions in src/policy one at a time, and checks that a test fails.

const fs = require('node:fs')
const path = require('node:path')
const { spawnSync } = require('node:child_process')

const ROOT = path.join(__dirname, '..')
/** Changes are made in a copy, so that committed files stay intact. */
const COPY = path.join(ROOT, 'target', 'mutants')
const HELP = `npm run mutants -- [--list] [--survivors] [--file <glob>]

Copies src/policy and what it imports into target/mutants, as the small crate in tests/mutants/, and runs cargo-mutants there:
every decision is changed in turn, and every change should make a test fail. A change takes about a second, all of them
about ten minutes on one core. Needs: cargo install cargo-mutants --locked
  --list         print the changes without making them
  --survivors    only changes that no test noticed the last time
  --file <glob>  only in these files, such as '**/breaker.rs'; may be repeated
Results are in target/mutants/mutants.out. Exit code: 0 every change was noticed, or is known to be equivalent; 1 one was not;
2 misuse, or a tool is missing.`

/** Changes that do not alter behaviour, with the reason, by the names that cargo-mutants gives them. */
const EQUIVALENT = require('../tests/mutants/equivalent.json')

function main (args) {
  if (args.includes('--help')) {
    console.log(HELP)
    return 0
  }
  const options = ['--in-place', '--no-shuffle', '--minimum-test-timeout=10', '--dir', COPY]
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--list') options.push('--list')
    else if (args[i] === '--survivors') options.push('--iterate')
    else if (args[i] === '--file' && args[i + 1] !== undefined) options.push('--file', args[++i])
    else return fail(`'${args[i]}' is not an option or lacks its value; accepted are --list, --survivors, --file <glob> and --help`)
  }
  if (!options.includes('--file')) options.push('--file', 'src/policy/**')
  if (spawnSync('cargo', ['mutants', '--version']).status !== 0) {
    return fail('cargo-mutants is not installed: run cargo install cargo-mutants --locked')
  }
  copy()
  // A fixed seed: every change is tested with the same inputs.
  const env = { ...process.env, PROPTEST_RNG_SEED: '1', PROPTEST_DISABLE_FAILURE_PERSISTENCE: '1' }
  const { status } = spawnSync('nice', ['-n', '15', 'cargo', 'mutants', ...options], { stdio: 'inherit', env })
  if (options.includes('--list') || ![0, 2, 3].includes(status)) return status ?? 2
  return report()
}

/** Copies the crate of tests/mutants/ together with the sources that it mounts. */
function copy () {
  const from = path.join(ROOT, 'tests', 'mutants')
  const lib = fs.readFileSync(path.join(from, 'src', 'lib.rs'), 'utf8')
  const to = path.join(COPY, 'src')
  fs.rmSync(to, { recursive: true, force: true })
  fs.mkdirSync(to, { recursive: true })
  for (const [, name] of lib.matchAll(/#\[path = "(?:\.\.\/)+src\/([^"/]+)/g)) {
    fs.cpSync(path.join(ROOT, 'src', name), path.join(to, name), { recursive: true })
  }
  fs.writeFileSync(path.join(to, 'lib.rs'), lib.replaceAll('../../../src/', ''))
  fs.copyFileSync(path.join(from, 'Cargo.toml'), path.join(COPY, 'Cargo.toml'))
  // Pins the versions that the product is built with.
  fs.copyFileSync(path.join(ROOT, 'Cargo.lock'), path.join(COPY, 'Cargo.lock'))
}

/** Reports the results. A timeout counts as noticed: unchanged tests never take that long. */
function report () {
  const list = (name) => {
    const file = path.join(COPY, 'mutants.out', `${name}.txt`)
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
  }
  // Line numbers change, the text of a mutation does not.
  const bare = (mutant) => mutant.replace(/:\d+:\d+: /, ': ')
  const missed = list('missed')
  const equivalent = missed.filter((mutant) => bare(mutant) in EQUIVALENT)
  const survived = missed.filter((mutant) => !(bare(mutant) in EQUIVALENT))
  const left = list('previously_caught').length
  const before = left > 0 ? `${left} left out, ` : ''
  console.log(`\n${before}${list('caught').length} noticed, ${list('timeout').length} ran out of time, ${list('unviable').length} do not compile, ${equivalent.length} are equivalent, ${survived.length} survived`)
  survived.forEach((mutant) => console.log(`survived: ${mutant}`))
  return survived.length === 0 ? 0 : 1
}

function fail (message) {
  console.error(`npm run mutants: ${message}`)
  return 2
}

process.exitCode = main(process.argv.slice(2))
