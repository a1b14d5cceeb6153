'use strict'

// Simulates vendors in place of a client's endpoints: one fault server for each endpoint and dialect. Every request of
// the drill goes to them.

const { stripControls } = require('../util/strip-controls')

/**
 * Endings of request paths, and their dialects. The ending is kept when the request is redirected. @type {[RegExp,
 * 'openai' | 'anthropic' | 'google' | 'relay'][]}
 */
const DIALECTS = [
  [/\/chat\/completions$/, 'openai'],
  [/\/messages$/, 'anthropic'],
  [/\/models\/[^/]+:(?:streamGenerateContent|generateContent)$/, 'google'],
  [/\/models\/[^?]+\/(?:streamGenerate|generate)[^/]*$/, 'relay']
]
/** Headers that each fetch sets itself. */
const CONNECTION_HEADERS = ['host', 'content-length', 'connection']
/** A placeholder key, which identifies endpoints that share an address (see src/config/drill_client.rs). */
const STAND_IN = /bellwether-drill-(\d+)-\d+/

/** Tokens that each answer reports. */
const USAGE = { input: 400, output: 150 }

/** The usage fields of each dialect. @type {Record<string, (usage: typeof USAGE) => Record<string, number>>} */
const USAGE_FIELDS = {
  openai: ({ input, output }) => ({ prompt_tokens: input, completion_tokens: output, total_tokens: input + output }),
  anthropic: ({ input, output }) => ({ input_tokens: input, output_tokens: output }),
  google: ({ input, output }) => ({ promptTokenCount: input, candidatesTokenCount: output, totalTokenCount: input + output }),
  relay: ({ input, output }) => USAGE_FIELDS.google({ input, output })
}

class Vendors {
  /** @type {{ name: string, base: string, path: string, servers: Map<string, any>, fault: any }[]} */
  #endpoints
  #latencyMs
  #usage
  #testing = require('../../testing')

  /**
   * @param {{ name: string, url: string }[]} endpoints @param {number} latencyMs @param {{ input: number, output: number }} [usage] Tokens that each answer reports.
   */
  constructor (endpoints, latencyMs, usage = USAGE) {
    this.#usage = usage
    this.#latencyMs = latencyMs
    this.#endpoints = endpoints.map(({ name, url }) => {
      const { origin, pathname } = new URL(url)
      return { name, base: origin, path: pathname.replace(/\/$/, ''), servers: new Map(), fault: undefined }
    })
  }

  /** Answers a request in place of fetch. @param {string} url @param {RequestInit} init @returns {Promise<Response>} */
  async exchange (url, init) {
    const { origin, pathname, search } = new URL(url)
    const found = DIALECTS.find(([end]) => end.test(pathname))
    const headers = new Headers(init.headers)
    const endpoint = this.#endpointOf(origin, pathname, `${[...headers.values()].join(' ')} ${search}`)
    if (found === undefined || endpoint === undefined) return new Response('{"error":{"message":"a drill answers chat completions only"}}', { status: 404 })
    const [end, dialect] = found
    const server = await this.#server(endpoint, dialect)
    for (const name of CONNECTION_HEADERS) headers.delete(name)
    return fetch(`${server.url}${/** @type {RegExpExecArray} */ (end.exec(pathname))[0]}${search}`, { ...init, headers })
  }

  /**
   * Finds the endpoint with the longest matching base path; among equal ones, the one whose placeholder key was sent.
   * @param {string} origin @param {string} path @param {string} credentials
   */
  #endpointOf (origin, path, credentials) {
    const under = this.#endpoints.filter((e) => e.base === origin && path.startsWith(e.path)).sort((a, b) => b.path.length - a.path.length)
    const numbered = this.#endpoints[Number(STAND_IN.exec(credentials)?.[1])]
    return under.includes(numbered) ? numbered : under[0]
  }

  /** @param {any} endpoint @param {'openai' | 'anthropic' | 'google' | 'relay'} dialect */
  async #server (endpoint, dialect) {
    let server = endpoint.servers.get(dialect)
    if (server === undefined) {
      server = this.#testing.createFaultServer({ dialect, name: stripControls(endpoint.name) })
      endpoint.servers.set(dialect, server)
      this.#applyFault(endpoint, server, dialect)
    }
    await server.ready
    return server
  }

  /**
   * Sets an endpoint's fault; undefined makes it healthy.
   * @param {string} name
   * @param {((faults: typeof import('../../testing').faults, well: any, latencyMs: number) => any) | undefined} fault
   */
  disturb (name, fault) {
    for (const endpoint of this.#endpoints.filter((e) => e.name === name)) {
      endpoint.fault = fault
      for (const [dialect, server] of endpoint.servers) this.#applyFault(endpoint, server, dialect)
    }
  }

  /** @param {any} endpoint @param {any} server @param {string} dialect */
  #applyFault (endpoint, server, dialect) {
    const { faults } = this.#testing
    const healthy = faults.combine(faults.healthy({ usage: USAGE_FIELDS[dialect](this.#usage) }), faults.slowHeaders(this.#latencyMs))
    server.always(endpoint.fault === undefined ? healthy : endpoint.fault(faults, healthy, this.#latencyMs))
  }

  /** Counts the requests that an endpoint's vendor received. @param {string} name */
  hits (name) {
    const servers = this.#endpoints.filter((e) => e.name === name).flatMap((e) => [...e.servers.values()])
    return servers.reduce((sum, server) => sum + server.totalHits, 0)
  }

  async close () {
    await Promise.all(this.#endpoints.flatMap((e) => [...e.servers.values()]).map((server) => server.close()))
  }
}

module.exports = { Vendors }
