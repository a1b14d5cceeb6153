'use strict'

// Builds what follows the head of an answer, as a lazy list of operations: send bytes, wait, end, break off. The
// transport that plays it (HTTP/1.1 or HTTP/2) has no knowledge of faults. `fault.stream` already contains the
// dialect's defaults.

const { comment, render } = require('./sse')

/** @typedef {import('./dialects').Dialect} Dialect */
/** @typedef {import('./dialects').Event} Event */
/** @typedef {import('./index').Fault} Fault */
/** @typedef {{ send: string | Uint8Array } | { wait: number } | { end: 'eof' | 'close' | 'reset', broken: boolean }} Operation */

/**
 * A stream of events.
 * @param {Event[]} events
 * @param {Fault} fault
 * @param {Pick<Dialect, 'odd' | 'ping'>} dialect
 * @param {Event | undefined} errorEvent
 * @returns {Generator<Operation, void>}
 */
function* streamed(events, fault, dialect, errorEvent) {
  const style = fault.stream ?? {}
  const omitted = style.omit ?? []
  const shown = events.filter(({ kind }) => !(/** @type {string[]} */ (omitted).includes(kind === 'block' ? 'content' : kind)))
  const contents = shown.filter(({ kind }) => kind === 'content').length
  const incidents = incidentsOf(fault, dialect, errorEvent, contents)
  let sent = 0

  if (style.byteOrderMark) yield { send: '\uFEFF' }
  if (yield* strike(incidents, 'headers')) return
  for (const [i, event] of shown.entries()) {
    if (event.kind !== 'role' && sent === 0 && incidents.has(0) && (yield* strike(incidents, 0))) return
    if (event.kind === 'content') {
      if (sent === 0 && fault.delay?.firstContent !== undefined) yield { wait: fault.delay.firstContent }
      else if (style.pace !== undefined) yield { wait: style.pace }
    }
    yield { send: textOf(event, fault, i === shown.length - 1) }
    if (event.kind === 'content' && (yield* strike(incidents, ++sent))) return
  }
  yield { end: 'eof', broken: omitted.includes('finish') }
}

/** @param {Event} event @param {Fault} fault @param {boolean} last */
function textOf(event, fault, last) {
  const style = fault.stream ?? {}
  let text = render(event, style)
  if (fault.payload === 'malformed' && event.kind !== 'done') text = text.replace('"', '')
  return last && style.omit?.includes('blankLine') ? text.slice(0, -(style.lineEnding ?? '\n').length) : text
}

/** @typedef {() => Generator<Operation, boolean>} Incident ends the stream if it returns true */

/**
 * @param {Fault} fault @param {Pick<Dialect, 'odd' | 'ping'>} dialect @param {Event | undefined} errorEvent @param {number} contents
 * @returns {Map<number | 'headers', Incident[]>} by position: so many content chunks come first
 */
function incidentsOf(fault, { odd, ping }, errorEvent, contents) {
  /** @type {Map<number | 'headers', Incident[]>} */
  const incidents = new Map()
  /** @param {number | 'headers' | undefined} after @param {Incident} incident */
  const add = (after, incident) => {
    const at = after === undefined || after === 'headers' ? 'headers' : Math.min(after, contents)
    incidents.set(at, [...(incidents.get(at) ?? []), incident])
  }
  const style = fault.stream
  if (style === undefined) return incidents
  const { hugeEvent, emptyChunks, malformed, keepAlive, stall, error, cut } = style
  if (hugeEvent) add(hugeEvent.after, function* () { yield { send: render(odd.huge('p'.repeat(hugeEvent.bytes)), style) }; return false })
  if (emptyChunks) add(emptyChunks.after, function* () { yield* times(emptyChunks.count ?? 1, render(odd.empty, style)); return false })
  if (malformed) add(malformed.after, function* () { yield* times(malformed.count ?? 1, render(malformed.text === undefined ? odd.malformed : { ...odd.malformed, data: malformed.text }, style)); return false })
  if (keepAlive) add(keepAlive.after, function* () { yield* ticks(keepAlive, ping !== undefined && keepAlive.text === undefined ? render(ping, style) : comment(keepAlive.text ?? 'keep-alive', style)); return false })
  if (stall) add(stall.after, function* () { yield { wait: stall.for ?? Infinity }; return false })
  if (error) add(error.after, function* () {
    yield { send: render(/** @type {Event} */ (errorEvent), style) }
    if (error.thenContinue) return false
    yield { end: 'eof', broken: true }
    return true
  })
  if (cut) add(cut.after, function* () { yield { end: cut.how ?? 'close', broken: true }; return true })
  return incidents
}

/** @param {Map<number | 'headers', Incident[]>} incidents @param {number | 'headers'} at @returns {Generator<Operation, boolean>} */
function* strike(incidents, at) {
  for (const incident of incidents.get(at) ?? []) {
    if (yield* incident()) return true
  }
  incidents.delete(at)
  return false
}

/** @param {number} count @param {string} text @returns {Generator<Operation, void>} */
function* times(count, text) {
  for (let i = 0; i < count; i++) yield { send: text }
}

/** @param {{ every: number, for?: number }} keepAlive @param {string} text @returns {Generator<Operation, void>} */
function* ticks({ every, for: time = Infinity }, text) {
  for (let passed = 0; passed < time; passed += Math.max(every, 1)) {
    yield { send: text }
    yield { wait: Math.min(every, time - passed) }
  }
}

/**
 * A whole body. Faults of streams have their like here: a cut leaves half of it, a stall divides it, keep-alives are blank lines.
 * @param {string | Uint8Array} body
 * @param {Fault} fault
 * @returns {Generator<Operation, void>}
 */
function* whole(body, fault) {
  const { cut, stall, keepAlive } = fault.stream ?? {}
  const half = body.length >> 1
  if (keepAlive) yield* ticks(keepAlive, '\n')
  if (fault.delay?.firstContent !== undefined) yield { wait: fault.delay.firstContent }
  if (cut) {
    if (cut.after !== 'headers') yield { send: body.slice(0, half) }
    yield { end: cut.how ?? 'close', broken: true }
    return
  }
  if (stall) {
    yield { send: body.slice(0, half) }
    yield { wait: stall.for ?? Infinity }
    yield { send: body.slice(half) }
  } else yield { send: body }
  yield { end: 'eof', broken: false }
}

module.exports = { streamed, whole }
