'use strict'

// Renders the lines of `top`. It is pure: a screen, a pipe and a test use the same.

const LEVELS = { unicode: [...'▁▂▃▄▅▆▇█'], ascii: [...'_.:-=+*#'] }
const SIGNS = { good: '✓', warn: '!', bad: '✕', plain: '·' }
/** @type {Record<string, string>} */
const ASCII = { '✓': '+', '✕': 'x', '→': '->', '…': '...', '·': '|', '−': '-', '–': '-', '×': 'x', '█': '#', '░': '.' }
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|\p{Script=Han}/u
const SPARKS = 24

/**
 * @typedef {{ width: number, height: number, unicode: boolean, lost?: number, now: number }} View
 * @typedef {{ format: typeof import('../../../dashboard/format.mjs'), summary: typeof import('../../../dashboard/model.mjs').summary, currentAlerts: typeof import('../../../dashboard/model.mjs').currentAlerts }} Shared
 * @typedef {{ text: string, tone?: import('../../../dashboard/format.mjs').Tone, bold?: boolean, soft?: boolean }} Line
 */

/**
 * @param {import('../../../dashboard/model.mjs').Model} model
 * @param {string} href @param {View} view @param {Shared} shared
 * @returns {Line[]}
 */
function renderScreen (model, href, { width, height, unicode, lost, now }, { format, summary, currentAlerts }) {
  const data = model.latest
  if (data === undefined) return []
  const { sanitize, formatTime, formatCount, formatUsd, formatPercent, formatRate, formatDuration } = format
  const dataTime = lost === undefined ? now + model.offset : Date.parse(data.timestamp)
  const [verdict, tone] = format.formatVerdict(data.health.overallStatus)
  const figures = model.headline(now)
  /** @type {Line[]} */
  const lines = []
  const add = (/** @type {string} */ text, /** @type {Omit<Line, 'text'>} */ more = {}) => lines.push({ ...more, text })
  const title = (/** @type {string} */ text) => { add(''); add(text, { bold: true }) }

  add(`bellwether ${sanitize(data.version, 40)} · ${sanitize(href, 200)} · ${lost === undefined ? formatTime(data.timestamp) : `DISCONNECTED since ${formatTime(lost)}`}`, lost === undefined ? { soft: true } : { tone: 'bad' })
  if (lost === undefined) add(`${SIGNS[tone]} ${verdict}: ${summary(data)}`, { tone, bold: true })
  else add(`Data of ${formatTime(data.timestamp)}. ${verdict}: ${summary(data)}`)
  add('')
  add(`calls ${formatRate(figures.perSecond)}/s · answered ${formatPercent(figures.success)} · failovers ${formatCount(figures.failovers)}/min · p95 ${formatDuration(figures.p95)} · cost ${formatUsd(figures.perHour)}/h · queue ${formatCount(data.queue.size)} · waiting ${formatCount(data.metrics.waitingCalls)}`)

  title('Endpoints')
  const sparks = (/** @type {string} */ name, /** @type {'perSecond' | 'p95'} */ part) => sparkline(model.points.slice(-SPARKS).map(({ samples }) => samples.get(name)?.[part] ?? null), unicode)
  const rows = data.endpoints.map((e) => {
    const [state, stateTone] = format.formatState(e.status)
    const until = Math.max(e.cooldownUntil ?? 0, e.breaker.retryAt ?? 0)
    const latency = (/** @type {'p50' | 'p95' | 'p99'} */ part) => e.latencyMs.samples === 0 ? '–' : formatDuration(e.latencyMs[part])
    const cells = [sanitize(e.name, 28), `${SIGNS[stateTone]} ${state}`, `${format.formatBreaker(e.breaker.state)}${until > dataTime ? `, ${format.formatRemaining(until - dataTime)}` : ''}`,
      formatPercent(model.share(e.name, now)), formatCount(e.totalRequests), e.totalRequests === 0 ? '–' : formatPercent(e.availabilityPercentage / 100), latency('p95'), latency('p50'), latency('p99'),
      formatCount(e.inFlight), sparks(e.name, 'perSecond'), sparks(e.name, 'p95'), e.lastError === null ? '–' : format.formatReason(e.lastError.reason)]
    return { cells, tone: stateTone }
  })
  const heads = ['name', 'state', 'breaker', 'share', 'requests', 'success', 'p95', 'p50', 'p99', 'in flight', 'traffic', 'latency', 'last error']
  const right = new Set([3, 4, 5, 6, 7, 8, 9])
  for (const [i, text] of formatTable([heads, ...rows.map(({ cells }) => cells)], right, width - 2, unicode).entries()) {
    add(`  ${text}`, i === 0 ? { soft: true } : rows[i - 1].tone === 'good' ? {} : { tone: rows[i - 1].tone })
  }

  const alerts = currentAlerts(data.alerts)
  const firing = alerts.filter(({ status }) => status === 'firing')
  title(`Alerts: ${firing.length} firing, ${alerts.length - firing.length} resolved`)
  for (const a of firing.slice(0, 4)) add(`  ${SIGNS[a.severity === 'critical' ? 'bad' : 'warn']} ${a.severity === 'critical' ? 'critical' : 'warning'} since ${formatTime(a.startsAt)}: ${sanitize(a.message, 300)}`, { tone: a.severity === 'critical' ? 'bad' : 'warn' })

  const incidents = [...data.incidents].sort((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt))
  title(`Incidents: ${incidents.filter(({ status }) => status === 'open').length} open, ${incidents.length} in all`)
  for (const r of incidents.slice(0, 3)) {
    const open = r.status === 'open'
    add(`  ${open ? SIGNS.bad : SIGNS.good} ${formatTime(r.startedAt)} ${r.endpoints.slice(0, 4).map(({ name }) => sanitize(name, 28)).join(', ')}, ${open ? 'open for' : 'closed after'} ${formatDuration(r.durationMs)}: ${formatCount(r.rescued)} rescued, ${formatCount(r.failed)} failed; without failover ${formatCount(r.withoutFailover.failed)}`, open ? { tone: 'bad' } : {})
  }

  const { report, budgets } = data.costs
  title(`Costs: ${formatUsd(report.byDay.find(({ day }) => day === new Date(dataTime).toISOString().slice(0, 10))?.costUsd ?? 0)} today, ${formatUsd(report.total.costUsd)} in 31 days`)
  for (const b of budgets.slice(0, 4)) {
    const share = b.limitUsd > 0 ? Math.min(1, b.spentUsd / b.limitUsd) : 1
    add(`  ${progressBar(share, 16)} ${sanitize(b.budget, 28)}: ${formatUsd(b.spentUsd)} of ${formatUsd(b.limitUsd)} a ${sanitize(b.per)}${b.exceeded ? ', used up' : ''}`, b.exceeded ? { tone: 'bad' } : {})
  }

  if (model.lines.length > 0) {
    title('Events')
    const room = Math.max(1, Math.min(12, height - lines.length - 1))
    for (const line of model.lines.slice(0, room)) add(`  ${formatTime(line.at)}  ${line.kind.padEnd(10)}  ${line.text}${line.times > 1 ? ` × ${formatCount(line.times)}` : ''}`, line.tone === 'bad' ? { tone: 'bad' } : {})
  }
  return lines.map((line) => ({ ...line, text: truncate(unicode ? withPlainSpaces(line.text) : toAscii(line.text), width) }))
}

/**
 * Formats a table. The last columns are dropped if they do not fit. @param {string[][]} rows @param {Set<number>}
 * right @param {number} width @param {boolean} unicode
 */
function formatTable (rows, right, width, unicode) {
  const texts = unicode ? rows : rows.map((row) => row.map(toAscii))
  const widths = texts[0].map((_, i) => Math.max(...texts.map((row) => displayWidth(row[i]))))
  let [used, fitting] = [0, 0]
  while (fitting < widths.length && used + widths[fitting] <= width) used += widths[fitting++] + 2
  return texts.map((row) => row.slice(0, Math.max(1, fitting)).map((cell, i) => {
    const space = ' '.repeat(Math.max(0, widths[i] - displayWidth(cell)))
    return right.has(i) ? space + cell : cell + space
  }).join('  ').trimEnd())
}

/** @param {(number | null)[]} values @param {boolean} unicode */
function sparkline (values, unicode) {
  const levels = unicode ? LEVELS.unicode : LEVELS.ascii
  const most = Math.max(0, ...values.map((value) => value ?? 0))
  return values.map((value) => value === null ? ' ' : levels[most === 0 ? 0 : Math.round(value / most * (levels.length - 1))]).join('').padStart(SPARKS)
}

/** @param {number} share @param {number} size */
function progressBar (share, size) {
  const full = Math.round(share * size)
  return '█'.repeat(full) + '░'.repeat(size - full)
}

/** Terminal columns that a text needs. @param {string} text */
function displayWidth (text) {
  let n = 0
  for (const sign of text) n += /\p{M}/u.test(sign) ? 0 : WIDE.test(sign) ? 2 : 1
  return n
}

/** @param {string} text @param {number} width */
function truncate (text, width) {
  if (displayWidth(text) <= width) return text
  let [cut, n] = ['', 0]
  for (const sign of text) {
    n += displayWidth(sign)
    if (n > width - 1) break
    cut += sign
  }
  return `${cut}>`
}

/** Replaces non-breaking spaces, so that the text can be searched. @param {string} text */
function withPlainSpaces (text) {
  return text.replaceAll('\u00a0', ' ')
}

/** @param {string} text */
function toAscii (text) {
  return withPlainSpaces(text).replace(/[^\u0020-\u007e]/gu, (sign) => ASCII[sign] ?? '?')
}

module.exports = { renderScreen }
