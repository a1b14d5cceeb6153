'use strict'

// What came of a drill, as data with a text and a page.

const { time } = require('../incident-report')

/**
 * @param {ReturnType<typeof import('./scenarios').read>[number]} plan
 * @param {Awaited<ReturnType<typeof import('./play').play>>} played
 */
function scenarioReport ({ scenario, requests, concurrency, objectives }, { disturbed, model, answered, fallback, lost, errors, latencies, returnMs, incidents }) {
  const first = incidents[0]
  const sorted = latencies.sort((a, b) => a - b)
  const least = (/** @type {'detectionMs' | 'recoveryMs'} */ what) => worst(incidents.map((/** @type {any} */ incident) => incident[what]))
  const extraCostUsd = incidents.some((/** @type {any} */ i) => i.extraCostUsd === null) ? null : incidents.reduce((/** @type {number} */ sum, /** @type {any} */ i) => sum + i.extraCostUsd, 0)
  const measured = { maxLost: lost, maxDetection: first === undefined ? null : least('detectionMs'), maxRecovery: first === undefined ? null : least('recoveryMs'), maxReturn: returnMs, maxExtraCostUsd: extraCostUsd }
  const judged = Object.entries(objectives).filter(([, limit]) => limit !== null).map(([name, limit]) => {
    const value = measured[/** @type {keyof typeof measured} */ (name)]
    // Nothing failed that could have been detected: nothing is to be said against it, if nothing was disturbed either.
    return { name, limit, measured: value, passed: value !== null && value <= /** @type {number} */ (limit) }
  })
  return {
    scenario, passed: judged.every(({ passed }) => passed), disturbed, model, requests, concurrency, answered, fallback, lost, errors,
    rescued: incidents.reduce((/** @type {number} */ sum, /** @type {any} */ i) => sum + i.rescued, 0),
    latencyMs: { mean: sorted.length === 0 ? null : sorted.reduce((a, b) => a + b, 0) / sorted.length, p95: sorted.length === 0 ? null : sorted[Math.ceil(sorted.length * 0.95) - 1] },
    detectionMs: measured.maxDetection, recoveryMs: measured.maxRecovery, returnMs, extraCostUsd, objectives: judged, incidents
  }
}

/** The longest; null if one never came. @param {(number | null)[]} times */
function worst (times) {
  return times.includes(null) ? null : Math.max(.../** @type {number[]} */ (times))
}

/**
 * @param {Date} startedAt
 * @param {ReturnType<typeof scenarioReport>[]} scenarios
 */
function drillReport (startedAt, scenarios) {
  const report = { startedAt: startedAt.toISOString(), passed: scenarios.every(({ passed }) => passed), scenarios }
  return Object.defineProperties(/** @type {any} */ (report), {
    toString: { enumerable: false, value: () => text(report) },
    toMarkdown: { enumerable: false, value: () => markdown(report) }
  })
}

const HEAD = ['scenario', 'result', 'requests', 'lost', 'rescued', 'detected', 'answered again', 'returned', 'extra cost']

/** @param {ReturnType<typeof scenarioReport>} s */
function row (s) {
  return [
    s.scenario, s.passed ? 'passed' : 'FAILED', String(s.requests), String(s.lost), String(s.rescued), dash(s.detectionMs), dash(s.recoveryMs), dash(s.returnMs),
    s.extraCostUsd === null ? 'not known' : `${s.extraCostUsd.toFixed(4)} USD`
  ]
}

/** @param {number | null} ms */
function dash (ms) {
  return ms === null ? '–' : time(ms)
}

/** Why it failed, and what to do. @param {ReturnType<typeof scenarioReport>} s */
function notes (s) {
  const missed = s.objectives.filter(({ passed }) => !passed).map(({ name, limit, measured }) => {
    const shown = (/** @type {number | null} */ value) => value === null ? 'never' : /Lost|Usd/.test(name) ? String(value) : time(value)
    return `${s.scenario}: ${name} is ${shown(measured)}, wanted at most ${shown(limit)}`
  })
  const told = Object.entries(s.errors).map(([code, n]) => `${s.scenario}: ${n} × ${code}`)
  const advice = s.scenario === 'cut-stream' && s.lost > 0 ? ["cut-stream: streams that break after their first content are lost unless streams.onCut is 'restart' or 'continue', or streams.commit is 'end'"] : []
  return [...missed, ...told, ...advice]
}

/** @param {{ startedAt: string, passed: boolean, scenarios: ReturnType<typeof scenarioReport>[] }} report */
function text (report) {
  const table = [HEAD, ...report.scenarios.map(row)]
  const widths = HEAD.map((_, i) => Math.max(...table.map((line) => line[i].length)))
  return [
    `Drill of ${report.startedAt}: ${report.passed ? 'passed' : 'FAILED'}`, '',
    ...table.map((line) => line.map((cell, i) => cell.padEnd(widths[i])).join('  ').trimEnd()), '', ...report.scenarios.flatMap(notes)
  ].join('\n').trimEnd()
}

/** @param {{ startedAt: string, passed: boolean, scenarios: ReturnType<typeof scenarioReport>[] }} report */
function markdown (report) {
  return [
    `## Drill of ${report.startedAt}: ${report.passed ? 'passed' : '**failed**'}`, '', `| ${HEAD.join(' | ')} |`, `|${'---|'.repeat(HEAD.length)}`,
    ...report.scenarios.map((s) => `| ${row(s).join(' | ')} |`), '', ...report.scenarios.flatMap(notes).map((note) => `- ${note}`), ''
  ].join('\n')
}

module.exports = { scenarioReport, drillReport }
