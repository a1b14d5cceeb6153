// Shows alerts, costs with budgets, and the feed.

import { createElement, nameElement, replaceContent, tagElement } from './dom.mjs'
import { currentAlerts } from './model.mjs'
import { sanitize, formatTime, formatCount, formatRemaining, formatUsd, formatPercent } from './format.mjs'

const MAX_ALERTS = 12
const MAX_COSTS = 8
const MAX_BUDGETS = 20

/** @param {HTMLElement} at @param {any[]} alerts */
export function showAlerts (at, alerts) {
  const all = currentAlerts(alerts)
  replaceContent(at, all, () => all.length === 0
    ? [createElement('p', { class: 'none' }, 'No alerts yet.')]
    : all.slice(0, MAX_ALERTS).map((a) => {
      const over = a.status === 'resolved'
      return createElement('div', { class: 'alert' },
        createElement('p', {}, tagElement(over ? 'Resolved' : a.severity === 'critical' ? 'Critical' : 'Warning', over ? 'good' : a.severity === 'critical' ? 'bad' : 'warn'),
          createElement('b', {}, nameElement(a.service, 60)), createElement('time', { datetime: a.startsAt }, over && a.endsAt !== undefined ? `${formatTime(a.startsAt)} to ${formatTime(a.endsAt)}` : `since ${formatTime(a.startsAt)}`)),
        createElement('p', {}, createElement('bdi', {}, sanitize(a.message, 300))),
        over ? undefined : createElement('p', { class: 'soft' }, sanitize(a.recommendedAction, 300)))
    }))
}

/** @param {HTMLElement} at @param {any} costs @param {number} now The time of the process that is shown. */
export function showCosts (at, { report, budgets }, now) {
  const spenders = [...report.byEndpoint].sort((a, b) => b.costUsd - a.costUsd).slice(0, MAX_COSTS)
  const today = report.byDay.find(({ day }) => day === new Date(now).toISOString().slice(0, 10))
  const limits = budgets.slice(0, MAX_BUDGETS).map((one) => ({ ...one, rest: formatRemaining(Math.max(0, one.renewsAt - now)) }))
  replaceContent(at, [report.total, today, spenders, limits], () => {
    if (report.total.calls === 0 && limits.length === 0) return [createElement('p', { class: 'none' }, 'No costs yet.')]
    const { total } = report
    const sums = [`${formatUsd(today?.costUsd ?? 0)} today, ${formatUsd(total.costUsd)} in 31 days`]
    if (total.savedUsd > 0) sums.push(`${formatUsd(total.savedUsd)} less than at list prices`)
    if (total.failoverAddedUsd !== 0) sums.push(total.failoverAddedUsd > 0 ? `failover added ${formatUsd(total.failoverAddedUsd)}` : `failover saved ${formatUsd(-total.failoverAddedUsd)}`)
    if (total.unpricedCalls > 0) sums.push(`${formatCount(total.unpricedCalls)} calls without a price`)
    return [createElement('div', { class: 'money' },
      createElement('p', {}, `${sums.join('; ')}.`),
      ...limits.map(budget),
      createElement('table', {}, createElement('caption', { class: 'unseen' }, 'Costs of 31 days by endpoint'),
        createElement('thead', {}, createElement('tr', {}, createElement('th', { scope: 'col' }, 'Endpoint'), createElement('th', { scope: 'col', class: 'n' }, 'Calls'), createElement('th', { scope: 'col', class: 'n' }, 'Cost, 31 days'))),
        createElement('tbody', {}, ...spenders.map((one) => createElement('tr', {}, createElement('th', { scope: 'row' }, nameElement(one.endpoint, 60)), createElement('td', { class: 'n' }, formatCount(one.calls)), createElement('td', { class: 'n' }, formatUsd(one.costUsd)))))))]
  })
}

function budget (b) {
  const share = b.limitUsd > 0 ? b.spentUsd / b.limitUsd : 1
  const label = `Budget ${sanitize(b.budget, 60)}: ${formatUsd(b.spentUsd)} of ${formatUsd(b.limitUsd)}`
  return createElement('div', { class: 'budget' },
    createElement('p', {}, createElement('span', {}, createElement('b', {}, nameElement(b.budget, 60)), ` ${formatUsd(b.spentUsd)} of ${formatUsd(b.limitUsd)} a ${sanitize(b.per)}`),
      createElement('span', { class: 'soft' }, `${b.exceeded ? 'used up' : formatPercent(share)}, renews in ${b.rest}`)),
    createElement('progress', { max: 1, value: Math.min(share, 1), 'aria-label': label, 'data-tone': b.exceeded ? 'bad' : share >= 0.8 ? 'warn' : 'good' }))
}

/** @param {HTMLElement} at @param {import('./model.mjs').Line[]} lines */
export function showFeed (at, lines) {
  replaceContent(at, lines, () => lines.map(({ at, kind, tone, text, times }) => createElement('li', {},
    createElement('time', { datetime: new Date(at).toISOString() }, formatTime(at)),
    createElement('span', {}, tagElement(kind, tone)),
    createElement('span', {}, createElement('bdi', {}, text), times > 1 ? createElement('span', { class: 'soft' }, ` × ${formatCount(times)}`) : undefined))))
}
