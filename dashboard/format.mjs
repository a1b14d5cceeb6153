// Formats figures and events for the page and for `bellwether top`. Names and messages come from outside: characters
// that could control a terminal or reorder text are removed.

/** @typedef {'good' | 'warn' | 'bad' | 'plain'} Tone */

const STATES = /** @type {const} */ ({ healthy: ['Healthy', 'good'], degraded: ['Degraded', 'warn'], rate_limited: ['Rate limited', 'warn'], down: ['Down', 'bad'] })
const VERDICTS = /** @type {const} */ ({ healthy: ['Healthy', 'good'], degraded: ['Degraded', 'warn'], critical: ['Critical', 'bad'] })
const BREAKERS = { closed: 'Closed', open: 'Open', halfOpen: 'Half open', isolated: 'Isolated' }
const LONGEST = 120
/** A non-breaking space between a number and its unit. */
const GAP = '\u00a0'

/** @param {unknown} text @param {number} [most] Characters. */
export function sanitize (text, most = LONGEST) {
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  const printable = [...String(text).replace(/[\u0000-\u001f\u007f-\u009f\p{Cf}\u2028\u2029\ud800-\udfff]/gu, '�')]
  return printable.length > most ? `${printable.slice(0, most - 1).join('')}…` : printable.join('')
}

/** @param {string} state @returns {readonly [string, Tone]} */
export function formatState (state) {
  return Object.hasOwn(STATES, state) ? STATES[/** @type {'down'} */ (state)] : [sanitize(state), 'plain']
}

/** @param {string} status @returns {readonly [string, Tone]} */
export function formatVerdict (status) {
  return Object.hasOwn(VERDICTS, status) ? VERDICTS[/** @type {'critical'} */ (status)] : [sanitize(status), 'plain']
}

/** @param {string} state */
export function formatBreaker (state) {
  return Object.hasOwn(BREAKERS, state) ? BREAKERS[/** @type {'open'} */ (state)] : sanitize(state)
}

/** Formats `firstContent` as "first content". @param {unknown} reason */
export function formatReason (reason) {
  return sanitize(reason ?? 'no reason given').replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll('_', ' ').toLowerCase()
}

/** @param {number | null | undefined} n */
export function formatCount (n) {
  return n == null ? '–' : Math.round(n).toLocaleString('en-US')
}

/** @param {number | null} perSecond */
export function formatRate (perSecond) {
  if (perSecond === null) return '–'
  return perSecond === 0 ? '0' : perSecond < 10 ? perSecond.toFixed(perSecond < 1 ? 2 : 1) : formatCount(perSecond)
}

/** Never rounds up to 100 % or down to 0 %. @param {number | null} share 0 to 1. */
export function formatPercent (share) {
  if (share === null) return '–'
  const percentage = share * 100
  const digits = percentage > 99 && percentage < 100 ? 2 : percentage > 0 && percentage < 10 ? 1 : 0
  const cut = percentage > 99 && percentage < 100 ? Math.min(percentage, 99.99) : percentage
  return `${percentage > 0 && percentage < 0.1 ? `<${GAP}0.1` : cut.toFixed(digits)}${GAP}%`
}

/** @param {number | null | undefined} ms */
export function formatDuration (ms) {
  if (ms == null) return '–'
  if (ms < 1_000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)}${GAP}ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)}${GAP}s`
  const seconds = Math.round(ms / 1_000)
  const [d, h, m, s] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
  if (d > 0) return `${d}${GAP}d ${h}${GAP}h`
  return h > 0 ? `${h}${GAP}h ${m}${GAP}min` : `${m}${GAP}min ${s}${GAP}s`
}

/** Formats a remaining time in whole seconds. @param {number} ms */
export function formatRemaining (ms) {
  return ms < 60_000 ? `${Math.ceil(ms / 1_000)}${GAP}s` : formatDuration(ms)
}

/** @param {number | null | undefined} usd */
export function formatUsd (usd) {
  if (usd == null) return '–'
  const size = Math.abs(usd)
  const digits = size === 0 || size >= 1 ? 2 : size >= 0.01 ? 3 : 6
  const text = size.toLocaleString('en-US', { minimumFractionDigits: digits === 6 ? 2 : digits, maximumFractionDigits: digits })
  return `${usd < 0 ? '−' : ''}$${text}`
}

/** @param {number | string} at */
export function formatTime (at) {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? '–' : date.toLocaleTimeString('en-GB')
}

/** @param {{ endpoint: string, model: string | null }} subject */
const formatTarget = ({ endpoint, model }) => model === null || model === '' ? sanitize(endpoint, 60) : `${sanitize(endpoint, 60)} (${sanitize(model, 60)})`

/**
 * Formats an event as a line of the feed; undefined for events that the feed leaves out.
 * @param {string} name @param {any} e
 * @returns {{ kind: string, tone: Tone, text: string } | undefined}
 */
export function formatEvent (name, e) {
  switch (name) {
    case 'failover': return { kind: 'Failover', tone: 'warn', text: `${formatTarget(e.from)} → ${formatTarget(e.to)}: ${formatReason(e.reason)}${e.status === null ? '' : `, HTTP ${Number(e.status)}`}` }
    case 'breaker': return { kind: 'Breaker', tone: e.state === 'open' ? 'bad' : e.state === 'closed' ? 'good' : 'warn', text: `${formatTarget(e)}: ${formatBreaker(e.state).toLowerCase()}` }
    case 'cooldown': return { kind: 'Cooldown', tone: 'warn', text: `${formatTarget(e)} is in cooldown for ${formatRemaining(Math.max(0, e.until - Date.parse(e.at)))}: ${formatReason(e.reason)}` }
    case 'rateLimit': return { kind: 'Rate limit', tone: 'warn', text: `${formatTarget(e)}: ${formatReason(e.reason)}${e.retryAfterMs === null ? '' : `, again in ${formatRemaining(e.retryAfterMs)}`}` }
    case 'budget': return { kind: 'Budget', tone: e.share >= 1 ? 'bad' : 'warn', text: `${sanitize(e.budget, 60)}: ${formatUsd(e.spentUsd)} of ${formatUsd(e.limitUsd)} spent (${formatPercent(e.share)})` }
    case 'queue': return { kind: 'Queue', tone: e.event === 'dead' || e.event === 'failed' ? 'bad' : 'plain', text: `a job was ${formatReason(e.event)}, ${formatCount(e.remaining)} left` }
    case 'incident': return e.status === 'open'
      ? { kind: 'Incident', tone: 'bad', text: `opened at ${e.endpoints.map((/** @type {any} */ one) => sanitize(one.name, 60)).join(', ')}` }
      : { kind: 'Incident', tone: 'good', text: `closed after ${formatDuration(e.durationMs)}: ${formatCount(e.rescued)} calls rescued, ${formatCount(e.failed)} failed` }
    case 'alert': return { kind: e.status === 'resolved' ? 'Resolved' : 'Alert', tone: e.status === 'resolved' ? 'good' : e.severity === 'critical' ? 'bad' : 'warn', text: sanitize(e.message) }
    case 'authError': return { kind: 'Key', tone: 'bad', text: `${sanitize(e.endpoint, 60)}: ${sanitize(e.message)}` }
    case 'config': return { kind: 'Config', tone: 'plain', text: sanitize(e.message) }
    case 'healthCheck': return e.status === 'UP' ? undefined : { kind: 'Check', tone: 'warn', text: `${sanitize(e.name, 60)}: ${formatReason(e.status)}${e.errorMessage ? `, ${sanitize(e.errorMessage)}` : ''}` }
    case 'forward': return e.outcome === 'sent' ? undefined : { kind: 'Forward', tone: 'warn', text: `alerts to ${sanitize(e.forwarder ?? 'receiver')}: ${formatReason(e.outcome)}${e.message ? `, ${sanitize(e.message)}` : ''}` }
    default: return undefined
  }
}

/** @param {any} m An entry of an incident's timeline. */
export function formatTimelineEntry ({ what, endpoint, model, reason }) {
  const subject = endpoint === undefined ? '' : formatTarget({ endpoint, model: model ?? null })
  const why = reason === undefined ? '' : `: ${formatReason(reason)}`
  switch (what) {
    case 'failed': return `${subject} fails${why}`
    case 'out': return `${subject} is taken out of selection${why}`
    case 'rescued': return `${subject} answers a call in its place`
    case 'lost': return `a call is lost${why}`
    case 'back': return `${subject} answers again`
    default: return 'closed'
  }
}
