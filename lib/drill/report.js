'use strict'

// Reports a drill as data, text and Markdown.

const { escapeMarkdown, formatDuration } = require('../util/format')
const { stripControls } = require('../util/strip-controls')

/**
 * @param {ReturnType<typeof import('./scenarios').readPlans>[number]} plan
 * @param {Awaited<ReturnType<typeof import('./runner').runScenario>>} played
 */
function scenarioReport ({ scenario, requests, concurrency, objectives }, { latencies, touched, incidents, ...played }) {
  const { lost, detectionMs, recoveryMs, returnMs, returnDueMs } = played
  const sorted = latencies.sort((a, b) => a - b)
  const extraCostUsd = incidents.some((/** @type {any} */ i) => i.extraCostUsd === null) ? null : incidents.reduce((/** @type {number} */ sum, /** @type {any} */ i) => sum + i.extraCostUsd, 0)
  // An endpoint in a long cooldown counts as returned when it may be called again.
  const measured = { maxLost: lost, maxDetection: detectionMs, maxRecovery: recoveryMs, maxReturn: returnMs ?? returnDueMs, maxExtraCostUsd: extraCostUsd }
  const results = Object.entries(objectives).filter(([, limit]) => limit !== null).map(([name, limit]) => {
    const value = measured[/** @type {keyof typeof measured} */ (name)]
    return { name, limit, measured: value, passed: value !== null && value <= /** @type {number} */ (limit) }
  })
  return {
    scenario, passed: touched && results.every(({ passed }) => passed), touched, requests, concurrency, ...played,
    rescued: incidents.reduce((/** @type {number} */ sum, /** @type {any} */ i) => sum + i.rescued, 0),
    latencyMs: { mean: sorted.length === 0 ? null : sorted.reduce((a, b) => a + b, 0) / sorted.length, p95: sorted.length === 0 ? null : sorted[Math.ceil(sorted.length * 0.95) - 1] },
    extraCostUsd, objectives: results, incidents
  }
}

/**
 * @param {Date} startedAt
 * @param {ReturnType<typeof scenarioReport>[]} scenarios
 */
function drillReport (startedAt, scenarios) {
  const report = { startedAt: startedAt.toISOString(), passed: scenarios.every(({ passed }) => passed), scenarios }
  return Object.defineProperties(/** @type {any} */ (report), {
    toString: { enumerable: false, value: () => formatText(report) },
    toMarkdown: { enumerable: false, value: () => formatMarkdown(report) }
  })
}

const HEAD = ['scenario', 'result', 'requests', 'lost', 'rescued', 'detected', 'answered again', 'returned', 'extra cost']

/** @param {ReturnType<typeof scenarioReport>} s */
function row (s) {
  return [
    s.scenario, s.passed ? 'passed' : 'FAILED', String(s.requests), String(s.lost), String(s.rescued), formatOrDash(s.detectionMs), formatOrDash(s.recoveryMs), s.returnMs === null && s.returnDueMs !== null ? `due in ${formatDuration(s.returnDueMs)}` : formatOrDash(s.returnMs),
    s.extraCostUsd === null ? 'not known' : `${s.extraCostUsd.toFixed(4)} USD`
  ]
}

/** @param {number | null} ms */
function formatOrDash (ms) {
  return ms === null ? '–' : formatDuration(ms)
}

/** Lists missed objectives, errors and advice. @param {ReturnType<typeof scenarioReport>} s */
function notes (s) {
  const missed = s.objectives.filter(({ passed }) => !passed).map(({ name, limit, measured }) => {
    const format = (/** @type {number | null} */ value) => value === null ? 'never' : /Lost|Usd/.test(name) ? String(value) : formatDuration(value)
    return `${s.scenario}: ${name} is ${format(measured)}, expected at most ${format(limit)}`
  })
  if (!s.touched) missed.unshift(`${s.scenario}: no request reached ${s.disturbed.join(', ')}, so the scenario proves nothing`)
  const errors = Object.entries(s.errors).map(([code, n]) => `${s.scenario}: ${n} × ${code}`)
  const advice = s.scenario === 'cut-stream' && s.lost > 0 ? ["cut-stream: streams that break after their first content are lost unless streams.onCut is 'restart' or 'continue', or streams.commit is 'end'"] : []
  return [...missed, ...errors, ...advice]
}

/** @param {{ startedAt: string, passed: boolean, scenarios: ReturnType<typeof scenarioReport>[] }} report */
function formatText (report) {
  const table = [HEAD, ...report.scenarios.map(row)]
  const widths = HEAD.map((_, i) => Math.max(...table.map((line) => line[i].length)))
  return [
    `Drill of ${report.startedAt}: ${report.passed ? 'passed' : 'FAILED'}`, '',
    ...table.map((line) => line.map((cell, i) => cell.padEnd(widths[i])).join('  ').trimEnd()), '', ...report.scenarios.flatMap(notes).map(stripControls)
  ].join('\n').trimEnd()
}

/** @param {{ startedAt: string, passed: boolean, scenarios: ReturnType<typeof scenarioReport>[] }} report */
function formatMarkdown (report) {
  return [
    `## Drill of ${report.startedAt}: ${report.passed ? 'passed' : '**failed**'}`, '', `| ${HEAD.join(' | ')} |`, `|${'---|'.repeat(HEAD.length)}`,
    ...report.scenarios.map((s) => `| ${row(s).join(' | ')} |`), '', ...report.scenarios.flatMap(notes).map((note) => `- ${escapeMarkdown(note)}`), ''
  ].join('\n')
}

module.exports = { scenarioReport, drillReport }
