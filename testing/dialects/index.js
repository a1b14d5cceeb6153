'use strict'

const { refuse } = require('../check')

/**
 * What a dialect is: where it is served, how it answers, and how its vendor words errors.
 * @typedef {object} Dialect
 * @property {string} name
 * @property {string[]} bases prefixes its routes are served under when no `basePath` is set
 * @property {string[]} models what is listed when no `models` are set
 * @property {(route: string) => boolean} isCall whether a completion is asked for there
 * @property {(hit: Hit) => { model: string | undefined, stream: boolean }} asked
 * @property {(hit: Hit) => boolean} [isArray] whether a stream is asked for as one JSON array instead of events
 * @property {(hit: Hit) => string | undefined} key the credential a request carries
 * @property {(hit: Hit) => ErrorSpec | undefined} validate what is wrong with a completion request
 * @property {(hit: Hit, reply: Reply, identity: Identity) => object} completion
 * @property {(hit: Hit, reply: Reply, identity: Identity) => Event[]} events a whole stream
 * @property {{ empty: Frame, malformed: Frame, huge: (padding: string) => Frame }} odd events of no use
 * @property {Frame} [ping] its keep-alive in streams; without one, a comment
 * @property {'\r\n' | undefined} [lineEnding] of its events; without one, a line feed
 * @property {boolean} [namesErrors] whether errors in a stream are events called `error`
 * @property {RetryAfterForm[]} [hint] the forms of Retry-After; without one, a header in seconds
 * @property {(models: string[]) => object} modelList
 * @property {(id: string) => object} model
 * @property {(kind: string, options: Record<string, any>, hit: Hit, identity: Identity) => ErrorAnswer} error
 * @property {string[]} errorKinds
 * @property {(identity: Identity, n: number) => Record<string, string>} headers sent with every answer
 *
 * @typedef {import('../index').Hit} Hit
 * @typedef {import('../index').Reply} Reply
 * @typedef {{ name: string }} Identity
 * @typedef {{ kind: string, options: Record<string, any> }} ErrorSpec
 * @typedef {import('../index').RetryAfterForm} RetryAfterForm
 * @typedef {{ status: number, headers: Record<string, string>, body: any, events?: Event[] }} ErrorAnswer
 * @typedef {{ event?: string, data: any }} Frame
 * `block`: what frames content, and goes with it.
 * @typedef {Frame & { kind: 'role' | 'block' | 'content' | 'finish' | 'usage' | 'done' }} Event
 */

/** @type {Record<string, Dialect>} */
const DIALECTS = { openai: require('./openai'), anthropic: require('./anthropic'), google: require('./google'), relay: require('./relay') }

/** @param {unknown} name @param {string} where @returns {Dialect} */
function dialect(name, where) {
  const found = typeof name === 'string' && Object.hasOwn(DIALECTS, name) ? DIALECTS[name] : undefined
  if (found === undefined) throw refuse(where, name, Object.keys(DIALECTS).map((known) => `'${known}'`).join(', '))
  return found
}

module.exports = { dialect }
