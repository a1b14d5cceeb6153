'use strict'

// Runs all cells, some at a time, and prints the results.

const { Progress } = require('../lib/progress')
const { CELLS } = require('./cells')
const { run } = require('./run')
const { table } = require('./table')

const AT_ONCE = 4

/** @param {ReturnType<typeof import('./options').parse>} options @returns {Promise<number>} the exit code */
async function runAll ({ only, json, misuse }) {
  const cells = CELLS.filter(({ name }) => name.includes(only))
  if (cells.length === 0) misuse(`--only must be a part of a cell's name such as '${CELLS[0].name}', got '${only}'`)
  const began = Date.now()
  const results = await resultsOf(cells)
  const count = (/** @type {string} */ kind) => results.filter(({ result }) => result === kind).length
  const sums = { cells: cells.length, passed: count('passed'), failed: count('failed'), notApplicable: count('n/a'), seconds: (Date.now() - began) / 1000 }
  if (json) {
    console.log(JSON.stringify({ ...sums, results }))
  } else {
    console.log(`${table(results)}\n`)
    console.log(`${sums.cells} cells: ${sums.passed} passed, ${sums.failed} failed, ${sums.notApplicable} not applicable; ${sums.seconds.toFixed(0)} s`)
  }
  return sums.failed === 0 ? 0 : 1
}

/** @param {import('./cells').Cell[]} cells @returns {Promise<import('./table').Result[]>} in the order of the cells */
async function resultsOf (cells) {
  const progress = process.stderr.isTTY ? new Progress(process.stderr) : undefined
  progress?.start('matrix', cells.length)
  const results = []
  const queue = [...cells.entries()]
  let done = 0
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [i, cell] = next
      results[i] = await resultOf(cell)
      progress?.update(++done, cell.name)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  progress?.end()
  return results
}

/** @param {import('./cells').Cell} cell @returns {Promise<import('./table').Result>} */
async function resultOf (cell) {
  const { name, sdk, operation, path, condition, reason } = cell
  const told = { name, sdk: sdk.name, operation, path, condition }
  if (reason !== undefined) return { ...told, result: 'n/a', reason }
  try {
    await run(cell)
    return { ...told, result: 'passed' }
  } catch (error) {
    return { ...told, result: 'failed', error: error.stack ?? String(error) }
  }
}

module.exports = { runAll }
