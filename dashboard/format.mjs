// Figures and events in words, for the page and for `bellwether top`. Names and messages are other people's: what would
// steer a terminal or turn a line of text around is taken out of them.

/** @typedef {'good' | 'warn' | 'bad' | 'plain'} Tone */

const STATES = /** @type {const} */ ({ healthy: ['Healthy', 'good'], degraded: ['Degraded', 'warn'], rate_limited: ['Rate limited', 'warn'], down: ['Down', 'bad'] })
const VERDICTS = /** @type {const} */ ({ healthy: ['All well', 'good'], degraded: ['Degraded', 'warn'], critical: ['Critical', 'bad'] })
const BREAKERS = { closed: 'Closed', open: 'Open', halfOpen: 'Half open', isolated: 'Isolated' }
const LONGEST = 120
/** Between a number and its unit, where no line ends. */
const GAP = '\u00a0'

/** @param {unknown} text @param {number} [most] Of characters. */
export function clean (text, most = LONGEST) {
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  const printable = [...String(text).replace(/[\u0000-\u001f\u007f-\u009f\p{Cf}\u2028\u2029\ud800-\udfff]/gu, '�')]
  return printable.length > most ? `${printable.slice(0, most - 1).join('')}…` : printable.join('')
}

/** @param {string} state @returns {readonly [string, Tone]} */
export function stateWords (state) {
  return Object.hasOwn(STATES, state) ? STATES[/** @type {'down'} */ (state)] : [clean(state), 'plain']
}

/** @param {string} status @returns {readonly [string, Tone]} */
export function verdictWords (status) {
  return Object.hasOwn(VERDICTS, status) ? VERDICTS[/** @type {'critical'} */ (status)] : [clean(status), 'plain']
}

/** @param {string} state */
export function breakerWords (state) {
  return Object.hasOwn(BREAKERS, state) ? BREAKERS[/** @type {'open'} */ (state)] : clean(state)
}

/** `firstContent` as people write it. @param {unknown} reason */
export function reasonWords (reason) {
  return clean(reason ?? 'no reason given').replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll('_', ' ').toLowerCase()
}

/** @param {number | null | undefined} n */
export function count (n) {
  return n == null ? '–' : Math.round(n).toLocaleString('en-US')
}

/** @param {number | null} perSecond */
export function rate (perSecond) {
  if (perSecond === null) return '–'
  return perSecond === 0 ? '0' : perSecond < 10 ? perSecond.toFixed(perSecond < 1 ? 2 : 1) : count(perSecond)
}

/** Never rounded up to all, nor down to none. @param {number | null} share 0 to 1. */
export function percent (share) {
  if (share === null) return '–'
  const shown = share * 100
  const digits = shown > 99 && shown < 100 ? 2 : shown > 0 && shown < 10 ? 1 : 0
  const cut = shown > 99 && shown < 100 ? Math.min(shown, 99.99) : shown
  return `${shown > 0 && shown < 0.1 ? `<${GAP}0.1` : cut.toFixed(digits)}${GAP}%`
}

/** @param {number | null | undefined} ms */
export function time (ms) {
  if (ms == null) return '–'
  if (ms < 1_000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)}${GAP}ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)}${GAP}s`
  const seconds = Math.round(ms / 1_000)
  const [d, h, m, s] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
  if (d > 0) return `${d}${GAP}d ${h}${GAP}h`
  return h > 0 ? `${h}${GAP}h ${m}${GAP}min` : `${m}${GAP}min ${s}${GAP}s`
}

/** What is left of something, in whole seconds. @param {number} ms */
export function left (ms) {
  return ms < 60_000 ? `${Math.ceil(ms / 1_000)}${GAP}s` : time(ms)
}

/** @param {number | null | undefined} usd */
export function money (usd) {
  if (usd == null) return '–'
  const size = Math.abs(usd)
  const digits = size === 0 || size >= 1 ? 2 : size >= 0.01 ? 3 : 6
  const text = size.toLocaleString('en-US', { minimumFractionDigits: digits === 6 ? 2 : digits, maximumFractionDigits: digits })
  return `${usd < 0 ? '−' : ''}$${text}`
}

/** @param {number | string} at */
export function clock (at) {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? '–' : date.toLocaleTimeString('en-GB')
}

/** @param {{ endpoint: string, model: string | null }} who */
const place = ({ endpoint, model }) => model === null || model === '' ? clean(endpoint, 60) : `${clean(endpoint, 60)} (${clean(model, 60)})`

/**
 * An event as a line of the feed; undefined for those that would only fill it.
 * @param {string} name @param {any} e
 * @returns {{ kind: string, tone: Tone, text: string } | undefined}
 */
export function eventWords (name, e) {
  switch (name) {
    case 'failover': return { kind: 'Failover', tone: 'warn', text: `${place(e.from)} → ${place(e.to)}: ${reasonWords(e.reason)}${e.status === null ? '' : `, HTTP ${Number(e.status)}`}` }
    case 'breaker': return { kind: 'Breaker', tone: e.state === 'open' ? 'bad' : e.state === 'closed' ? 'good' : 'warn', text: `${place(e)}: ${breakerWords(e.state).toLowerCase()}` }
    case 'cooldown': return { kind: 'Cooldown', tone: 'warn', text: `${place(e)} is left alone for ${left(Math.max(0, e.until - Date.parse(e.at)))}: ${reasonWords(e.reason)}` }
    case 'rateLimit': return { kind: 'Rate limit', tone: 'warn', text: `${place(e)}: ${reasonWords(e.reason)}${e.retryAfterMs === null ? '' : `, again in ${left(e.retryAfterMs)}`}` }
    case 'budget': return { kind: 'Budget', tone: e.share >= 1 ? 'bad' : 'warn', text: `${clean(e.budget, 60)}: ${money(e.spentUsd)} of ${money(e.limitUsd)} spent (${percent(e.share)})` }
    case 'queue': return { kind: 'Queue', tone: e.event === 'dead' || e.event === 'failed' ? 'bad' : 'plain', text: `a call was ${reasonWords(e.event)}, ${count(e.remaining)} left` }
    case 'incident': return e.status === 'open'
      ? { kind: 'Incident', tone: 'bad', text: `begun at ${e.endpoints.map((/** @type {any} */ one) => clean(one.name, 60)).join(', ')}` }
      : { kind: 'Incident', tone: 'good', text: `over after ${time(e.durationMs)}: ${count(e.rescued)} calls rescued, ${count(e.failed)} failed` }
    case 'alert': return { kind: e.status === 'resolved' ? 'Resolved' : 'Alert', tone: e.status === 'resolved' ? 'good' : e.severity === 'critical' ? 'bad' : 'warn', text: clean(e.message) }
    case 'authError': return { kind: 'Key', tone: 'bad', text: `${clean(e.endpoint, 60)}: ${clean(e.message)}` }
    case 'config': return { kind: 'Config', tone: 'plain', text: clean(e.message) }
    case 'healthCheck': return e.status === 'UP' ? undefined : { kind: 'Check', tone: 'warn', text: `${clean(e.name, 60)}: ${reasonWords(e.status)}${e.errorMessage ? `, ${clean(e.errorMessage)}` : ''}` }
    case 'forward': return e.outcome === 'sent' ? undefined : { kind: 'Forward', tone: 'warn', text: `alerts to ${clean(e.forwarder ?? 'receiver')}: ${reasonWords(e.outcome)}${e.message ? `, ${clean(e.message)}` : ''}` }
    default: return undefined
  }
}

/** @param {any} m One of an incident's moments. */
export function momentWords ({ what, endpoint, model, reason }) {
  const who = endpoint === undefined ? '' : place({ endpoint, model: model ?? null })
  const why = reason === undefined ? '' : `: ${reasonWords(reason)}`
  switch (what) {
    case 'failed': return `${who} fails${why}`
    case 'out': return `${who} is left out${why}`
    case 'rescued': return `${who} answers a call in its place`
    case 'lost': return `a call is lost${why}`
    case 'back': return `${who} answers again`
    default: return 'over'
  }
}
