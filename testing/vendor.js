'use strict'

// The healthy vendor: routes, credentials, models.

const { decoded } = require('./dialects/reply')

/** @typedef {import('./index').Fault} Fault */
/** @typedef {import('./index').Hit} Hit */
/** @typedef {import('./answer').Draft} Draft */

const MODELS = '/models'

class Vendor {
  dialect
  identity
  #keys
  #models
  #bases

  /** @param {{ dialect: import('./dialects').Dialect, name: string, models?: string[], keys?: string[], basePath?: string }} options */
  constructor({ dialect, name, models, keys, basePath }) {
    this.dialect = dialect
    this.identity = { name }
    this.#keys = keys && new Set(keys)
    this.#models = models
    this.#bases = basePath === undefined ? [...dialect.bases].sort((a, b) => b.length - a.length) : [basePath]
  }

  /** Returns the path below the base, or the whole path if it is under no base. @param {string} path */
  route(path) {
    const query = path.indexOf('?')
    const bare = query === -1 ? path : path.slice(0, query)
    const base = this.#bases.find((prefix) => bare.startsWith(`${prefix}/`))
    return base === undefined ? bare : bare.slice(base.length)
  }

  /** @param {Hit} hit */
  admits(hit) {
    return this.#keys === undefined || this.#keys.has(this.dialect.key(hit) ?? '')
  }

  /** @param {Hit} hit @param {Fault} fault @returns {Draft} */
  serve = (hit, fault) => {
    const { route, method, model } = hit
    if (this.dialect.isCall(route) && method === 'POST') {
      const mistake = this.dialect.validate(hit)
      if (mistake !== undefined) return this.#error(hit, mistake.kind, mistake.options)
      if (!this.#serves(model ?? '')) return this.#error(hit, 'notFound')
      const reply = fault.reply ?? {}
      return hit.stream && !this.dialect.isArray?.(hit)
        ? { status: 200, headers: {}, events: this.dialect.events(hit, reply, this.identity) }
        : { status: 200, headers: {}, body: this.dialect.completion(hit, reply, this.identity) }
    }
    if (route === MODELS && method === 'GET') return { status: 200, headers: {}, body: this.dialect.modelList(this.#models ?? this.dialect.models) }
    if (route.startsWith(`${MODELS}/`) && method === 'GET') {
      const id = decoded(route.slice(MODELS.length + 1))
      return this.#serves(id) ? { status: 200, headers: {}, body: this.dialect.model(id) } : this.#error({ ...hit, model: id }, 'notFound')
    }
    return this.#error(hit, 'noRoute')
  }

  /** @param {string} model */
  #serves(model) {
    return this.#models === undefined || this.#models.includes(model)
  }

  /** @param {Hit} hit @param {string} kind @param {Record<string, any>} [options] @returns {Draft} */
  #error(hit, kind, options = {}) {
    return this.dialect.error(kind, options, hit, this.identity)
  }
}

module.exports = { Vendor }
