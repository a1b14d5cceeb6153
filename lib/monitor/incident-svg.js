'use strict'

// Draws how calls ended over an incident's time as a self-contained SVG, which follows the reader's colour scheme.

const { formatDuration } = require('../util/format')
const { formatTimelineEntry } = require('./incident-timeline')

const [WIDTH, HEIGHT] = [960, 380]
const PLOT = { left: 56, right: 16, top: 76, bottom: 108 }
const MAX_ENTRIES = 6

/** @param {any} r */
function renderSvg (r) {
  const { stepMs, answered, rescued, failed, withoutFailoverFailed: withoutFailover } = r.series
  const steps = Math.max(answered.length, 1)
  const most = Math.max(1, ...answered.map((/** @type {number} */ n, /** @type {number} */ i) => Math.max(n + rescued[i] + failed[i], withoutFailover[i])))
  const [w, h] = [WIDTH - PLOT.left - PLOT.right, HEIGHT - PLOT.top - PLOT.bottom]
  const x = (/** @type {number} */ ms) => round(PLOT.left + Math.min(ms / (steps * stepMs), 1) * w)
  const y = (/** @type {number} */ n) => round(PLOT.top + h - n / most * h)
  /** The area of a stacked column chart between two levels. */
  const area = (/** @type {(i: number) => number} */ from, /** @type {(i: number) => number} */ to) => {
    const up = Array.from({ length: steps }, (_, i) => `${x(i * stepMs)},${y(to(i) || 0)} ${x((i + 1) * stepMs)},${y(to(i) || 0)}`)
    const down = Array.from({ length: steps }, (_, i) => `${x((i + 1) * stepMs)},${y(from(i) || 0)} ${x(i * stepMs)},${y(from(i) || 0)}`).reverse()
    return [...up, ...down].join(' ')
  }
  const line = Array.from({ length: steps }, (_, i) => `${x(i * stepMs)},${y(withoutFailover[i] || 0)} ${x((i + 1) * stepMs)},${y(withoutFailover[i] || 0)}`).join(' ')
  const marks = r.timeline.slice(0, MAX_ENTRIES)
  const title = `Incident ${r.id}: ${r.rescued} of ${r.requests} requests rescued, ${r.failed} failed; without failover ${r.withoutFailover.failed}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(title)}" font-family="system-ui, sans-serif" font-size="12">`,
    '<style>.t{fill:#1b1f24}.g{stroke:#8884}.m{stroke:#57606a;stroke-dasharray:3 3}.bg{fill:#fff}.a{fill:#7aa7d9}.r{fill:#3f9b57}.f{fill:#cf222e}.w{stroke:#cf222e;fill:none;stroke-width:1.5;stroke-dasharray:5 3}@media(prefers-color-scheme:dark){.t{fill:#e6edf3}.m{stroke:#9aa4ae}.bg{fill:#0d1117}}</style>',
    `<title>${escape(title)}</title>`,
    `<rect class="bg" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text class="t" x="${PLOT.left}" y="24" font-size="15" font-weight="600">${escape(`Incident ${r.id}, ${r.startedAt}`)}</text>`,
    ...legend(),
    ...[0, 0.5, 1].map((share) => `<line class="g" x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${y(share * most)}" y2="${y(share * most)}"/><text class="t" x="${PLOT.left - 6}" y="${y(share * most) + 4}" text-anchor="end">${Math.round(share * most)}</text>`),
    `<polygon class="a" points="${area(() => 0, (i) => answered[i])}"/>`,
    `<polygon class="r" points="${area((i) => answered[i], (i) => answered[i] + rescued[i])}"/>`,
    `<polygon class="f" points="${area((i) => answered[i] + rescued[i], (i) => answered[i] + rescued[i] + failed[i])}"/>`,
    `<polyline class="w" points="${line}"/>`,
    ...[0, 0.25, 0.5, 0.75, 1].map((share) => `<text class="t" x="${x(share * steps * stepMs)}" y="${HEIGHT - PLOT.bottom + 16}" text-anchor="${share === 0 ? 'start' : share === 1 ? 'end' : 'middle'}">+${formatDuration(share * steps * stepMs)}</text>`),
    ...marks.flatMap((/** @type {any} */ m, /** @type {number} */ i) => [
      `<line class="m" x1="${x(m.afterMs)}" x2="${x(m.afterMs)}" y1="${PLOT.top - 6}" y2="${HEIGHT - PLOT.bottom}"/>`,
      `<text class="t" x="${PLOT.left + (i % 2) * (w / 2)}" y="${HEIGHT - PLOT.bottom + 42 + Math.floor(i / 2) * 20}">${i + 1}  +${formatDuration(m.afterMs)}: ${escape(shorten(formatTimelineEntry(m)))}</text>`
    ]),
    ...groupMarks(marks.map((/** @type {any} */ m) => x(m.afterMs))).map(({ at, numbers }) => `<text class="t" x="${at}" y="${PLOT.top - 10}" text-anchor="${at < WIDTH / 2 ? 'start' : 'end'}" font-weight="600">${numbers}</text>`),
    '</svg>'
  ].join('\n') + '\n'
}

function legend () {
  const entries = [['a', 'answered by the usual endpoint'], ['r', 'rescued'], ['f', 'failed'], ['w', 'would have failed without failover']]
  let x = PLOT.left
  return entries.map(([kind, words]) => {
    const at = x
    x += 30 + words.length * 6.6
    const mark = kind === 'w' ? `<line class="w" x1="${at}" x2="${at + 16}" y1="37" y2="37"/>` : `<rect class="${kind}" x="${at}" y="31" width="12" height="12"/>`
    return `${mark}<text class="t" x="${at + 20}" y="41">${words}</text>`
  })
}

/** Merges the numbers of marks that would overlap. @param {number[]} places */
function groupMarks (places) {
  /** @type {{ at: number, numbers: string }[]} */
  const groups = []
  places.forEach((at, i) => {
    const last = groups.at(-1)
    if (last !== undefined && at - last.at < 24) last.numbers += ` ${i + 1}`
    else groups.push({ at, numbers: String(i + 1) })
  })
  return groups
}

/** @param {string} words */
function shorten (words) {
  return words.length > 64 ? `${words.slice(0, 63)}…` : words
}

/** @param {number} n */
function round (n) {
  return Math.round(n * 10) / 10
}

/** @param {string} words */
function escape (words) {
  return words.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`).replace(/[^\P{C}]/gu, ' ')
}

module.exports = { renderSvg }
