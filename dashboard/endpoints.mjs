// Shows the table of endpoints.

import { createElement, nameElement, tagElement, replaceContent } from './dom.mjs'
import { formatBreaker, formatTime, formatCount, formatRemaining, formatPercent, formatReason, formatState, formatDuration } from './format.mjs'

/** Further endpoints are counted. */
const MAX_ROWS = 100

/**
 * @param {HTMLElement} at @param {any[]} endpoints @param {{ share: (name: string) => number | null, now: number }} figures `now` is the time of the process that is shown.
 */
export function showEndpoints (at, endpoints, { share, now }) {
  const rows = endpoints.slice(0, MAX_ROWS).map((one) => ({
    ...one,
    share: share(one.name),
    rest: Math.max(one.cooldownUntil ?? 0, one.breaker.retryAt ?? 0) > now ? formatRemaining(Math.max(one.cooldownUntil ?? 0, one.breaker.retryAt ?? 0) - now) : undefined
  }))
  replaceContent(at, rows, () => {
    const elements = rows.map(createRow)
    if (endpoints.length > MAX_ROWS) elements.push(createElement('tr', { role: 'row' }, createElement('td', { role: 'cell', colspan: 11 }, `and ${formatCount(endpoints.length - MAX_ROWS)} more`)))
    return elements
  })
}

function createRow (e) {
  const [words, tone] = formatState(e.status)
  const cell = (label, inside, kind = 'n') => createElement('td', { role: 'cell', 'data-label': label, class: kind }, ...[inside].flat())
  const latency = (part) => e.latencyMs.samples === 0 ? '–' : formatDuration(e.latencyMs[part])
  return createElement('tr', { role: 'row' },
    createElement('th', { scope: 'row', role: 'rowheader' }, nameElement(e.name, 60), createElement('small', {}, nameElement(e.provider, 40), ...modelList(e))),
    cell('State', [tagElement(words, tone), ...(e.canary?.state === 'running' ? [createElement('span', { class: 'more' }, `canary, ${formatPercent(e.canary.share)}`)] : [])], 'state'),
    cell('Breaker', [formatBreaker(e.breaker.state), ...(e.rest === undefined ? [] : [createElement('span', { class: 'more' }, `again in ${e.rest}`)])], ''),
    cell('Share', formatPercent(e.share)),
    cell('In flight', formatCount(e.inFlight)),
    cell('Requests', [formatCount(e.totalRequests), ...(e.failedRequests > 0 ? [createElement('span', { class: 'more' }, `${formatCount(e.failedRequests)} failed`)] : [])]),
    cell('Success', e.totalRequests === 0 ? '–' : formatPercent(e.availabilityPercentage / 100)),
    cell('p50', latency('p50')), cell('p95', latency('p95')), cell('p99', latency('p99')),
    cell('Last error', e.lastError === null
      ? createElement('span', { class: 'soft' }, 'none')
      : [`${formatReason(e.lastError.reason)}, `, createElement('time', { datetime: e.lastError.at }, formatTime(e.lastError.at)), createElement('span', { class: 'soft' }, ' ', nameElement(e.lastError.message, 90))], 'error'))
}

/** Lists models, with their states if these differ. */
function modelList ({ models, model }) {
  const list = models.length > 0 ? models : model === null ? [] : [{ model, status: 'healthy' }]
  const differ = new Set(list.map(({ status }) => status)).size > 1
  return list.slice(0, 6).flatMap((one) => [' · ', nameElement(one.model, 40), ...(differ && one.status !== 'healthy' ? [` (${formatState(one.status)[0].toLowerCase()})`] : [])])
    .concat(list.length > 6 ? [` and ${list.length - 6} more`] : [])
}
