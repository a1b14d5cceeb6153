'use strict'

// `npm run simulate`: turns seeds into histories of outages and checks the invariants of each.

const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { setup } = require('./setup')

const HELP = `npm run simulate -- [--seeds N] [--from N] [--seed N [--trace]]

Runs the engine over a simulated network on simulated clocks: random outages, flaps, stalls, resets, throttles, aborts and
jumps of the clocks. After each history twelve invariants are checked. Without options: 2,000 seeds.
  --seeds N  number of seeds (20,000 take about half an hour)
  --from N   the first seed; default 0
  --seed N   a single seed
  --trace    prints everything that happens in it
Exit code: 0 all invariants held, 1 one was broken (prints the seed and the command to replay it), 2 misuse.`

const args = process.argv.slice(2)
if (args.includes('--help')) {
  console.log(HELP)
  process.exit(0)
}
for (let i = 0; i < args.length; i++) {
  if (args[i] === '--trace') continue
  if (!['--seeds', '--from', '--seed'].includes(args[i])) fail(`'${args[i]}' is not an option; accepted are --seeds, --from, --seed, --trace and --help`)
  if (!/^\d+$/.test(args[++i] ?? '')) fail(`${args[i - 1]} must be followed by a whole number, got ${args[i] ?? 'nothing'}`)
}
if (args.length === 0) args.push('--seeds', '2000')

setup({ addon: false })
const cargo = ['test', '--quiet', '--locked', '--profile', 'simulate', '--no-default-features', '--test', 'simulate', '--', ...args]
const { status } = spawnSync('cargo', cargo, { cwd: path.join(__dirname, '..'), stdio: 'inherit' })
process.exit(status === 0 ? 0 : 1)

/** @param {string} message @returns {never} */
function fail (message) {
  console.error(`npm run simulate: ${message}`)
  process.exit(2)
}
