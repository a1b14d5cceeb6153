'use strict'

// Runs the chosen scenarios against the mock servers and gathers what they measured.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { startMock } = require('./mock')
const { runPairs } = require('./pairs')
const { evaluate } = require('./figures')
const { medians } = require('./stats')
const { openFiles } = require('./limits')
const { say, bold } = require('./progress')
const { measured, withUnit } = require('./format')

const CA = path.join(__dirname, '..', 'certs', 'ca.pem')
const API_KEY = 'sk-bench-0000000000000000000000000000'
const QUICK_SCALE = 0.25

async function runSuite (scenarios, { quick, pairs }) {
  const mock = await startMock()
  try {
    const environment = {
      plain: { origin: mock.main, prefix: '/v1', apiKey: API_KEY },
      swift: { origin: mock.swift, prefix: '/v1', apiKey: API_KEY },
      swiftAnthropic: { origin: mock.swiftAnthropic, prefix: '/v1', apiKey: API_KEY },
      tls: { origin: mock.tls, prefix: '/v1', apiKey: API_KEY, ca: fs.readFileSync(CA, 'utf8') },
      second: mock.second,
      mockPid: mock.pid,
      swiftPid: mock.swiftPid,
      swiftAnthropicPid: mock.swiftAnthropicPid,
      scale: quick ? QUICK_SCALE : 1,
      openFiles: openFiles()
    }
    const results = []
    for (const scenario of scenarios) results.push(await runScenario(scenario, environment, pairs))
    return results
  } finally {
    await mock.stop()
  }
}

async function runScenario (scenario, environment, pairs) {
  const { note, skipped, ...sides } = scenario.sides(environment)
  if (skipped) {
    say(`${bold(scenario.name)}  skipped: ${skipped}`)
    return { name: scenario.name, about: scenario.about, skipped, sides: {}, pairs: [], medians: {}, targets: [] }
  }
  const result = { name: scenario.name, about: scenario.about, loadBefore: os.loadavg()[0], note, sides: labels(sides), pairs: [], targets: [] }
  say(`${bold(scenario.name)}  ${scenario.about}`)
  if (note) say(`  note: ${note}`)
  try {
    const count = scenario.pairs ?? pairs
    result.pairs = await runPairs(scenario, sides, count, (pair, i) => say(`  ${i + 1}/${count}  ${describe(scenario, sides, pair)}`))
  } catch (error) {
    result.failed = true // the message stays here: it may name paths of this machine, and results are published
    say(`  failed: ${error.message}`)
  }
  result.medians = sideMedians(sides, result.pairs)
  result.targets = scenario.figures.map((figure) => evaluate(figure, result.pairs))
  return result
}

function labels (sides) {
  return Object.fromEntries(Object.entries(sides).map(([side, { label }]) => [side, label]))
}

function sideMedians (sides, pairs) {
  if (pairs.length === 0) return {}
  return Object.fromEntries(Object.keys(sides).map((side) => [side, medians(pairs.map((pair) => pair[side]))]))
}

function describe (scenario, sides, pair) {
  const each = Object.keys(sides).map((side) => `${sides[side].label}: ${measured(pair[side], scenario.absolute)}`)
  const figures = scenario.figures.map((figure) => withUnit(figure.value(pair.a, pair.b), figure.unit))
  return `${each.join(' | ')}${figures.length > 0 ? ` -> ${figures.join(', ')}` : ''}`
}

module.exports = { runSuite }
