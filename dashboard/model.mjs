// The state of the page and of `bellwether top`: the latest data.json, points computed from its differences, and the
// latest events. Time is an argument, and everything is bounded.

import { formatEvent, sanitize } from './format.mjs'

/** @typedef {import('../types/http.js').DashboardData} Data */
/** @typedef {{ at: number, kind: string, tone: import('./format.mjs').Tone, text: string, times: number }} Line */
/** @typedef {{ perSecond: number, p50: number | null, p95: number | null, p99: number | null }} Sample */
/** @typedef {{ t: number, calls: Data['calls'], totals: Map<string, number>, samples: Map<string, Sample> }} Point */

/** Time span of the charts, in milliseconds. */
export const SPAN_MS = 30 * 60_000
export const MAX_POINTS = 900
export const MAX_LINES = 200
/** Window of rates and percentiles, in milliseconds. */
export const WINDOW_MS = 60_000
/** Points that are closer replace each other. */
const MIN_POINT_DISTANCE_MS = 500
const MAX_DURATIONS = 1_000
const MAX_ENDPOINTS = 200
/** The same event within this time increments a counter. */
const REPEAT_WINDOW_MS = 10_000

export function createModel () {
  /** @type {Data | undefined} */
  let data
  /** How far the process's clock is ahead, in milliseconds. */
  let offset = 0
  /** @type {Point[]} */
  let points = []
  /** @type {Line[]} */
  const lines = []
  /** Times and durations of successful attempts, by endpoint. @type {Map<string, { t: number, ms: number }[]>} */
  const durations = new Map()

  return {
    /** @param {Data} given @param {number} now */
    data (given, now) {
      data = given
      offset = Date.parse(given.timestamp) - now
      const last = points.at(-1)
      // A restarted process counts from zero.
      if (last !== undefined && hasRestarted(last.calls, given.calls)) points = []
      for (const name of durations.keys()) if (!given.endpoints.some((one) => one.name === name)) durations.delete(name)
      // Replaces a point that is too close.
      if (points.length > 1 && points[points.length - 1].t - points[points.length - 2].t < MIN_POINT_DISTANCE_MS) points.pop()
      points.push(createPoint(given, now, points.at(-1), durations))
      const from = points.findIndex(({ t }) => t >= now - SPAN_MS)
      points.splice(0, Math.max(from, points.length - MAX_POINTS, 0))
    },

    /** @param {string} name @param {any} payload @param {number} now */
    event (name, payload, now) {
      if (name === 'attempt') {
        if (payload.outcome === 'ok' && typeof payload.durationMs === 'number') recordDuration(durations, payload.endpoint, { t: now, ms: payload.durationMs })
        return
      }
      const words = formatEvent(name, payload)
      if (words === undefined) return
      const reportedAt = Date.parse(payload.at) - offset
      const same = lines.find((line) => line.kind === words.kind && line.text === words.text && now - line.at < REPEAT_WINDOW_MS)
      if (same !== undefined) {
        same.times++
        return
      }
      lines.unshift({ at: Number.isNaN(reportedAt) ? now : reportedAt, ...words, times: 1 })
      if (lines.length > MAX_LINES) lines.length = MAX_LINES
    },

    get latest () { return data },
    get points () { return points },
    get lines () { return lines },
    get offset () { return offset },
    get sizes () { return { points: points.length, lines: lines.length, durations: [...durations.values()].reduce((sum, list) => sum + list.length, 0) } },

    /** Figures of the last minute; null while there is not enough data. @param {number} now */
    headline (now) {
      const last = points.at(-1)
      const first = points.find(({ t }) => t >= now - WINDOW_MS - 1_000)
      if (last === undefined || first === undefined || last.t - first.t < 500) return { perSecond: null, success: null, failovers: null, perHour: null, p95: null }
      const seconds = (last.t - first.t) / 1_000
      const more = (/** @type {keyof Data['calls']} */ name) => Math.max(0, last.calls[name] - first.calls[name])
      const answered = more('ok') + more('fallback')
      const ended = answered + more('queued') + more('error')
      const all = [...durations.values()].flat().filter(({ t }) => t > now - WINDOW_MS).map(({ ms }) => ms).sort((a, b) => a - b)
      return {
        perSecond: (ended + more('aborted')) / seconds,
        success: ended === 0 ? null : answered / ended,
        failovers: more('failovers'),
        perHour: more('costUsd') / seconds * 3_600,
        p95: quantile(all, 0.95)
      }
    },

    /**
     * An endpoint's share of the requests of the last minute; null without any. @param {string} name @param {number}
     * now
     */
    share (name, now) {
      const first = points.find(({ t }) => t >= now - WINDOW_MS - 1_000)
      const last = points.at(-1)
      if (first === undefined || last === undefined) return null
      const more = (/** @type {string} */ one) => Math.max(0, (last.totals.get(one) ?? 0) - (first.totals.get(one) ?? 0))
      const all = [...last.totals.keys()].reduce((sum, one) => sum + more(one), 0)
      return all === 0 ? null : more(name) / all
    }
  }
}

/** @typedef {ReturnType<typeof createModel>} Model */

/** Describes the state of all endpoints in a sentence. @param {Data} data */
export function summary ({ endpoints }) {
  const names = (/** @type {string[]} */ ...states) => endpoints.filter(({ status }) => states.includes(status)).map(({ name }) => sanitize(name, 40))
  const down = names('down')
  const impaired = names('degraded', 'rate_limited')
  const list = (/** @type {string[]} */ some) => some.length > 3 ? `${some.length} endpoints` : some.join(' and ')
  if (endpoints.length === 0) return 'No endpoint is configured.'
  if (down.length === endpoints.length) return 'No endpoint answers.'
  const parts = []
  if (down.length > 0) parts.push(`${list(down)} ${down.length === 1 ? 'is' : 'are'} down`)
  if (impaired.length > 0) parts.push(`${list(impaired)} ${impaired.length === 1 ? 'is' : 'are'} degraded or rate limited`)
  if (parts.length === 0) return endpoints.length === 1 ? 'The endpoint answers.' : `All ${endpoints.length} endpoints answer.`
  const healthy = names('healthy').length
  return `${parts.join(', ')}; ${healthy === 0 ? 'no endpoint is healthy' : `${healthy} of ${endpoints.length} ${healthy === 1 ? 'is' : 'are'} healthy`}.`
}

/** Returns the latest state of each alert by fingerprint, firing ones first. @param {Data['alerts']} alerts */
export function currentAlerts (alerts) {
  const latest = new Map(alerts.map((alert) => [alert.fingerprint, alert]))
  const rank = (/** @type {Data['alerts'][0]} */ { status, severity }) => status === 'resolved' ? 2 : severity === 'critical' ? 0 : 1
  return [...latest.values()].sort((a, b) => rank(a) - rank(b) || Date.parse(b.startsAt) - Date.parse(a.startsAt))
}

/** @param {number[]} sorted @param {number} q */
export function quantile (sorted, q) {
  return sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * q) - 1)]
}

/** @param {Data['calls']} before @param {Data['calls']} after */
function hasRestarted (before, after) {
  return after.ok < before.ok || after.error < before.error || after.failovers < before.failovers || after.aborted < before.aborted
}

/** @param {Data} data @param {number} t @param {Point | undefined} before @param {Map<string, { t: number, ms: number }[]>} durations @returns {Point} */
function createPoint ({ endpoints, calls }, t, before, durations) {
  const totals = new Map(endpoints.slice(0, MAX_ENDPOINTS).map(({ name, totalRequests }) => [name, totalRequests]))
  /** @type {Map<string, Sample>} */
  const samples = new Map()
  for (const [name, total] of totals) {
    const list = (durations.get(name) ?? []).filter((one) => one.t > t - WINDOW_MS / 2).map(({ ms }) => ms).sort((a, b) => a - b)
    const more = before === undefined ? 0 : Math.max(0, total - (before.totals.get(name) ?? total))
    const seconds = before === undefined ? 1 : Math.max(0.25, (t - before.t) / 1_000)
    samples.set(name, { perSecond: more / seconds, p50: quantile(list, 0.5), p95: quantile(list, 0.95), p99: quantile(list, 0.99) })
  }
  return { t, calls, totals, samples }
}

/** @param {Map<string, { t: number, ms: number }[]>} durations @param {string} name @param {{ t: number, ms: number }} one */
function recordDuration (durations, name, one) {
  let list = durations.get(name)
  if (list === undefined) {
    if (durations.size >= MAX_ENDPOINTS) return
    durations.set(name, list = [])
  }
  list.push(one)
  // Removes entries in batches: one by one, each answer would move a thousand.
  if (list.length > 2 * MAX_DURATIONS) list.splice(0, MAX_DURATIONS)
}
