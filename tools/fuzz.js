'use strict'

// `npm run fuzz`: runs the fuzz targets for longer than the tests do, with other inputs each time.

const path = require('node:path')
const { spawnSync } = require('node:child_process')

const ROOT = path.join(__dirname, '..')
const HELP = `npm run fuzz -- [--seconds <n>] [--target <name>] [--seed <n>]

Runs the targets of tests/fuzz/targets/ one after another on stable Rust, with inputs made of tests/fuzz/seeds/<target>, and reports
executions. A failing input is minimized and left in target/fuzz.
  --seconds <n>    duration per target (default 60)
  --target <name>  only this target; may be repeated
  --seed <n>       seed of the inputs (default: a new one, which is printed)
Exit code: 0 nothing was found, 1 a target failed, 2 misuse, or a tool is missing.
CONTRIBUTING.md describes coverage-guided runs on nightly Rust.`

function main (args) {
  const targets = []
  let seconds = 60
  let seed = Date.now() % 1_000_000
  for (let i = 0; i < args.length; i++) {
    const value = args[i + 1]
    if (args[i] === '--help') {
      console.log(HELP)
      return 0
    } else if (args[i] === '--seconds' && whole(value)) seconds = Number(args[++i])
    else if (args[i] === '--seed' && whole(value)) seed = Number(args[++i])
    else if (args[i] === '--target' && value !== undefined) targets.push(args[++i])
    else return fail(`'${args[i]}' is not an option or lacks its value; accepted are --seconds <n>, --target <name>, --seed <n> and --help`)
  }
  const test = ['test', '--quiet', '--no-default-features', '--test', 'fuzz']
  const listed = spawnSync('cargo', [...test, '--', '--list', '--format=terse'], { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (listed.status !== 0) return fail('the targets cannot be built')
  const known = [...listed.stdout.matchAll(/^(\w+): test$/gm)].map(([, name]) => name).filter((name) => name !== 'every_target_is_run')
  const unknown = targets.find((name) => !known.includes(name))
  if (unknown !== undefined) return fail(`unknown target '${unknown}'; targets are ${known.join(', ')}`)
  console.log(`seed ${seed}, ${seconds} s for each target`)
  const env = { ...process.env, FUZZ_SECONDS: String(seconds), FUZZ_SEED: String(seed) }
  const failed = (targets.length > 0 ? targets : known).filter((name) => {
    const run = ['--', '--exact', name, '--nocapture', '--test-threads=1']
    return spawnSync('cargo', [...test, ...run], { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0
  })
  if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`)
  return failed.length > 0 ? 1 : 0
}

function whole (text) {
  return /^\d+$/.test(text ?? '')
}

function fail (message) {
  console.error(`npm run fuzz: ${message}`)
  return 2
}

process.exitCode = main(process.argv.slice(2))
