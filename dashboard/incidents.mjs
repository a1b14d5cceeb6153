// Shows incidents with their reports: figures with and without failover, endpoints, timeline and chart.

import { createElement, createSvg, nameElement, replaceContent, tagElement } from './dom.mjs'
import { sanitize, formatTime, formatCount, formatTimelineEntry, formatUsd, formatPercent, formatReason, formatDuration } from './format.mjs'

const MAX_INCIDENTS = 30
const MAX_COLUMNS = 60
const [WIDTH, HEIGHT, TOP, LEFT] = [640, 170, 8, 44]
/** Elements by incident id: an open one stays open and keeps the focus. */
const details = new Map()

/** @param {HTMLElement} at @param {any[]} incidents The latest last. */
export function showIncidents (at, incidents) {
  const latest = incidents.slice().sort((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt)).slice(0, MAX_INCIDENTS)
  for (const id of details.keys()) if (!latest.some((one) => one.id === id)) details.delete(id)
  if (latest.length === 0) return replaceContent(at, [], () => [createElement('p', { class: 'none' }, 'No incidents yet.')])
  const nodes = latest.map((r) => {
    let node = details.get(r.id)
    if (node === undefined) {
      node = createElement('details', { 'data-id': sanitize(r.id) }, createElement('summary'), createElement('div', { class: 'report' }))
      node.addEventListener('toggle', () => fill(node))
      details.set(r.id, node)
    }
    node.report = r
    const [head] = node.children
    replaceContent(head, [r.status, r.durationMs, r.rescued, r.failed, r.endpoints.length], () => [createElement('span', {},
      tagElement(r.status === 'open' ? 'Open' : 'Closed', r.status === 'open' ? 'bad' : 'good'),
      createElement('b', {}, ...r.endpoints.slice(0, 4).flatMap((one, i) => [i > 0 ? ', ' : '', nameElement(one.name, 40)])),
      createElement('span', { class: 'soft' }, createElement('time', { datetime: r.startedAt }, formatTime(r.startedAt)), `, ${formatDuration(r.durationMs)}`),
      createElement('span', {}, `${formatCount(r.rescued)} rescued, ${formatCount(r.failed)} failed`))])
    fill(node)
    return node
  })
  replaceContent(at, latest.map(({ id }) => id), () => nodes)
}

/** Builds the report of an open element only. */
function fill (node) {
  if (!node.open) return
  replaceContent(node.children[1], node.report, () => createReport(node.report))
}

function createReport (r) {
  const withoutFailover = r.withoutFailover
  const line = (what, withFailover, without) => createElement('tr', {}, createElement('th', { scope: 'row' }, what), createElement('td', {}, withFailover), createElement('td', {}, without))
  const later = (ms) => ms === null ? r.status === 'open' ? 'not yet' : 'never' : formatDuration(ms)
  return [
    createElement('table', {},
      createElement('caption', { class: 'unseen' }, `Incident ${sanitize(r.id)}, with and without failover`),
      createElement('thead', {}, createElement('tr', {}, createElement('th', { scope: 'col' }, createElement('span', { class: 'unseen' }, 'Figure')), createElement('th', { scope: 'col' }, 'With failover'), createElement('th', { scope: 'col' }, 'Without'))),
      createElement('tbody', {},
        line('Calls', formatCount(r.requests), formatCount(withoutFailover.requests)),
        line('Failed', `${formatCount(r.failed)} (${formatPercent(r.failedShare)})`, `${formatCount(withoutFailover.failed)} (${formatPercent(withoutFailover.failedShare)})`),
        line('Rescued', formatCount(r.rescued), '–'),
        ...(r.queued > 0 ? [line('Queued for later', formatCount(r.queued), '–')] : []),
        line('Users affected', formatCount(r.affectedUsers), formatCount(withoutFailover.affectedUsers)),
        line('Detected after', later(r.detectionMs), 'manually'),
        line('Answered again after', later(r.recoveryMs), later(withoutFailover.recoveryMs)),
        line('Mean latency: before, during, after', [r.latencyMs.before, r.latencyMs.during, r.latencyMs.after].map(formatDuration).join(', '), '–'),
        line('Extra cost', r.extraCostUsd === null ? 'not known' : formatUsd(r.extraCostUsd), '–'))),
    createPicture(r),
    createElement('div', {}, createElement('h3', {}, 'Endpoints'), createElement('ul', {}, ...r.endpoints.map((e) => createElement('li', {}, nameElement(e.name, 60), `: ${Object.entries(e.reasons).map(([reason, n]) => `${formatCount(n)} × ${formatReason(reason)}`).join(', ')}; `,
      e.backAt === null ? 'has not answered since' : `answered again at ${formatTime(e.backAt)}`, ...e.statusPage.map(({ words }) => `; its status page: ${sanitize(words)}`))))),
    createElement('div', {}, createElement('h3', {}, 'Timeline'), createElement('ol', { class: 'moments' }, ...r.timeline.map((m) => createElement('li', {}, createElement('span', { class: 'soft' }, `+${formatDuration(m.afterMs)}`), createElement('bdi', {}, formatTimelineEntry(m)))),
      ...(r.untoldMoments > 0 ? [createElement('li', {}, `and ${formatCount(r.untoldMoments)} more`)] : [])))
  ]
}

/** Draws calls by the time they ended: stacked columns, and a dashed line for calls that would have failed. */
function createPicture ({ series }) {
  const together = Math.max(1, Math.ceil(series.answered.length / MAX_COLUMNS))
  const stepMs = series.stepMs * together
  const [answered, rescued, failed, withoutFailover] = [series.answered, series.rescued, series.failed, series.withoutFailoverFailed].map((list) => sumGroups(list, together))
  const n = Math.max(answered.length, 1)
  const most = Math.max(1, ...answered.map((value, i) => Math.max(value + rescued[i] + failed[i], withoutFailover[i])))
  const [w, h] = [(WIDTH - LEFT - 8) / n, HEIGHT - TOP - 24]
  const y = (value) => TOP + h - value / most * h
  const column = (kind, i, from, value) => value > 0 ? [createSvg('rect', { class: `bar-${kind}`, x: LEFT + i * w, y: y(from + value), width: Math.max(w - (w > 4 ? 1 : 0), 0.5), height: value / most * h })] : []
  const words = `Calls over ${formatDuration(n * stepMs)}: ${formatCount(sum(answered))} answered as usual, ${formatCount(sum(rescued))} rescued, ${formatCount(sum(failed))} failed; ${formatCount(sum(withoutFailover))} would have failed without failover`
  const key = (kind, text) => createElement('li', {}, createSvg('svg', { width: 12, height: 12, 'aria-hidden': 'true' }, kind === 'without' ? createSvg('path', { class: kind, d: 'M0 6H12' }) : createSvg('rect', { class: `bar-${kind}`, width: 12, height: 12, rx: 2 })), text)
  return createElement('div', {},
    createSvg('svg', { class: 'picture', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': words },
      ...[0, 0.5, 1].flatMap((share) => [createSvg('path', { class: 'grid', d: `M${LEFT} ${y(share * most)}H${WIDTH - 8}` }), createSvg('text', { x: LEFT - 6, y: y(share * most) + 4, 'text-anchor': 'end' }, formatCount(share * most))]),
      ...answered.flatMap((value, i) => [...column('a', i, 0, value), ...column('r', i, value, rescued[i]), ...column('f', i, value + rescued[i], failed[i])]),
      createSvg('path', { class: 'without', d: withoutFailover.map((value, i) => `${i === 0 ? 'M' : 'L'}${LEFT + i * w} ${y(value)}H${LEFT + (i + 1) * w}`).join('') }),
      createSvg('text', { x: LEFT, y: HEIGHT - 6 }, '0'), createSvg('text', { x: WIDTH - 8, y: HEIGHT - 6, 'text-anchor': 'end' }, `+${formatDuration(n * stepMs)}`)),
    createElement('ul', { class: 'keys' }, key('a', 'as usual'), key('r', 'rescued'), key('f', 'failed'), key('without', 'would have failed without failover')))
}

/** Adds up columns that would be too narrow. */
function sumGroups (list, together) {
  return Array.from({ length: Math.ceil(list.length / together) }, (_, i) => sum(list.slice(i * together, (i + 1) * together)))
}

const sum = (list) => list.reduce((all, value) => all + value, 0)
