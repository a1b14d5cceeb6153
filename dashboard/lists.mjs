// Alerts, costs with budgets, and the feed.

import { el, name, renew, tag } from './dom.mjs'
import { standing } from './model.mjs'
import { clean, clock, count, left, money, percent } from './format.mjs'

const MOST_ALERTS = 12
const MOST_COSTS = 8
const MOST_BUDGETS = 20

/** @param {HTMLElement} at @param {any[]} alerts */
export function showAlerts (at, alerts) {
  const all = standing(alerts)
  renew(at, all, () => all.length === 0
    ? [el('p', { class: 'none' }, 'No alert so far.')]
    : all.slice(0, MOST_ALERTS).map((a) => {
      const over = a.status === 'resolved'
      return el('div', { class: 'alert' },
        el('p', {}, tag(over ? 'Resolved' : a.severity === 'critical' ? 'Critical' : 'Warning', over ? 'good' : a.severity === 'critical' ? 'bad' : 'warn'),
          el('b', {}, name(a.service, 60)), el('time', { datetime: a.startsAt }, over && a.endsAt !== undefined ? `${clock(a.startsAt)} to ${clock(a.endsAt)}` : `since ${clock(a.startsAt)}`)),
        el('p', {}, el('bdi', {}, clean(a.message, 300))),
        over ? undefined : el('p', { class: 'soft' }, clean(a.recommendedAction, 300)))
    }))
}

/** @param {HTMLElement} at @param {any} costs @param {number} now By the other's clock. */
export function showCosts (at, { report, budgets }, now) {
  const spenders = [...report.byEndpoint].sort((a, b) => b.costUsd - a.costUsd).slice(0, MOST_COSTS)
  const today = report.byDay.find(({ day }) => day === new Date(now).toISOString().slice(0, 10))
  const limits = budgets.slice(0, MOST_BUDGETS).map((one) => ({ ...one, rest: left(Math.max(0, one.renewsAt - now)) }))
  renew(at, [report.total, today, spenders, limits], () => {
    if (report.total.calls === 0 && limits.length === 0) return [el('p', { class: 'none' }, 'Nothing was spent yet.')]
    const { total } = report
    const sums = [`${money(today?.costUsd ?? 0)} today, ${money(total.costUsd)} in 31 days`]
    if (total.savedUsd > 0) sums.push(`${money(total.savedUsd)} less than at list prices`)
    if (total.failoverAddedUsd !== 0) sums.push(total.failoverAddedUsd > 0 ? `failover added ${money(total.failoverAddedUsd)}` : `failover saved ${money(-total.failoverAddedUsd)}`)
    if (total.unpricedCalls > 0) sums.push(`${count(total.unpricedCalls)} calls without a price`)
    return [el('div', { class: 'money' },
      el('p', {}, `${sums.join('; ')}.`),
      ...limits.map(budget),
      el('table', {}, el('caption', { class: 'unseen' }, 'Costs of 31 days by endpoint'),
        el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'Endpoint'), el('th', { scope: 'col', class: 'n' }, 'Calls'), el('th', { scope: 'col', class: 'n' }, 'Cost, 31 days'))),
        el('tbody', {}, ...spenders.map((one) => el('tr', {}, el('th', { scope: 'row' }, name(one.endpoint, 60)), el('td', { class: 'n' }, count(one.calls)), el('td', { class: 'n' }, money(one.costUsd)))))))]
  })
}

function budget (b) {
  const share = b.limitUsd > 0 ? b.spentUsd / b.limitUsd : 1
  const label = `Budget ${clean(b.budget, 60)}: ${money(b.spentUsd)} of ${money(b.limitUsd)}`
  return el('div', { class: 'budget' },
    el('p', {}, el('span', {}, el('b', {}, name(b.budget, 60)), ` ${money(b.spentUsd)} of ${money(b.limitUsd)} a ${clean(b.per)}`),
      el('span', { class: 'soft' }, `${b.exceeded ? 'used up' : percent(share)}, renews in ${b.rest}`)),
    el('progress', { max: 1, value: Math.min(share, 1), 'aria-label': label, 'data-tone': b.exceeded ? 'bad' : share >= 0.8 ? 'warn' : 'good' }))
}

/** @param {HTMLElement} at @param {import('./model.mjs').Line[]} lines */
export function showFeed (at, lines) {
  renew(at, lines, () => lines.map(({ at, kind, tone, text, times }) => el('li', {},
    el('time', { datetime: new Date(at).toISOString() }, clock(at)),
    el('span', {}, tag(kind, tone)),
    el('span', {}, el('bdi', {}, text), times > 1 ? el('span', { class: 'soft' }, ` × ${count(times)}`) : undefined))))
}
