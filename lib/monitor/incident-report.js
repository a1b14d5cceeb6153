'use strict'

// An incident with its other forms: text for a terminal, Markdown, and a picture of its time.

const { count, markdownCell, time } = require('../util/format')
const { printable } = require('../util/printable')
const { moment } = require('./incident-timeline')

/**
 * @param {any} report
 * @returns {import('../..').IncidentReport}
 */
function incidentReport (report) {
  return Object.defineProperties(report, {
    toString: { enumerable: false, value: () => text(report) },
    toMarkdown: { enumerable: false, value: () => markdown(report) },
    toSvg: { enumerable: false, value: () => require('./incident-svg').svg(report) }
  })
}

/** Rows of the table: what, as it was, and as it would have been. @param {any} r */
function rows (r) {
  const alone = r.withoutFailover
  return [
    ['requests in the window', count(r.requests), count(alone.requests)],
    ['failed', lost(r), lost(alone)],
    ['rescued by failover', count(r.rescued), '–'],
    ...(r.queued > 0 ? [['queued for later', count(r.queued), '–']] : []),
    ...(r.fallback > 0 ? [['answered with the fallback', count(r.fallback), '–']] : []),
    ['users affected', users(r.affectedUsers, r.mostUsersCounted), users(alone.affectedUsers, r.mostUsersCounted)],
    ['detected after', time(r.detectionMs), 'by people'],
    ['answered again after', time(r.recoveryMs), r.status === 'open' && alone.recoveryMs === null ? 'not yet' : time(alone.recoveryMs)],
    ['latency before', mean(r.latencyMs.before), ''],
    ['latency during', mean(r.latencyMs.during), ''],
    ['latency after', mean(r.latencyMs.after), ''],
    ['extra cost', r.extraCostUsd === null ? `not known (${count(r.unpricedAnswers)} answers without a price)` : `${r.extraCostUsd.toFixed(6)} USD`, '']
  ]
}

const METHOD = 'Without failover: what each call’s usual endpoint came to when it was asked first; one that was left out for its failures counts as failed.'

/** @param {any} r */
function title (r) {
  const until = r.endedAt === null ? 'not over' : `until ${r.endedAt}, ${time(r.durationMs)}`
  return `Incident ${r.id} (${r.status}): ${r.startedAt} ${until}`
}

/** @param {any} r */
function text (r) {
  const table = [['', 'with failover', 'without'], ...rows(r)]
  const widths = [0, 1].map((i) => Math.max(...table.map((row) => row[i].length)))
  const line = (/** @type {string[]} */ row) => `  ${row[0].padEnd(widths[0])}  ${row[1].padEnd(widths[1])}  ${row[2]}`.trimEnd()
  return [
    title(r), '', ...table.map(line), '', METHOD, '', 'Endpoints', ...r.endpoints.map((/** @type {any} */ e) => `  ${printable(endpoint(e))}`), '',
    'Timeline', ...r.timeline.map((/** @type {any} */ m) => `  ${m.at}  ${plus(m.afterMs)}  ${printable(moment(m))}`), ...untold(r)
  ].join('\n')
}

/** @param {any} r */
function markdown (r) {
  return [
    `## ${markdownCell(title(r))}`, '', '| | with failover | without |', '|---|---|---|',
    ...rows(r).map((row) => `| ${row.map(markdownCell).join(' | ')} |`), '', METHOD, '', '### Endpoints', '',
    ...r.endpoints.map((/** @type {any} */ e) => `- ${markdownCell(endpoint(e))}`), '', '### Timeline', '', '| at | after | |', '|---|---|---|',
    ...r.timeline.map((/** @type {any} */ m) => `| ${m.at} | ${plus(m.afterMs).trim()} | ${markdownCell(moment(m))} |`), ...untold(r), ''
  ].join('\n')
}

/** @param {any} r */
function untold (r) {
  return r.untoldMoments > 0 ? [`(and ${count(r.untoldMoments)} more)`] : []
}

/** @param {any} e */
function endpoint (e) {
  const reasons = Object.entries(e.reasons).map(([reason, n]) => `${n} × ${reason}`).join(', ')
  const back = e.backAt === null ? 'has not answered since' : `answered again at ${e.backAt}`
  const out = e.outAt === null ? 'was never left out' : `left out from ${e.outAt}`
  const pages = e.statusPage.map((/** @type {any} */ page) => `${page.indicator === null ? '' : `${page.indicator}: `}${page.words}`)
  const said = pages.length === 0 ? '' : `; its status page said: ${pages.join(', then ')}`
  return `${e.name} (${e.models.join(', ')}): ${reasons}; ${out}; ${back}${said}`
}

/** @param {{ failed: number, failedShare: number, requests: number }} of */
function lost ({ failed, failedShare }) {
  return `${count(failed)} (${(failedShare * 100).toFixed(failedShare > 0 && failedShare < 0.001 ? 3 : 1)} %)`
}

/** @param {number} n @param {number} most */
function users (n, most) {
  return n >= most ? `${count(most)} or more` : count(n)
}

/** @param {number | null} ms */
function mean (ms) {
  return ms === null ? '–' : time(ms)
}

/** @param {number} ms */
function plus (ms) {
  return `+${time(ms)}`.padStart(12)
}

module.exports = { incidentReport }
