'use strict'

// One picture for every figure: how much of what is allowed was used. Figures of different units share an axis once
// each is divided by its own must, so the must is a single line at 1 and left of it is good.

const { withUnit, bar, verdict } = require('./format')

const REACHED = '#1a7f5a'
const WITHIN_SPREAD = '#b7791f'
const MISSED = '#b42318'
const LEFT = 430
const SMALLEST = 0.01 // a logarithmic axis has no place for a difference that came out at or below zero

async function plot (targets, caption) {
  const [Plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')])
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const rows = targets.filter(({ value }) => value !== null).map(row)
  const svg = Plot.plot({
    document,
    width: 1240,
    height: 140 + rows.length * 30,
    marginTop: 55,
    marginBottom: 85,
    marginLeft: LEFT,
    marginRight: 330,
    style: { fontSize: '12px', background: 'white', color: '#1f2933' },
    x: { type: 'log', domain: domain(rows), label: '← better · share of the must that was used', labelAnchor: 'center', labelOffset: 40, tickFormat: (x) => `${x}×`, grid: true },
    y: { domain: rows.map(({ title }) => title), label: null, tickSize: 0 },
    marks: [
      Plot.ruleX([1], { stroke: '#1f2933', strokeWidth: 1.5 }),
      Plot.text([1], { x: (x) => x, text: () => 'must', frameAnchor: 'top', dy: -12 }),
      Plot.tickX(rows.filter(({ aim }) => aim !== null), { x: 'aim', y: 'title', stroke: '#7b8794', strokeDasharray: '2,2', strokeWidth: 1.5 }),
      Plot.link(rows, { x1: 'from', x2: 'to', y1: 'title', y2: 'title', stroke: 'colour', strokeWidth: 3, strokeOpacity: 0.45, strokeLinecap: 'round' }),
      Plot.dot(rows, { x: 'median', y: 'title', fill: 'colour', r: 5 }),
      Plot.text(rows, { y: 'title', text: 'label', frameAnchor: 'right', textAnchor: 'start', dx: 12, fill: 'colour' }),
      Plot.text([caption], { text: (text) => text, frameAnchor: 'bottom-left', textAnchor: 'start', dx: 15 - LEFT, dy: 76, fill: '#52606d', fontSize: 10.5 }),
      Plot.text(['dot: median of the pairs · line: smallest to largest · dashed: aim'],
        { text: (text) => text, frameAnchor: 'top-left', textAnchor: 'start', dx: 15 - LEFT, dy: -40, fill: '#52606d' })
    ]
  })
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return `${svg.outerHTML}\n`
}

function row (target) {
  const used = (value) => Math.max(SMALLEST, target.better === 'lower' ? value / target.target : target.target / value)
  return {
    title: target.title,
    median: used(target.value),
    from: used(target.spread.min),
    to: used(target.spread.max),
    aim: target.aim === null ? null : used(target.aim),
    label: `${withUnit(target.value, target.unit)} (must ${bar(target, target.target)}): ${verdict(target)}`,
    colour: target.medianReached ? REACHED : target.pass ? WITHIN_SPREAD : MISSED
  }
}

function domain (rows) {
  const all = rows.flatMap(({ from, to, aim }) => [from, to, aim ?? 1])
  return [Math.min(0.1, ...all) * 0.9, Math.max(2, ...all) * 1.1]
}

module.exports = { plot }
