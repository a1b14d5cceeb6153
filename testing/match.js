'use strict'

const { anything, boolean, either, integer, isPlain, record, refuse, shape, string } = require('./check')
const { bearer, parameter } = require('./dialects/reply')

/** @typedef {import('./index').Hit} Hit */
/** @typedef {import('./index').HitFilter} HitFilter */

/** @type {import('./check').Check<string | RegExp>} */
const text = either(anything, string, (value) => value instanceof RegExp)

const members = shape({
  model: text, stream: boolean, method: string, path: string, headers: record, key: string, body: text,
  connection: integer(1), requestOnConnection: integer(1), reused: boolean, httpVersion: string, fault: string, outcome: string,
})

/** @type {import('./check').Check<HitFilter>} */
const filter = (value, where) => {
  if (typeof value === 'function') return value
  if (!isPlain(value)) throw refuse(where, value, 'an object of hit members, or a function of a hit')
  return members(value, where)
}

/** @param {HitFilter} wanted @param {Hit} hit @returns {boolean} */
function matches(wanted, hit) {
  if (typeof wanted === 'function') return Boolean(wanted(hit))
  for (const [name, value] of Object.entries(wanted)) {
    if (!matchesMember(name, value, hit)) return false
  }
  return true
}

/** @param {string} name @param {any} value @param {Hit} hit */
function matchesMember(name, value, hit) {
  switch (name) {
    case 'path': return hit.path === value || pathOf(hit) === value || hit.route === value
    case 'body': return like(value, hit.rawBody.toString(), true)
    case 'key': return keysOf(hit).includes(value)
    case 'reused': return (hit.requestOnConnection > 1) === value
    case 'headers': return Object.entries(value).every(([header, wanted]) => {
      const found = hit.headers[header.toLowerCase()]
      return wanted === true ? found !== undefined : wanted === false ? found === undefined : like(wanted, found, false)
    })
    default: return like(value, /** @type {any} */ (hit)[name], false)
  }
}

/** Returns the credentials of a request, from every place where a dialect may have them. @param {Hit} hit */
function keysOf(hit) {
  return [bearer(hit), hit.headers['x-api-key'], hit.headers['api-key'], hit.headers['x-goog-api-key'], parameter(hit.path, 'key')]
}

/** @param {any} wanted @param {any} found @param {boolean} within */
function like(wanted, found, within) {
  if (wanted instanceof RegExp) return typeof found === 'string' && wanted.test(found)
  return within ? found.includes(wanted) : found === wanted
}

/** @param {Hit} hit */
function pathOf(hit) {
  const query = hit.path.indexOf('?')
  return query === -1 ? hit.path : hit.path.slice(0, query)
}

module.exports = { filter, matches, pathOf }
