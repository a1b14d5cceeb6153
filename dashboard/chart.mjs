// Draws two charts over the same time with uPlot, a line for each endpoint. Lines differ in dashes as well as in
// colour.

import { createSvg, createElement, nameElement, replaceContent } from './dom.mjs'

const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3], [12, 5], [4, 4], [1, 4], [7, 3, 1, 3, 1, 3]]
/** Lines that can be distinguished. */
export const MAX_LINES = DASHES.length

/**
 * @param {HTMLElement} at @param {(n: number) => string} words Formats a value. @param {number} least The lowest upper end of the axis.
 */
export function createChart (at, words, least) {
  let plot
  let lines = ''
  const style = (variable) => getComputedStyle(document.documentElement).getPropertyValue(variable).trim()

  function build (names, data) {
    plot?.destroy()
    const font = '12px system-ui, sans-serif'
    const axis = { stroke: style('--soft'), font, grid: { stroke: style('--line'), width: 1 }, ticks: { show: false } }
    plot = new uPlot({
      width: at.clientWidth,
      height: at.clientHeight,
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false },
      scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(most * 1.1, least)] } },
      axes: [
        { ...axis, size: 28, space: 70, values: (_, all) => all.map((t) => new Date(t * 1_000).toLocaleTimeString('en-GB', at.dataset.long ? { hour: '2-digit', minute: '2-digit' } : {})) },
        { ...axis, size: 64, space: 34, values: (_, all) => all.map((value) => value === 0 ? '0' : words(value)) }
      ],
      series: [{}, ...names.map((label, i) => ({ label, stroke: style(`--c${i}`), width: 2, dash: DASHES[i], points: { show: false }, spanGaps: false }))]
    }, data, at)
  }

  return {
    /** @param {string[]} names @param {(number | null)[][]} data Times in seconds, then a row for each name. @param {[number, number]} range */
    show (names, data, range) {
      const key = JSON.stringify(names)
      if (plot === undefined || key !== lines) build(names, data)
      lines = key
      plot.batch(() => {
        plot.setData(data, false)
        plot.setScale('x', { min: range[0], max: range[1] })
      })
    },
    resize () {
      if (plot !== undefined) plot.setSize({ width: at.clientWidth, height: at.clientHeight })
    },
    /** Redraws in the colours of the current scheme. */
    repaint () {
      lines = ''
    }
  }
}

/** @param {HTMLElement} at @param {string[]} names @param {number} all The number of endpoints. */
export function showLegend (at, names, all) {
  replaceContent(at, [names, all], () => [
    ...names.map((one, i) => createElement('li', {}, createSvg('svg', { width: 28, height: 8, 'aria-hidden': 'true', class: `c${i}` },
      createSvg('line', { x1: 1, x2: 27, y1: 4, y2: 4, stroke: 'currentColor', 'stroke-width': 2.5, 'stroke-dasharray': DASHES[i].join(' ') || undefined })), nameElement(one, 40))),
    ...(all > names.length ? [createElement('li', { class: 'soft' }, `and ${all - names.length} more in the table`)] : [])
  ])
}
