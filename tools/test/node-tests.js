'use strict'

// Runs the files of __test__, several at a time, each in a process of its own.

const os = require('node:os')

/** Most tests wait on sockets and timers: two more than cores keep these busy. */
const SLOTS = os.availableParallelism() + 2
const TIMEOUT_MS = 180_000

/** Files that begin first, because the end would wait for them. */
const LONG = ['majors', 'http/next', 'client/corpus', 'alerts/forwarders', 'queue/crash', 'queue/delivery', 'cli/top'].map(fileOf)

/** Files that run alone at the end, and why. @type {Map<string, string>} */
const SERIAL = new Map([
  [fileOf('drill/scenarios'), 'counts lost calls while endpoints fail one right after the other, in four drills at a time']
])

/** @param {string} name */
function fileOf (name) {
  return `__test__/${name}.test.js`
}

/**
 * Prints a line for each file, and the output of those that fail. Rejects if any failed.
 * @param {import('./steps').Steps} steps @param {string[]} files @param {number} [slots]
 */
async function runNodeTests (steps, files, slots = SLOTS) {
  const rank = (/** @type {string} */ file) => LONG.includes(file) ? LONG.indexOf(file) : LONG.length
  const waiting = files.toSorted((a, b) => rank(a) - rank(b))
  /** @type {string[]} */
  const failed = []
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined && !steps.failed; file = waiting.shift()) {
      const { code, output, seconds } = await steps.spawn(process.execPath, ['--test', `--test-timeout=${TIMEOUT_MS}`, '--test-reporter=spec', file])
      if (steps.failed) return
      console.log(`${code === 0 ? 'passed' : 'FAILED'}  ${seconds.toFixed(1).padStart(5)} s  ${file}`)
      if (code === 0) continue
      failed.push(file)
      console.log(output)
    }
  }
  await Promise.all(Array.from({ length: slots }, work))
  if (steps.failed) throw new Error('stopped')
  if (failed.length > 0) throw new Error(`failed in ${failed.join(', ')}`)
}

module.exports = { runNodeTests, SERIAL }
