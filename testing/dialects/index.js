'use strict'

const { refuse } = require('../check')

/**
 * What a dialect is: where it is served, how it answers, and how its vendor words errors.
 * @typedef {object} Dialect
 * @property {string} name
 * @property {string} chat route of completions, below the base path
 * @property {string[]} bases prefixes its routes are served under when no `basePath` is set
 * @property {(hit: Hit) => string | undefined} key the credential a request carries
 * @property {(hit: Hit) => ErrorSpec | undefined} validate what is wrong with a completion request
 * @property {(hit: Hit, reply: Reply, identity: Identity) => object} completion
 * @property {(hit: Hit, reply: Reply, identity: Identity) => Event[]} events a whole stream
 * @property {(models: string[]) => object} modelList
 * @property {(id: string) => object} model
 * @property {(kind: string, options: Record<string, any>, hit: Hit) => ErrorAnswer} error
 * @property {string[]} errorKinds
 * @property {(identity: Identity, n: number) => Record<string, string>} headers sent with every answer
 *
 * @typedef {import('../index').Hit} Hit
 * @typedef {import('../index').Reply} Reply
 * @typedef {{ name: string }} Identity
 * @typedef {{ kind: string, options: Record<string, any> }} ErrorSpec
 * @typedef {{ status: number, headers: Record<string, string>, body: any }} ErrorAnswer
 * @typedef {{ kind: 'role' | 'content' | 'finish' | 'usage' | 'done', event?: string, data: any }} Event
 */

/** @type {Record<string, Dialect>} */
const DIALECTS = { openai: require('./openai') }

/** @param {unknown} name @param {string} where @returns {Dialect} */
function dialect(name, where) {
  const found = typeof name === 'string' && Object.hasOwn(DIALECTS, name) ? DIALECTS[name] : undefined
  if (found === undefined) throw refuse(where, name, Object.keys(DIALECTS).map((known) => `'${known}'`).join(', '))
  return found
}

module.exports = { dialect }
