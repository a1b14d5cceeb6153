'use strict'

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const { createInterface } = require('node:readline')
const { randomFrom } = require('../../testing/random')
const { startVendor } = require('./vendor')
const { verdict } = require('./verdict')

const CHILD = path.join(__dirname, 'child.js')
/** Kills per file before it is checked. */
const ROUND = 25
const SAY_EVERY = 5000
/** Longest duration of the last process of a round, in milliseconds. */
const PATIENCE = 120_000
/** Problems that are printed. */
const MOST_PROBLEMS = 20

/** @param {{ iterations: number, seed: number, json: boolean }} options @returns {Promise<number>} The exit code. */
async function run ({ iterations, seed, json }) {
  const random = randomFrom(seed)
  const began = performance.now()
  let folder, vendor
  try {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-crash-'))
    vendor = await startVendor()
  } catch (error) {
    process.stderr.write(`bellwether crash: ${/** @type {Error} */ (error).message}\n`)
    return 2
  }
  process.stderr.write(`bellwether crash: ${iterations} kills with seed ${seed}\n`)
  const total = { kills: 0, beforeOpen: 0, acknowledged: 0, inFile: 0, answered: 0, twice: 0, marked: 0 }
  /** @type {string[]} */
  const problems = []
  let said = performance.now()
  try {
    for (let number = 0; total.kills < iterations && problems.length === 0; number++) {
      const round = openRound(folder, number)
      vendor.answered.clear()
      for (let i = 0; i < ROUND && total.kills < iterations; i++) {
        await kill(round, vendor, random, `${number}.${i}`)
        total.kills++
        if (performance.now() - said >= SAY_EVERY) {
          said = performance.now()
          process.stderr.write(`${((said - began) / 1000).toFixed(0).padStart(6)} s  ${total.kills} kills, ${total.acknowledged + round.acknowledged.size} jobs acknowledged\n`)
        }
      }
      vendor.up = true
      const jobs = await finish(round, vendor)
      const found = verdict({ ...round, jobs, answered: vendor.answered })
      problems.push(...found.problems)
      total.beforeOpen += round.beforeOpen
      total.acknowledged += round.acknowledged.size
      total.inFile += jobs.length
      total.answered += [...vendor.answered.values()].reduce((sum, times) => sum + times, 0)
      total.twice += found.twice
      total.marked += found.marked
      fs.closeSync(round.log)
    }
  } catch (error) {
    problems.push(/** @type {Error} */ (error).message)
  } finally {
    vendor.close()
  }
  const seconds = (performance.now() - began) / 1000
  // Files of failed rounds are kept for analysis.
  if (problems.length === 0) fs.rmSync(folder, { recursive: true })
  const report = { ...total, seconds: Number(seconds.toFixed(1)), seed, problems: problems.slice(0, MOST_PROBLEMS), ...(problems.length > 0 && { folder }) }
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : text(report))
  return problems.length === 0 ? 0 : 1
}

/** @param {string} folder @param {number} number */
function openRound (folder, number) {
  return {
    path: path.join(folder, `queue-${number}.db`),
    log: fs.openSync(path.join(folder, `acknowledged-${number}.log`), 'a'),
    sent: new Set(),
    acknowledged: new Map(),
    failed: /** @type {string[]} */ ([]),
    beforeOpen: 0
  }
}

/** Starts a process and kills it at a random time. */
async function kill (round, vendor, random, prefix) {
  vendor.up = random() < 0.4
  const child = start('queue', round, vendor, prefix, String(Math.floor(random() * 6)))
  let ready = false
  const lines = read(child, (line) => {
    if (line.ready) ready = true
    if (line.sends) round.sent.add(line.sends)
    if (line.failed) round.failed.push(line.failed)
    if (line.queued) {
      fs.writeSync(round.log, `${line.queued} ${line.name}\n`)
      fs.fsyncSync(round.log)
      round.acknowledged.set(line.queued, line.name)
    }
  })
  // Some processes are killed before or while they open the file, most while they work.
  const early = random() < 0.3
  if (!early) await Promise.race([until(() => ready), once(child, 'exit')])
  await sleep(random() * (early ? 120 : 100))
  if (random() < 0.3) {
    vendor.up = !vendor.up
    await sleep(random() * 60)
  }
  if (!ready) round.beforeOpen++
  child.kill('SIGKILL')
  await lines
}

/** Delivers the remaining jobs, and returns what is in the file then. */
async function finish (round, vendor) {
  const child = start('drain', round, vendor, '', '0')
  const jobs = []
  let done = false
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
  await read(child, (line) => {
    if (line.failed) throw new Error(`the last process failed: ${line.failed}`)
    if (line.done) done = true
    else jobs.push(line)
  })
  clearTimeout(timer)
  if (!done) throw new Error(`the last process did not come to an end within ${PATIENCE / 1000} s`)
  return jobs
}

function start (mode, round, vendor, ...more) {
  return spawn(process.execPath, [CHILD, mode, round.path, vendor.url, ...more], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Reads every line of a process, including those left in the pipe when it was killed. */
async function read (child, take) {
  const gone = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    let said
    try {
      said = JSON.parse(line)
    } catch {
      continue // The last line is incomplete.
    }
    take(said)
  }
  await gone
}

function sleep (ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function until (is) {
  while (!is()) await sleep(1)
}

function text ({ kills, beforeOpen, acknowledged, inFile, answered, twice, marked, seconds, seed, problems, folder }) {
  return `
kills                        ${kills}, of which ${beforeOpen} before the file was open
jobs acknowledged            ${acknowledged}
jobs in the files            ${inFile}, with those whose acknowledgement was cut off
answers of the vendor        ${answered}
jobs answered more than once ${twice}
jobs marked maybeDuplicate   ${marked}
${seconds} s, seed ${seed}
${problems.length === 0 ? 'No acknowledged job was lost, none was invented, none was answered twice unmarked.' : `${problems.join('\n')}\nThe files are in ${folder}.`}
`
}

module.exports = { run }
