// What the page and `bellwether top` know: data.json as it came last, points in time made of its differences, and the
// latest events. Time is an argument, and everything is bounded.

import { eventWords, clean } from './format.mjs'

/** @typedef {import('../types/http.js').DashboardData} Data */
/** @typedef {{ at: number, kind: string, tone: import('./format.mjs').Tone, text: string, times: number }} Line */
/** @typedef {{ perSecond: number, p50: number | null, p95: number | null, p99: number | null }} Sample */
/** @typedef {{ t: number, calls: Data['calls'], totals: Map<string, number>, samples: Map<string, Sample> }} Point */

/** How far back the charts go. */
export const SPAN = 30 * 60_000
export const MOST_POINTS = 900
export const MOST_LINES = 200
/** What rates and percentiles are of. */
export const WINDOW = 60_000
/** Points; the last may be closer. */
const CLOSEST = 500
const MOST_DURATIONS = 1_000
const MOST_ENDPOINTS = 200
/** The same that happens again within this is counted, not told again. */
const SAME = 10_000

export function createModel () {
  /** @type {Data | undefined} */
  let data
  /** How far the other clock is ahead of ours. */
  let offset = 0
  /** @type {Point[]} */
  let points = []
  /** @type {Line[]} */
  const lines = []
  /** Of answered attempts, by endpoint: when, and how long. @type {Map<string, { t: number, ms: number }[]>} */
  const durations = new Map()

  return {
    /** @param {Data} given @param {number} now */
    data (given, now) {
      data = given
      offset = Date.parse(given.timestamp) - now
      const last = points.at(-1)
      // Another process counts from zero.
      if (last !== undefined && started(last.calls, given.calls)) points = []
      for (const name of durations.keys()) if (!given.endpoints.some((one) => one.name === name)) durations.delete(name)
      // Closer ones than half a second are one: the latest.
      if (points.length > 1 && points[points.length - 1].t - points[points.length - 2].t < CLOSEST) points.pop()
      points.push(point(given, now, points.at(-1), durations))
      const from = points.findIndex(({ t }) => t >= now - SPAN)
      points.splice(0, Math.max(from, points.length - MOST_POINTS, 0))
    },

    /** @param {string} name @param {any} payload @param {number} now */
    event (name, payload, now) {
      if (name === 'attempt') {
        if (payload.outcome === 'ok' && typeof payload.durationMs === 'number') remember(durations, payload.endpoint, { t: now, ms: payload.durationMs })
        return
      }
      const words = eventWords(name, payload)
      if (words === undefined) return
      const told = Date.parse(payload.at) - offset
      const same = lines.find((line) => line.kind === words.kind && line.text === words.text && now - line.at < SAME)
      if (same !== undefined) {
        same.times++
        return
      }
      lines.unshift({ at: Number.isNaN(told) ? now : told, ...words, times: 1 })
      if (lines.length > MOST_LINES) lines.length = MOST_LINES
    },

    get latest () { return data },
    get points () { return points },
    get lines () { return lines },
    get offset () { return offset },
    get sizes () { return { points: points.length, lines: lines.length, durations: [...durations.values()].reduce((sum, list) => sum + list.length, 0) } },

    /** Figures of the last minute; null where nothing can be said yet. @param {number} now */
    headline (now) {
      const last = points.at(-1)
      const first = points.find(({ t }) => t >= now - WINDOW - 1_000)
      if (last === undefined || first === undefined || last.t - first.t < 500) return { perSecond: null, success: null, failovers: null, perHour: null, p95: null }
      const seconds = (last.t - first.t) / 1_000
      const more = (/** @type {keyof Data['calls']} */ name) => Math.max(0, last.calls[name] - first.calls[name])
      const answered = more('ok') + more('fallback')
      const ended = answered + more('queued') + more('error')
      const all = [...durations.values()].flat().filter(({ t }) => t > now - WINDOW).map(({ ms }) => ms).sort((a, b) => a - b)
      return {
        perSecond: (ended + more('aborted')) / seconds,
        success: ended === 0 ? null : answered / ended,
        failovers: more('failovers'),
        perHour: more('costUsd') / seconds * 3_600,
        p95: quantile(all, 0.95)
      }
    },

    /** How requests were shared out in the last minute; null without any. @param {string} name @param {number} now */
    share (name, now) {
      const first = points.find(({ t }) => t >= now - WINDOW - 1_000)
      const last = points.at(-1)
      if (first === undefined || last === undefined) return null
      const more = (/** @type {string} */ one) => Math.max(0, (last.totals.get(one) ?? 0) - (first.totals.get(one) ?? 0))
      const all = [...last.totals.keys()].reduce((sum, one) => sum + more(one), 0)
      return all === 0 ? null : more(name) / all
    }
  }
}

/** @typedef {ReturnType<typeof createModel>} Model */

/** The state of all in a sentence. @param {Data} data */
export function summary ({ endpoints }) {
  const names = (/** @type {string[]} */ ...states) => endpoints.filter(({ status }) => states.includes(status)).map(({ name }) => clean(name, 40))
  const down = names('down')
  const troubled = names('degraded', 'rate_limited')
  const list = (/** @type {string[]} */ some) => some.length > 3 ? `${some.length} endpoints` : some.join(' and ')
  if (endpoints.length === 0) return 'No endpoint is configured.'
  if (down.length === endpoints.length) return 'No endpoint answers.'
  const parts = []
  if (down.length > 0) parts.push(`${list(down)} ${down.length === 1 ? 'is' : 'are'} down`)
  if (troubled.length > 0) parts.push(`${list(troubled)} ${troubled.length === 1 ? 'has' : 'have'} trouble`)
  if (parts.length === 0) return endpoints.length === 1 ? 'The one endpoint answers.' : `All ${endpoints.length} endpoints answer.`
  const well = names('healthy').length
  return `${parts.join(', ')}; ${well === 0 ? 'none is quite well' : `${well} of ${endpoints.length} ${well === 1 ? 'is' : 'are'} well`}.`
}

/** Alerts that are told now by their fingerprint: the latest word on each, those that fire first. @param {Data['alerts']} alerts */
export function standing (alerts) {
  const latest = new Map(alerts.map((alert) => [alert.fingerprint, alert]))
  const rank = (/** @type {Data['alerts'][0]} */ { status, severity }) => status === 'resolved' ? 2 : severity === 'critical' ? 0 : 1
  return [...latest.values()].sort((a, b) => rank(a) - rank(b) || Date.parse(b.startsAt) - Date.parse(a.startsAt))
}

/** @param {number[]} sorted @param {number} q */
export function quantile (sorted, q) {
  return sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * q) - 1)]
}

/** @param {Data['calls']} before @param {Data['calls']} after */
function started (before, after) {
  return after.ok < before.ok || after.error < before.error || after.failovers < before.failovers || after.aborted < before.aborted
}

/** @param {Data} data @param {number} t @param {Point | undefined} before @param {Map<string, { t: number, ms: number }[]>} durations @returns {Point} */
function point ({ endpoints, calls }, t, before, durations) {
  const totals = new Map(endpoints.slice(0, MOST_ENDPOINTS).map(({ name, totalRequests }) => [name, totalRequests]))
  /** @type {Map<string, Sample>} */
  const samples = new Map()
  for (const [name, total] of totals) {
    const list = (durations.get(name) ?? []).filter((one) => one.t > t - WINDOW / 2).map(({ ms }) => ms).sort((a, b) => a - b)
    const more = before === undefined ? 0 : Math.max(0, total - (before.totals.get(name) ?? total))
    const seconds = before === undefined ? 1 : Math.max(0.25, (t - before.t) / 1_000)
    samples.set(name, { perSecond: more / seconds, p50: quantile(list, 0.5), p95: quantile(list, 0.95), p99: quantile(list, 0.99) })
  }
  return { t, calls, totals, samples }
}

/** @param {Map<string, { t: number, ms: number }[]>} durations @param {string} name @param {{ t: number, ms: number }} one */
function remember (durations, name, one) {
  let list = durations.get(name)
  if (list === undefined) {
    if (durations.size >= MOST_ENDPOINTS) return
    durations.set(name, list = [])
  }
  list.push(one)
  // Not one by one: a thousand answers a second would each move a thousand.
  if (list.length > 2 * MOST_DURATIONS) list.splice(0, MOST_DURATIONS)
}
