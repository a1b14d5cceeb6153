// The page: draws what the model knows, at most once a frame.

import { createModel, SPAN, summary } from './model.mjs'
import { clock, count, money, percent, rate, time, verdictWords } from './format.mjs'
import { connect } from './link.mjs'
import { say } from './dom.mjs'
import { createChart, showLegend, MOST } from './chart.mjs'
import { showEndpoints } from './endpoints.mjs'
import { showIncidents } from './incidents.mjs'
import { showAlerts, showCosts, showFeed } from './lists.mjs'

/** Of the charts' time. */
const SHORTEST = 60_000
const at = (id) => document.getElementById(id)
const model = createModel()
const traffic = createChart(at('traffic'), rate, 1)
const latency = createChart(at('latency'), time, 10)
const chosen = (group) => document.querySelector(`#${group} input:checked`).value
/** Since when nothing comes. */
let lost
let verdict = ''
let due = false

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
    at('link').dataset.state = state
    say('link-text', state === 'live' ? 'Live' : why === undefined ? `Disconnected since ${clock(lost)}` : `Disconnected since ${clock(lost)}: ${why}`)
    document.body.classList.toggle('stale', state !== 'live' && model.latest !== undefined)
    if (before !== undefined && lost === undefined) say('news', 'Connected again')
    else if (before === undefined && lost !== undefined) say('news', 'Disconnected')
    draw()
  }
})

function draw () {
  if (due || document.hidden) return
  due = true
  requestAnimationFrame(() => {
    due = false
    const data = model.latest
    showFeed(at('feed'), model.lines)
    at('feed-none').hidden = model.lines.length > 0
    if (data !== undefined) show(data)
  })
}

function show (data) {
  const now = Date.now()
  const there = now + model.offset
  head(data, now)
  // What is old counts down no more.
  showEndpoints(at('endpoint-rows'), data.endpoints, { share: (name) => model.share(name, now), now: lost === undefined ? there : Date.parse(data.timestamp) })
  charts(data, now)
  showIncidents(at('incidents'), data.incidents)
  showAlerts(at('alerts'), data.alerts)
  showCosts(at('costs'), data.costs, lost === undefined ? there : Date.parse(data.timestamp))
  say('version', data.version)
  say('as-of', `· as of ${clock(data.timestamp)}${data.metrics.droppedEvents > 0 ? ` · ${count(data.metrics.droppedEvents)} events were dropped` : ''}`)
}

function head (data, now) {
  const [words, tone] = verdictWords(data.health.overallStatus)
  const text = summary(data)
  const old = lost !== undefined
  // What was so may not be so any more.
  say('verdict', old ? 'Not connected' : words)
  say('summary', old ? `At ${clock(data.timestamp)}: ${words.toLowerCase()}. ${text}` : text)
  at('verdict-box').dataset.tone = old ? 'plain' : tone
  document.title = `${old ? 'Not connected' : words} · bellwether`
  if (verdict !== '' && verdict !== words) say('news', `${words}. ${text}`)
  verdict = words
  const figures = model.headline(now)
  say('t-calls', rate(figures.perSecond))
  say('t-success', percent(figures.success))
  say('t-failovers', count(figures.failovers))
  say('t-p95', time(figures.p95))
  say('t-cost', money(figures.perHour))
  say('t-queue', count(data.queue.size))
  say('t-queue-note', `jobs · ${count(data.metrics.waitingCalls)} calls wait`)
}

function charts (data, now) {
  const span = Number(chosen('span'))
  const quantile = chosen('quantile')
  const names = data.endpoints.slice(0, MOST).map(({ name }) => name)
  const points = model.points.filter(({ t }) => t >= now - Math.min(span, SPAN))
  const times = points.map(({ t }) => t / 1_000)
  // A page that was just opened is no empty page with a line at its edge.
  const shown = Math.min(span, Math.max(SHORTEST, now - (points[0]?.t ?? now)))
  const range = /** @type {[number, number]} */ ([(now - shown) / 1_000, now / 1_000])
  say('latency-name', quantile)
  showLegend(at('legend'), names, data.endpoints.length)
  for (const one of ['traffic', 'latency']) at(one).dataset.long = shown > 600_000 ? 'yes' : ''
  traffic.show(names, [times, ...names.map((name) => points.map(({ samples }) => samples.get(name)?.perSecond ?? null))], range)
  latency.show(names, [times, ...names.map((name) => points.map(({ samples }) => samples.get(name)?.[quantile] ?? null))], range)
}

new ResizeObserver(() => { traffic.resize(); latency.resize() }).observe(at('traffic'))
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  traffic.repaint()
  latency.repaint()
  draw()
})
for (const group of ['span', 'quantile']) at(group).addEventListener('change', draw)
document.addEventListener('visibilitychange', draw)

// For tests of long runs.
Object.defineProperty(document, 'bellwether', { value: Object.freeze({ sizes: () => model.sizes }) })
