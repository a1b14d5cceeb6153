'use strict'

// Adds text, Markdown and SVG to an incident's data.

const { formatCount, escapeMarkdown, formatDuration } = require('../util/format')
const { stripControls } = require('../util/strip-controls')
const { formatTimelineEntry } = require('./incident-timeline')

/**
 * @param {any} report
 * @returns {import('../..').IncidentReport}
 */
function withFormatters (report) {
  return Object.defineProperties(report, {
    toString: { enumerable: false, value: () => formatText(report) },
    toMarkdown: { enumerable: false, value: () => formatMarkdown(report) },
    toSvg: { enumerable: false, value: () => require('./incident-svg').renderSvg(report) }
  })
}

/** Rows of the table: title, with failover, without failover. @param {any} r */
function rows (r) {
  const withoutFailover = r.withoutFailover
  return [
    ['requests in the window', formatCount(r.requests), formatCount(withoutFailover.requests)],
    ['failed', formatFailed(r), formatFailed(withoutFailover)],
    ['rescued by failover', formatCount(r.rescued), '–'],
    ...(r.queued > 0 ? [['queued for later', formatCount(r.queued), '–']] : []),
    ...(r.fallback > 0 ? [['answered with the fallback', formatCount(r.fallback), '–']] : []),
    ['users affected', formatUsers(r.affectedUsers, r.mostUsersCounted), formatUsers(withoutFailover.affectedUsers, r.mostUsersCounted)],
    ['detected after', formatDuration(r.detectionMs), 'manually'],
    ['answered again after', formatDuration(r.recoveryMs), r.status === 'open' && withoutFailover.recoveryMs === null ? 'not yet' : formatDuration(withoutFailover.recoveryMs)],
    ['latency before', formatMean(r.latencyMs.before), ''],
    ['latency during', formatMean(r.latencyMs.during), ''],
    ['latency after', formatMean(r.latencyMs.after), ''],
    ['extra cost', r.extraCostUsd === null ? `not known (${formatCount(r.unpricedAnswers)} answers without a price)` : `${r.extraCostUsd.toFixed(6)} USD`, '']
  ]
}

const METHOD = 'Without failover: the result of each call’s usual endpoint when it was called first; an endpoint that was taken out of selection counts as failed.'

/** @param {any} r */
function formatTitle (r) {
  const until = r.endedAt === null ? 'ongoing' : `until ${r.endedAt}, ${formatDuration(r.durationMs)}`
  return `Incident ${r.id} (${r.status}): ${r.startedAt} ${until}`
}

/** @param {any} r */
function formatText (r) {
  const table = [['', 'with failover', 'without'], ...rows(r)]
  const widths = [0, 1].map((i) => Math.max(...table.map((row) => row[i].length)))
  const line = (/** @type {string[]} */ row) => `  ${row[0].padEnd(widths[0])}  ${row[1].padEnd(widths[1])}  ${row[2]}`.trimEnd()
  return [
    formatTitle(r), '', ...table.map(line), '', METHOD, '', 'Endpoints', ...r.endpoints.map((/** @type {any} */ e) => `  ${stripControls(formatEndpoint(e))}`), '',
    'Timeline', ...r.timeline.map((/** @type {any} */ m) => `  ${m.at}  ${formatOffset(m.afterMs)}  ${stripControls(formatTimelineEntry(m))}`), ...formatUnreported(r)
  ].join('\n')
}

/** @param {any} r */
function formatMarkdown (r) {
  return [
    `## ${escapeMarkdown(formatTitle(r))}`, '', '| | with failover | without |', '|---|---|---|',
    ...rows(r).map((row) => `| ${row.map(escapeMarkdown).join(' | ')} |`), '', METHOD, '', '### Endpoints', '',
    ...r.endpoints.map((/** @type {any} */ e) => `- ${escapeMarkdown(formatEndpoint(e))}`), '', '### Timeline', '', '| at | after | |', '|---|---|---|',
    ...r.timeline.map((/** @type {any} */ m) => `| ${m.at} | ${formatOffset(m.afterMs).trim()} | ${escapeMarkdown(formatTimelineEntry(m))} |`), ...formatUnreported(r), ''
  ].join('\n')
}

/** @param {any} r */
function formatUnreported (r) {
  return r.untoldMoments > 0 ? [`(and ${formatCount(r.untoldMoments)} more)`] : []
}

/** @param {any} e */
function formatEndpoint (e) {
  const reasons = Object.entries(e.reasons).map(([reason, n]) => `${n} × ${reason}`).join(', ')
  const back = e.backAt === null ? 'has not answered since' : `answered again at ${e.backAt}`
  const out = e.outAt === null ? 'was never taken out of selection' : `taken out of selection at ${e.outAt}`
  const entries = e.statusPage.map((/** @type {any} */ page) => `${page.indicator === null ? '' : `${page.indicator}: `}${page.words}`)
  const statusPages = entries.length === 0 ? '' : `; its status page: ${entries.join(', then ')}`
  return `${e.name} (${e.models.join(', ')}): ${reasons}; ${out}; ${back}${statusPages}`
}

/** @param {{ failed: number, failedShare: number, requests: number }} of */
function formatFailed ({ failed, failedShare }) {
  return `${formatCount(failed)} (${(failedShare * 100).toFixed(failedShare > 0 && failedShare < 0.001 ? 3 : 1)} %)`
}

/** @param {number} n @param {number} most */
function formatUsers (n, most) {
  return n >= most ? `${formatCount(most)} or more` : formatCount(n)
}

/** @param {number | null} ms */
function formatMean (ms) {
  return ms === null ? '–' : formatDuration(ms)
}

/** @param {number} ms */
function formatOffset (ms) {
  return `+${formatDuration(ms)}`.padStart(12)
}

module.exports = { withFormatters }
