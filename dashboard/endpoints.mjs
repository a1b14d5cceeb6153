// The table of endpoints: what each does now.

import { el, name, tag, renew } from './dom.mjs'
import { breakerWords, clock, count, left, percent, reasonWords, stateWords, time } from './format.mjs'

/** Rows; the rest is told by number. */
const MOST = 100

/** @param {HTMLElement} at @param {any[]} endpoints @param {{ share: (name: string) => number | null, now: number }} figures `now` by the other's clock. */
export function showEndpoints (at, endpoints, { share, now }) {
  const rows = endpoints.slice(0, MOST).map((one) => ({
    ...one,
    share: share(one.name),
    rest: Math.max(one.cooldownUntil ?? 0, one.breaker.retryAt ?? 0) > now ? left(Math.max(one.cooldownUntil ?? 0, one.breaker.retryAt ?? 0) - now) : undefined
  }))
  renew(at, rows, () => {
    const made = rows.map(row)
    if (endpoints.length > MOST) made.push(el('tr', { role: 'row' }, el('td', { role: 'cell', colspan: 11 }, `and ${count(endpoints.length - MOST)} more`)))
    return made
  })
}

function row (e) {
  const [words, tone] = stateWords(e.status)
  const cell = (label, inside, kind = 'n') => el('td', { role: 'cell', 'data-label': label, class: kind }, ...[inside].flat())
  const latency = (part) => e.latencyMs.samples === 0 ? '–' : time(e.latencyMs[part])
  return el('tr', { role: 'row' },
    el('th', { scope: 'row', role: 'rowheader' }, name(e.name, 60), el('small', {}, name(e.provider, 40), ...models(e))),
    cell('State', [tag(words, tone), ...(e.canary?.state === 'running' ? [el('span', { class: 'more' }, `canary, ${percent(e.canary.share)}`)] : [])], 'state'),
    cell('Breaker', [breakerWords(e.breaker.state), ...(e.rest === undefined ? [] : [el('span', { class: 'more' }, `again in ${e.rest}`)])], ''),
    cell('Share', percent(e.share)),
    cell('In flight', count(e.inFlight)),
    cell('Requests', [count(e.totalRequests), ...(e.failedRequests > 0 ? [el('span', { class: 'more' }, `${count(e.failedRequests)} failed`)] : [])]),
    cell('Success', e.totalRequests === 0 ? '–' : percent(e.availabilityPercentage / 100)),
    cell('p50', latency('p50')), cell('p95', latency('p95')), cell('p99', latency('p99')),
    cell('Last error', e.lastError === null
      ? el('span', { class: 'soft' }, 'none')
      : [`${reasonWords(e.lastError.reason)}, `, el('time', { datetime: e.lastError.at }, clock(e.lastError.at)), el('span', { class: 'soft' }, ' ', name(e.lastError.message, 90))], 'error'))
}

/** Models, and how each is where they differ. */
function models ({ models, model }) {
  const list = models.length > 0 ? models : model === null ? [] : [{ model, status: 'healthy' }]
  const differ = new Set(list.map(({ status }) => status)).size > 1
  return list.slice(0, 6).flatMap((one) => [' · ', name(one.model, 40), ...(differ && one.status !== 'healthy' ? [` (${stateWords(one.status)[0].toLowerCase()})`] : [])])
    .concat(list.length > 6 ? [` and ${list.length - 6} more`] : [])
}
