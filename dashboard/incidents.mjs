// Incidents, each with its report: what failover made of it, what would have been without, how it went, and a picture of it.

import { el, svg, name, renew, tag } from './dom.mjs'
import { clean, clock, count, momentWords, money, percent, reasonWords, time } from './format.mjs'

const MOST = 30
const MOST_COLUMNS = 60
const [WIDTH, HEIGHT, TOP, LEFT] = [640, 170, 8, 44]
/** By id: what is open stays open, and keeps the focus. */
const known = new Map()

/** @param {HTMLElement} at @param {any[]} incidents The latest last. */
export function showIncidents (at, incidents) {
  const latest = incidents.slice().sort((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt)).slice(0, MOST)
  for (const id of known.keys()) if (!latest.some((one) => one.id === id)) known.delete(id)
  if (latest.length === 0) return renew(at, [], () => [el('p', { class: 'none' }, 'No incident so far.')])
  const nodes = latest.map((r) => {
    let node = known.get(r.id)
    if (node === undefined) {
      node = el('details', { 'data-id': clean(r.id) }, el('summary'), el('div', { class: 'report' }))
      node.addEventListener('toggle', () => fill(node))
      known.set(r.id, node)
    }
    node.report = r
    const [head] = node.children
    renew(head, [r.status, r.durationMs, r.rescued, r.failed, r.endpoints.length], () => [el('span', {},
      tag(r.status === 'open' ? 'Going on' : 'Over', r.status === 'open' ? 'bad' : 'good'),
      el('b', {}, ...r.endpoints.slice(0, 4).flatMap((one, i) => [i > 0 ? ', ' : '', name(one.name, 40)])),
      el('span', { class: 'soft' }, el('time', { datetime: r.startedAt }, clock(r.startedAt)), `, ${time(r.durationMs)}`),
      el('span', {}, `${count(r.rescued)} rescued, ${count(r.failed)} failed`))])
    fill(node)
    return node
  })
  renew(at, latest.map(({ id }) => id), () => nodes)
}

/** Only what is looked at is made. */
function fill (node) {
  if (!node.open) return
  renew(node.children[1], node.report, () => report(node.report))
}

function report (r) {
  const alone = r.withoutFailover
  const line = (what, here, there) => el('tr', {}, el('th', { scope: 'row' }, what), el('td', {}, here), el('td', {}, there))
  const later = (ms) => ms === null ? r.status === 'open' ? 'not yet' : 'never' : time(ms)
  return [
    el('table', {},
      el('caption', { class: 'unseen' }, `Incident ${clean(r.id)}, with and without failover`),
      el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, el('span', { class: 'unseen' }, 'Figure')), el('th', { scope: 'col' }, 'With failover'), el('th', { scope: 'col' }, 'Without'))),
      el('tbody', {},
        line('Calls', count(r.requests), count(alone.requests)),
        line('Failed', `${count(r.failed)} (${percent(r.failedShare)})`, `${count(alone.failed)} (${percent(alone.failedShare)})`),
        line('Rescued', count(r.rescued), '–'),
        ...(r.queued > 0 ? [line('Queued for later', count(r.queued), '–')] : []),
        line('Users affected', count(r.affectedUsers), count(alone.affectedUsers)),
        line('Detected after', later(r.detectionMs), 'by people'),
        line('Answered again after', later(r.recoveryMs), later(alone.recoveryMs)),
        line('Mean latency: before, during, after', [r.latencyMs.before, r.latencyMs.during, r.latencyMs.after].map(time).join(', '), '–'),
        line('Extra cost', r.extraCostUsd === null ? 'not known' : money(r.extraCostUsd), '–'))),
    picture(r),
    el('div', {}, el('h3', {}, 'Endpoints'), el('ul', {}, ...r.endpoints.map((e) => el('li', {}, name(e.name, 60), `: ${Object.entries(e.reasons).map(([reason, n]) => `${count(n)} × ${reasonWords(reason)}`).join(', ')}; `,
      e.backAt === null ? 'has not answered since' : `answered again at ${clock(e.backAt)}`, ...e.statusPage.map(({ words }) => `; its status page: ${clean(words)}`))))),
    el('div', {}, el('h3', {}, 'How it went'), el('ol', { class: 'moments' }, ...r.timeline.map((m) => el('li', {}, el('span', { class: 'soft' }, `+${time(m.afterMs)}`), el('bdi', {}, momentWords(m)))),
      ...(r.untoldMoments > 0 ? [el('li', {}, `and ${count(r.untoldMoments)} more`)] : [])))
  ]
}

/** Calls by the moment they ended: stacked columns, and a dashed line for those that would have failed. */
function picture ({ series }) {
  const together = Math.max(1, Math.ceil(series.answered.length / MOST_COLUMNS))
  const stepMs = series.stepMs * together
  const [answered, rescued, failed, alone] = [series.answered, series.rescued, series.failed, series.withoutFailoverFailed].map((list) => gathered(list, together))
  const n = Math.max(answered.length, 1)
  const most = Math.max(1, ...answered.map((value, i) => Math.max(value + rescued[i] + failed[i], alone[i])))
  const [w, h] = [(WIDTH - LEFT - 8) / n, HEIGHT - TOP - 24]
  const y = (value) => TOP + h - value / most * h
  const column = (kind, i, from, value) => value > 0 ? [svg('rect', { class: `bar-${kind}`, x: LEFT + i * w, y: y(from + value), width: Math.max(w - (w > 4 ? 1 : 0), 0.5), height: value / most * h })] : []
  const words = `Calls over ${time(n * stepMs)}: ${count(sum(answered))} answered as usual, ${count(sum(rescued))} rescued, ${count(sum(failed))} failed; ${count(sum(alone))} would have failed without failover`
  const key = (kind, text) => el('li', {}, svg('svg', { width: 12, height: 12, 'aria-hidden': 'true' }, kind === 'without' ? svg('path', { class: kind, d: 'M0 6H12' }) : svg('rect', { class: `bar-${kind}`, width: 12, height: 12, rx: 2 })), text)
  return el('div', {},
    svg('svg', { class: 'picture', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': words },
      ...[0, 0.5, 1].flatMap((share) => [svg('path', { class: 'grid', d: `M${LEFT} ${y(share * most)}H${WIDTH - 8}` }), svg('text', { x: LEFT - 6, y: y(share * most) + 4, 'text-anchor': 'end' }, count(share * most))]),
      ...answered.flatMap((value, i) => [...column('a', i, 0, value), ...column('r', i, value, rescued[i]), ...column('f', i, value + rescued[i], failed[i])]),
      svg('path', { class: 'without', d: alone.map((value, i) => `${i === 0 ? 'M' : 'L'}${LEFT + i * w} ${y(value)}H${LEFT + (i + 1) * w}`).join('') }),
      svg('text', { x: LEFT, y: HEIGHT - 6 }, '0'), svg('text', { x: WIDTH - 8, y: HEIGHT - 6, 'text-anchor': 'end' }, `+${time(n * stepMs)}`)),
    el('ul', { class: 'keys' }, key('a', 'as usual'), key('r', 'rescued'), key('f', 'failed'), key('without', 'would have failed without failover')))
}

/** Columns that are too narrow to be seen are added up. */
function gathered (list, together) {
  return Array.from({ length: Math.ceil(list.length / together) }, (_, i) => sum(list.slice(i * together, (i + 1) * together)))
}

const sum = (list) => list.reduce((all, value) => all + value, 0)
