// Draws the model's state on the page, at most once per frame.

import { createModel, SPAN_MS, summary } from './model.mjs'
import { formatTime, formatCount, formatUsd, formatPercent, formatRate, formatDuration, formatVerdict } from './format.mjs'
import { connect } from './link.mjs'
import { setText } from './dom.mjs'
import { createChart, showLegend, MAX_LINES } from './chart.mjs'
import { showEndpoints } from './endpoints.mjs'
import { showIncidents } from './incidents.mjs'
import { showAlerts, showCosts, showFeed } from './lists.mjs'

/** The shortest time shown, in milliseconds. */
const MIN_SPAN_MS = 60_000
const element = (id) => document.getElementById(id)
const model = createModel()
const traffic = createChart(element('traffic'), formatRate, 1)
const latency = createChart(element('latency'), formatDuration, 10)
const chosen = (group) => document.querySelector(`#${group} input:checked`).value
/** When the connection was lost, in milliseconds since 1970; undefined while connected. */
let lost
let verdict = ''
let isDrawScheduled = false

connect(document.querySelector('meta[name=bellwether-events]').content, {
  data (data) {
    model.data(data, Date.now())
    draw()
  },
  event (name, payload) {
    model.event(name, payload, Date.now())
    draw()
  },
  link (state, why) {
    const before = lost
    lost = state === 'live' ? undefined : lost ?? Date.now()
    element('link').dataset.state = state
    setText('link-text', state === 'live' ? 'Live' : why === undefined ? `Disconnected since ${formatTime(lost)}` : `Disconnected since ${formatTime(lost)}: ${why}`)
    document.body.classList.toggle('stale', state !== 'live' && model.latest !== undefined)
    if (before !== undefined && lost === undefined) setText('news', 'Connected again')
    else if (before === undefined && lost !== undefined) setText('news', 'Disconnected')
    draw()
  }
})

function draw () {
  if (isDrawScheduled || document.hidden) return
  isDrawScheduled = true
  requestAnimationFrame(() => {
    isDrawScheduled = false
    const data = model.latest
    showFeed(element('feed'), model.lines)
    element('feed-none').hidden = model.lines.length > 0
    if (data !== undefined) show(data)
  })
}

function show (data) {
  const now = Date.now()
  const dataTime = now + model.offset
  head(data, now)
  // Countdowns stop while the page is not connected.
  showEndpoints(element('endpoint-rows'), data.endpoints, { share: (name) => model.share(name, now), now: lost === undefined ? dataTime : Date.parse(data.timestamp) })
  charts(data, now)
  showIncidents(element('incidents'), data.incidents)
  showAlerts(element('alerts'), data.alerts)
  showCosts(element('costs'), data.costs, lost === undefined ? dataTime : Date.parse(data.timestamp))
  setText('version', data.version)
  setText('as-of', `· as of ${formatTime(data.timestamp)}${data.metrics.droppedEvents > 0 ? ` · ${formatCount(data.metrics.droppedEvents)} events were dropped` : ''}`)
}

function head (data, now) {
  const [words, tone] = formatVerdict(data.health.overallStatus)
  const text = summary(data)
  const old = lost !== undefined
  // The last state may be out of date.
  setText('verdict', old ? 'Not connected' : words)
  setText('summary', old ? `At ${formatTime(data.timestamp)}: ${words.toLowerCase()}. ${text}` : text)
  element('verdict-box').dataset.tone = old ? 'plain' : tone
  document.title = `${old ? 'Not connected' : words} · bellwether`
  if (verdict !== '' && verdict !== words) setText('news', `${words}. ${text}`)
  verdict = words
  const figures = model.headline(now)
  setText('t-calls', formatRate(figures.perSecond))
  setText('t-success', formatPercent(figures.success))
  setText('t-failovers', formatCount(figures.failovers))
  setText('t-p95', formatDuration(figures.p95))
  setText('t-cost', formatUsd(figures.perHour))
  setText('t-queue', formatCount(data.queue.size))
  setText('t-queue-note', `jobs · ${formatCount(data.metrics.waitingCalls)} calls waiting`)
}

function charts (data, now) {
  const span = Number(chosen('span'))
  const quantile = chosen('quantile')
  const names = data.endpoints.slice(0, MAX_LINES).map(({ name }) => name)
  const points = model.points.filter(({ t }) => t >= now - Math.min(span, SPAN_MS))
  const times = points.map(({ t }) => t / 1_000)
  // Keeps the chart of a page that was just opened from being nearly empty.
  const spanMs = Math.min(span, Math.max(MIN_SPAN_MS, now - (points[0]?.t ?? now)))
  const range = /** @type {[number, number]} */ ([(now - spanMs) / 1_000, now / 1_000])
  setText('latency-name', quantile)
  showLegend(element('legend'), names, data.endpoints.length)
  for (const one of ['traffic', 'latency']) element(one).dataset.long = spanMs > 600_000 ? 'yes' : ''
  traffic.show(names, [times, ...names.map((name) => points.map(({ samples }) => samples.get(name)?.perSecond ?? null))], range)
  latency.show(names, [times, ...names.map((name) => points.map(({ samples }) => samples.get(name)?.[quantile] ?? null))], range)
}

new ResizeObserver(() => { traffic.resize(); latency.resize() }).observe(element('traffic'))
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  traffic.repaint()
  latency.repaint()
  draw()
})
for (const group of ['span', 'quantile']) element(group).addEventListener('change', draw)
document.addEventListener('visibilitychange', draw)

// Read by tests of long runs.
Object.defineProperty(document, 'bellwether', { value: Object.freeze({ sizes: () => model.sizes }) })
