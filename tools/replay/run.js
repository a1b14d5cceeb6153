'use strict'

const fs = require('node:fs')
const { Progress } = require('../lib/progress')
const { runReplay } = require('./runner')
const { table, compare, COMPRESSED } = require('./comparison')
const published = require('./published')

/** @returns {Promise<number>} The exit code. */
async function run ({ requests, concurrency, svg, json }) {
  const progress = new Progress(json ? process.stderr : process.stdout)
  let replay
  try {
    progress.print(`Replaying ${requests.toLocaleString('en-US')} of ${published.requests.toLocaleString('en-US')} requests; latencies are 1/${COMPRESSED} of real ones`, 'bold')
    replay = await runReplay({ requests, concurrency }, progress)
  } catch (error) {
    process.stderr.write(`bellwether replay: ${/** @type {Error} */ (error).stack}\n`)
    return 2
  }
  const result = compare(replay)
  const { seen, incidents, seconds } = replay
  if (svg !== undefined && incidents.length > 0) fs.writeFileSync(svg, incidents[0].toSvg())
  if (json) {
    process.stdout.write(`${JSON.stringify({ requests, concurrency, seconds, compressed: COMPRESSED, published, ...result, errors: seen.errors, incidents })}\n`)
    return result.held ? 0 : 1
  }
  const write = (text = '') => process.stdout.write(`${text}\n`)
  for (const incident of incidents) write(`\n${incident}`)
  write(`\n${table(result, requests)}\n`)
  if (!result.agrees) write('The incident report and the workers disagree about the lost requests.')
  for (const [code, n] of Object.entries(seen.errors)) write(`${n} × ${code}`)
  write(result.held ? 'No request was lost; detected and answered again in under a second.' : 'FAILED: no request may be lost, and detection and recovery must each take under a second.')
  return result.held ? 0 : 1
}

module.exports = { run }
