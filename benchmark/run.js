'use strict'

const fs = require('node:fs')
const path = require('node:path')
const scenarios = require('./scenarios')
const { parseOptions, UsageError, USAGE } = require('./lib/options')
const { installPeers, buildMock } = require('./lib/setup')
const { runSuite } = require('./lib/suite')
const { headroom, describeHeadroom } = require('./lib/headroom')
const { machine, versions, resultName } = require('./lib/machine')
const { targetTable, sideTable } = require('./lib/table')
const { plot } = require('./lib/plot')
const { say } = require('./lib/progress')
const cpuClock = require('./lib/cpu-clock')

const RESULTS = path.join(__dirname, 'results')
const [capacity, ...paired] = scenarios

async function main (argv) {
  const options = parseOptions(argv, paired.map(({ name }) => name))
  if (options.help) {
    process.stdout.write(`${USAGE}\n\nScenarios:\n${paired.map(({ name, about }) => `  ${name.padEnd(20)} ${about}`).join('\n')}\n`)
    return 0
  }
  if (options.chosen.length > 0) assertBuilt()
  installPeers(say)
  buildMock()

  const date = new Date()
  const where = machine()
  const used = versions()
  say(`${where.cpu}, ${where.cores} cores, ${where.memoryGiB} GiB, ${where.kernel}; Node.js ${used.node}; main-thread CPU from ${cpuClock.source}`)

  const results = await runSuite([capacity, ...paired.filter(({ name }) => options.chosen.includes(name))], options)
  const targets = results.flatMap((result) => result.targets)
  const mock = headroom(results)

  const report = `${[targets.length > 0 && targetTable(targets), sideTable(results, scenarios), mock && describeHeadroom(mock)].filter(Boolean).join('\n\n')}\n`
  if (options.json) say(`\n${report}`)
  else process.stdout.write(`\n${report}`)

  if (targets.length > 0) {
    const caption = `${where.cpu}, ${where.cores} cores, ${where.memoryGiB} GiB, ${where.kernel} · Node.js ${used.node} · bellwether ${used.bellwether}, ` +
      `undici ${used.undici}, openai ${used.openai}, axios ${used.axios} · ${date.toISOString().slice(0, 10)}${options.quick ? ' · quick run, no evidence' : ''}`
    const file = path.join(RESULTS, resultName(date, options))
    fs.mkdirSync(RESULTS, { recursive: true })
    fs.writeFileSync(`${file}.json`, `${JSON.stringify({ date, options, machine: where, versions: used, cpuClock: cpuClock.source, mock, targets, scenarios: results }, null, 2)}\n`)
    fs.writeFileSync(`${file}.svg`, await plot(targets, caption))
    say(`written: ${path.relative(process.cwd(), file)}.json and .svg`)
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ targets })}\n`)
  return targets.every(({ pass }) => pass) ? 0 : 1
}

function assertBuilt () {
  try {
    require.resolve('..')
  } catch {
    throw new UsageError('the package is not built yet: run `npm run build` in the folder above first')
  }
}

main(process.argv.slice(2)).then(
  (code) => { process.exitCode = code },
  (error) => {
    const misuse = error instanceof UsageError
    process.stderr.write(`${misuse ? `bench: ${error.message}\nTry --help.` : error.stack}\n`)
    process.exitCode = misuse ? 2 : 1
  }
)
