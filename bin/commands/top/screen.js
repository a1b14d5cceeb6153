'use strict'

// What `top` shows, as lines of a width: pure, so that the same serves a screen, a pipe and a test.

const LEVELS = { unicode: [...'▁▂▃▄▅▆▇█'], ascii: [...'_.:-=+*#'] }
const SIGNS = { good: '✓', warn: '!', bad: '✕', plain: '·' }
/** @type {Record<string, string>} */
const ASCII = { '✓': '+', '✕': 'x', '→': '->', '…': '...', '·': '|', '−': '-', '–': '-', '×': 'x', '█': '#', '░': '.' }
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|\p{Script=Han}/u
const SPARKS = 24

/**
 * @typedef {{ width: number, height: number, unicode: boolean, lost?: number, now: number }} View
 * @typedef {{ words: typeof import('../../../dashboard/format.mjs'), summary: typeof import('../../../dashboard/model.mjs').summary, standing: typeof import('../../../dashboard/model.mjs').standing }} Shared
 * @typedef {{ text: string, tone?: import('../../../dashboard/format.mjs').Tone, bold?: boolean, soft?: boolean }} Line
 */

/**
 * @param {import('../../../dashboard/model.mjs').Model} model
 * @param {string} href @param {View} view @param {Shared} shared
 * @returns {Line[]}
 */
function screen (model, href, { width, height, unicode, lost, now }, { words, summary, standing }) {
  const data = model.latest
  if (data === undefined) return []
  const { clean, clock, count, money, percent, rate, time } = words
  const there = lost === undefined ? now + model.offset : Date.parse(data.timestamp)
  const [verdict, tone] = words.verdictWords(data.health.overallStatus)
  const figures = model.headline(now)
  /** @type {Line[]} */
  const lines = []
  const add = (/** @type {string} */ text, /** @type {Omit<Line, 'text'>} */ more = {}) => lines.push({ ...more, text })
  const title = (/** @type {string} */ text) => { add(''); add(text, { bold: true }) }

  add(`bellwether ${clean(data.version, 40)} · ${clean(href, 200)} · ${lost === undefined ? clock(data.timestamp) : `DISCONNECTED since ${clock(lost)}`}`, lost === undefined ? { soft: true } : { tone: 'bad' })
  if (lost === undefined) add(`${SIGNS[tone]} ${verdict}: ${summary(data)}`, { tone, bold: true })
  else add(`What follows is of ${clock(data.timestamp)}. ${verdict}: ${summary(data)}`)
  add('')
  add(`calls ${rate(figures.perSecond)}/s · answered ${percent(figures.success)} · failovers ${count(figures.failovers)}/min · p95 ${time(figures.p95)} · cost ${money(figures.perHour)}/h · queue ${count(data.queue.size)} · waiting ${count(data.metrics.waitingCalls)}`)

  title('Endpoints')
  const sparks = (/** @type {string} */ name, /** @type {'perSecond' | 'p95'} */ part) => spark(model.points.slice(-SPARKS).map(({ samples }) => samples.get(name)?.[part] ?? null), unicode)
  const rows = data.endpoints.map((e) => {
    const [state, stateTone] = words.stateWords(e.status)
    const until = Math.max(e.cooldownUntil ?? 0, e.breaker.retryAt ?? 0)
    const latency = (/** @type {'p50' | 'p95' | 'p99'} */ part) => e.latencyMs.samples === 0 ? '–' : time(e.latencyMs[part])
    const cells = [clean(e.name, 28), `${SIGNS[stateTone]} ${state}`, `${words.breakerWords(e.breaker.state)}${until > there ? `, ${words.left(until - there)}` : ''}`,
      percent(model.share(e.name, now)), count(e.totalRequests), e.totalRequests === 0 ? '–' : percent(e.availabilityPercentage / 100), latency('p95'), latency('p50'), latency('p99'),
      count(e.inFlight), sparks(e.name, 'perSecond'), sparks(e.name, 'p95'), e.lastError === null ? '–' : words.reasonWords(e.lastError.reason)]
    return { cells, tone: stateTone }
  })
  const heads = ['name', 'state', 'breaker', 'share', 'requests', 'success', 'p95', 'p50', 'p99', 'in flight', 'traffic', 'latency', 'last error']
  const right = new Set([3, 4, 5, 6, 7, 8, 9])
  for (const [i, text] of table([heads, ...rows.map(({ cells }) => cells)], right, width - 2, unicode).entries()) {
    add(`  ${text}`, i === 0 ? { soft: true } : rows[i - 1].tone === 'good' ? {} : { tone: rows[i - 1].tone })
  }

  const alerts = standing(data.alerts)
  const firing = alerts.filter(({ status }) => status === 'firing')
  title(`Alerts: ${firing.length} firing, ${alerts.length - firing.length} resolved`)
  for (const a of firing.slice(0, 4)) add(`  ${SIGNS[a.severity === 'critical' ? 'bad' : 'warn']} ${a.severity === 'critical' ? 'critical' : 'warning'} since ${clock(a.startsAt)}: ${clean(a.message, 300)}`, { tone: a.severity === 'critical' ? 'bad' : 'warn' })

  const incidents = [...data.incidents].sort((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt))
  title(`Incidents: ${incidents.filter(({ status }) => status === 'open').length} going on, ${incidents.length} in all`)
  for (const r of incidents.slice(0, 3)) {
    const open = r.status === 'open'
    add(`  ${open ? SIGNS.bad : SIGNS.good} ${clock(r.startedAt)} ${r.endpoints.slice(0, 4).map(({ name }) => clean(name, 28)).join(', ')}, ${open ? 'going on for' : 'over after'} ${time(r.durationMs)}: ${count(r.rescued)} rescued, ${count(r.failed)} failed; without failover ${count(r.withoutFailover.failed)}`, open ? { tone: 'bad' } : {})
  }

  const { report, budgets } = data.costs
  title(`Costs: ${money(report.byDay.find(({ day }) => day === new Date(there).toISOString().slice(0, 10))?.costUsd ?? 0)} today, ${money(report.total.costUsd)} in 31 days`)
  for (const b of budgets.slice(0, 4)) {
    const share = b.limitUsd > 0 ? Math.min(1, b.spentUsd / b.limitUsd) : 1
    add(`  ${bar(share, 16)} ${clean(b.budget, 28)}: ${money(b.spentUsd)} of ${money(b.limitUsd)} a ${clean(b.per)}${b.exceeded ? ', used up' : ''}`, b.exceeded ? { tone: 'bad' } : {})
  }

  if (model.lines.length > 0) {
    title('What happens')
    const room = Math.max(1, Math.min(12, height - lines.length - 1))
    for (const line of model.lines.slice(0, room)) add(`  ${clock(line.at)}  ${line.kind.padEnd(10)}  ${line.text}${line.times > 1 ? ` × ${count(line.times)}` : ''}`, line.tone === 'bad' ? { tone: 'bad' } : {})
  }
  return lines.map((line) => ({ ...line, text: fit(unicode ? spaced(line.text) : ascii(line.text), width) }))
}

/** Columns as wide as what is in them; those that do not fit are left out from behind. @param {string[][]} rows @param {Set<number>} right @param {number} width @param {boolean} unicode */
function table (rows, right, width, unicode) {
  const said = unicode ? rows : rows.map((row) => row.map(ascii))
  const widths = said[0].map((_, i) => Math.max(...said.map((row) => columns(row[i]))))
  let [used, shown] = [0, 0]
  while (shown < widths.length && used + widths[shown] <= width) used += widths[shown++] + 2
  return said.map((row) => row.slice(0, Math.max(1, shown)).map((cell, i) => {
    const space = ' '.repeat(Math.max(0, widths[i] - columns(cell)))
    return right.has(i) ? space + cell : cell + space
  }).join('  ').trimEnd())
}

/** @param {(number | null)[]} values @param {boolean} unicode */
function spark (values, unicode) {
  const levels = unicode ? LEVELS.unicode : LEVELS.ascii
  const most = Math.max(0, ...values.map((value) => value ?? 0))
  return values.map((value) => value === null ? ' ' : levels[most === 0 ? 0 : Math.round(value / most * (levels.length - 1))]).join('').padStart(SPARKS)
}

/** @param {number} share @param {number} size */
function bar (share, size) {
  const full = Math.round(share * size)
  return '█'.repeat(full) + '░'.repeat(size - full)
}

/** Columns of a terminal that a text takes. @param {string} text */
function columns (text) {
  let n = 0
  for (const sign of text) n += /\p{M}/u.test(sign) ? 0 : WIDE.test(sign) ? 2 : 1
  return n
}

/** @param {string} text @param {number} width */
function fit (text, width) {
  if (columns(text) <= width) return text
  let [cut, n] = ['', 0]
  for (const sign of text) {
    n += columns(sign)
    if (n > width - 1) break
    cut += sign
  }
  return `${cut}>`
}

/** As people search for it. @param {string} text */
function spaced (text) {
  return text.replaceAll('\u00a0', ' ')
}

/** @param {string} text */
function ascii (text) {
  return spaced(text).replace(/[^\u0020-\u007e]/gu, (sign) => ASCII[sign] ?? '?')
}

module.exports = { screen }
