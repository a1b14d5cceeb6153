'use strict'

// Turns a fault and a request into an answer: status, headers and a timeline. Pure, apart from the clock that it is
// given.

const { streamed, whole } = require('./timeline')

/** @typedef {import('./index').Fault} Fault */
/** @typedef {import('./index').Hit} Hit */
/** @typedef {import('./dialects').Dialect} Dialect */
/** @typedef {import('./dialects').Event} Event */
/** @typedef {import('./timeline').Operation} Operation */
/** @typedef {Record<string, string | string[]>} Headers */
/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {string | undefined} statusText
 * @property {Headers} headers
 * @property {Iterable<Operation>} timeline
 * @property {number | undefined} length of the body in bytes, where it is announced
 * @property {Fault} fault
 */
/** @typedef {{ status: number, headers: Headers, body?: any, events?: Event[] }} Draft */

/**
 * @param {Fault} fault
 * @param {Hit} hit
 * @param {{ dialect: Dialect, identity: import('./dialects').Identity, serve: (hit: Hit, fault: Fault) => Draft }} vendor
 * @param {number} now milliseconds since the epoch
 * @returns {Answer}
 */
function answer(fault, hit, vendor, now) {
  const draft = draftOf(fault, hit, vendor)
  if (fault.retryAfter !== undefined) addRetryAfter(draft, { as: vendor.dialect.hint, ...fault.retryAfter }, now)
  if (fault.encoding !== undefined) draft.headers['content-encoding'] = fault.encoding.type
  for (const [name, value] of Object.entries(fault.headers ?? {})) {
    if (value === null) delete draft.headers[name]
    else draft.headers[name] = value
  }
  const { timeline, length } = bodyOf(draft, fault, hit, vendor)
  return { status: draft.status, statusText: fault.statusText, headers: draft.headers, timeline, length, fault }
}

/** @param {Fault} fault @param {Hit} hit @param {Parameters<typeof answer>[2]} vendor @returns {Draft} */
function draftOf(fault, hit, { dialect, identity, serve }) {
  const common = dialect.headers(identity, hit.n)
  if (fault.error !== undefined) {
    const { status, headers, body, events } = dialect.error(fault.error.kind, fault.error.options ?? {}, hit, identity)
    const type = events === undefined ? 'application/json' : 'text/event-stream'
    return { status: fault.status ?? status, headers: { 'content-type': type, ...common, ...headers }, body: fault.body ?? body, events }
  }
  if (fault.status !== undefined || fault.body !== undefined) {
    return { status: fault.status ?? 200, headers: { 'content-type': isText(fault.body) ? 'text/plain' : 'application/json', ...common }, body: fault.body ?? '' }
  }
  const draft = serve(hit, fault)
  const type = draft.events === undefined ? 'application/json' : 'text/event-stream'
  draft.headers = { 'content-type': type, ...(draft.events === undefined ? {} : { 'cache-control': 'no-cache' }), ...common, ...draft.headers }
  return draft
}

/** @param {Draft} draft @param {Fault} given @param {Hit} hit @param {Parameters<typeof answer>[2]} vendor */
function bodyOf(draft, given, hit, { dialect, identity }) {
  const fault = dialect.lineEnding === undefined ? given : { ...given, stream: { lineEnding: dialect.lineEnding, ...given.stream } }
  const errorEvent = fault.stream?.error && errorEventOf(fault.stream.error, dialect, hit, identity)
  if (fault.payload === 'empty') return { timeline: whole('', fault), length: 0 }
  if (draft.events !== undefined) {
    const timeline = () => streamed(/** @type {Event[]} */ (draft.events), fault, dialect, errorEvent)
    if (fault.payload === 'truncated') {
      const text = sentBy(timeline())
      return { timeline: whole(text.subarray(0, text.length >> 1), fault), length: undefined }
    }
    return { timeline: timeline(), length: fault.framing === 'length' || fault.contentLength ? sentBy(timeline()).length : undefined }
  }
  const body = spoiled(isText(draft.body) ? draft.body : JSON.stringify(errorEvent?.data ?? draft.body), fault)
  const isOpenEnded = fault.stream?.keepAlive !== undefined || (fault.stream?.cut?.how === 'eof' && fault.contentLength === undefined)
  return { timeline: whole(body, fault), length: isOpenEnded ? undefined : Buffer.byteLength(body) }
}

/** @param {string | Uint8Array} body @param {Fault} fault */
function spoiled(body, fault) {
  if (fault.payload === 'truncated') return body.slice(0, body.length >> 1)
  if (fault.payload !== 'malformed' && fault.stream?.malformed === undefined) return body
  return Buffer.from(body).toString().replace('"', '')
}

/** @param {NonNullable<NonNullable<Fault['stream']>['error']>} error @param {Dialect} dialect @param {Hit} hit @param {import('./dialects').Identity} identity @returns {Event} */
function errorEventOf({ form, kind = 'serverError', options = {}, body }, dialect, hit, identity) {
  const named = form === undefined ? dialect.namesErrors : form === 'event'
  return { kind: 'done', event: named ? 'error' : undefined, data: body ?? dialect.error(kind, options, hit, identity).body }
}

/** @param {Iterable<Operation>} timeline every byte it would send; only for timelines that end */
function sentBy(timeline) {
  const sent = []
  for (const operation of timeline) {
    if ('send' in operation) sent.push(Buffer.from(/** @type {string} */ (operation.send)))
  }
  return Buffer.concat(sent)
}

/** @param {Draft} draft @param {NonNullable<Fault['retryAfter']>} hint @param {number} now */
function addRetryAfter(draft, { after, as = ['seconds'], clockSkew = 0 }, now) {
  const seconds = after / 1000
  // A copy: the body of a scripted fault is served many times.
  const error = isText(draft.body) ? undefined : structuredClone(draft.body ?? {})
  const first = Array.isArray(error) ? error[0] : error
  const target = first?.error ?? first
  for (const form of as) {
    switch (form) {
      case 'seconds': draft.headers['retry-after'] = String(Math.ceil(seconds)); break
      case 'float': draft.headers['retry-after'] = String(seconds); break
      case 'ms': draft.headers['retry-after-ms'] = String(after); break
      case 'date':
        draft.headers['date'] = new Date(now + clockSkew).toUTCString()
        draft.headers['retry-after'] = new Date(now + clockSkew + after).toUTCString()
        break
      case 'body': if (target) target.retry_after = seconds; break
      case 'retryInfo': if (target) target.details = [...(target.details ?? []), { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${seconds}s` }]; break
      case 'text': if (target) target.message = withWait(target.message ?? '', after); break
    }
  }
  if (error !== undefined) draft.body = error
}

/** @param {string} message @param {number} after */
function withWait(message, after) {
  const text = after < 1000 ? `${after}ms` : after < 60_000 ? `${after / 1000}s` : `${Math.floor(after / 60_000)}m${(after % 60_000) / 1000}s`
  const visit = message.indexOf(' Visit ')
  const at = visit === -1 ? message.length : visit
  return `${message.slice(0, at)} Please try again in ${text}.${message.slice(at)}`.trimStart()
}

/** @param {unknown} body @returns {body is string | Uint8Array} */
function isText(body) {
  return body === undefined || typeof body === 'string' || body instanceof Uint8Array
}

module.exports = { answer }
