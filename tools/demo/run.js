'use strict'

const { ConfigError } = require('../..')
const { Progress } = require('../lib/progress')
const { table, NOTES } = require('./table')
const { runLive } = require('./live')
const { runSimulated } = require('./simulated')

/** @returns {Promise<number>} The exit code. */
async function run ({ requests, concurrency, json, live: asksVendors }) {
  const progress = new Progress(json ? process.stderr : process.stdout)
  const plan = { requests, concurrency }
  let results
  try {
    results = await (asksVendors ? runLive : runSimulated)(plan, progress)
  } catch (error) {
    process.stderr.write(`bellwether demo: ${ConfigError.isInstance(error) ? error.message : error.stack}\n`)
    return 2
  }
  if (json) process.stdout.write(`${JSON.stringify({ mode: asksVendors ? 'live' : 'simulated', ...plan, ...results, notes: NOTES })}\n`)
  else process.stdout.write(`\n${table(titled(results))}\n\n${NOTES.join('\n')}\n`)
  return results.withBellwether.failed === 0 ? 0 : 1
}

function titled ({ withoutFailover, withBellwether }) {
  return withoutFailover === undefined
    ? { 'with bellwether': withBellwether }
    : { 'without failover': withoutFailover, 'with bellwether': withBellwether }
}

module.exports = { run }
