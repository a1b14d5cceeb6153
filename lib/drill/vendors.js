'use strict'

// Simulated vendors in the place of a client's endpoints: a fault server for each, in the dialect that it is asked in. What
// the twin would send to a vendor goes there, and nowhere else.

const { printable } = require('../util/printable')

/** The end of a request's path by which its dialect is known, and what is kept of it. @type {[RegExp, 'openai' | 'anthropic' | 'google' | 'relay'][]} */
const DIALECTS = [
  [/\/chat\/completions$/, 'openai'],
  [/\/messages$/, 'anthropic'],
  [/\/models\/[^/]+:(?:streamGenerateContent|generateContent)$/, 'google'],
  [/\/models\/[^?]+\/(?:streamGenerate|generate)[^/]*$/, 'relay']
]
/** Said by each fetch for itself. */
const OWN = ['host', 'content-length', 'connection']
/** A stand-in for a key, by which endpoints are told apart that share an address (src/config/rehearsal.rs). */
const STAND_IN = /bellwether-drill-(\d+)-\d+/

/** Tokens of an answer. */
const USAGE = { input: 400, output: 150 }

/** In each dialect's words. @type {Record<string, (usage: typeof USAGE) => Record<string, number>>} */
const WORDS = {
  openai: ({ input, output }) => ({ prompt_tokens: input, completion_tokens: output, total_tokens: input + output }),
  anthropic: ({ input, output }) => ({ input_tokens: input, output_tokens: output }),
  google: ({ input, output }) => ({ promptTokenCount: input, candidatesTokenCount: output, totalTokenCount: input + output }),
  relay: ({ input, output }) => WORDS.google({ input, output })
}

class Vendors {
  /** @type {{ name: string, base: string, path: string, servers: Map<string, any>, fault: any }[]} */
  #endpoints
  #latencyMs
  #usage
  #testing = require('../../testing')

  /** @param {{ name: string, url: string }[]} endpoints @param {number} latencyMs @param {{ input: number, output: number }} [usage] What each answer is said to have used. */
  constructor (endpoints, latencyMs, usage = USAGE) {
    this.#usage = usage
    this.#latencyMs = latencyMs
    this.#endpoints = endpoints.map(({ name, url }) => {
      const { origin, pathname } = new URL(url)
      return { name, base: origin, path: pathname.replace(/\/$/, ''), servers: new Map(), fault: undefined }
    })
  }

  /** In the place of a fetch. @param {string} url @param {RequestInit} init @returns {Promise<Response>} */
  async exchange (url, init) {
    const { origin, pathname, search } = new URL(url)
    const found = DIALECTS.find(([end]) => end.test(pathname))
    const headers = new Headers(init.headers)
    const endpoint = this.#endpointOf(origin, pathname, `${[...headers.values()].join(' ')} ${search}`)
    if (found === undefined || endpoint === undefined) return new Response('{"error":{"message":"a drill answers chat completions only"}}', { status: 404 })
    const [end, dialect] = found
    const server = await this.#server(endpoint, dialect)
    for (const name of OWN) headers.delete(name)
    return fetch(`${server.url}${/** @type {RegExpExecArray} */ (end.exec(pathname))[0]}${search}`, { ...init, headers })
  }

  /** The longest base that it lies under, for several may share a host; of those that are the same, the one whose key it has. @param {string} origin @param {string} path @param {string} credentials */
  #endpointOf (origin, path, credentials) {
    const under = this.#endpoints.filter((e) => e.base === origin && path.startsWith(e.path)).sort((a, b) => b.path.length - a.path.length)
    const numbered = this.#endpoints[Number(STAND_IN.exec(credentials)?.[1])]
    return under.includes(numbered) ? numbered : under[0]
  }

  /** @param {any} endpoint @param {'openai' | 'anthropic' | 'google' | 'relay'} dialect */
  async #server (endpoint, dialect) {
    let server = endpoint.servers.get(dialect)
    if (server === undefined) {
      server = this.#testing.createFaultServer({ dialect, name: printable(endpoint.name) })
      endpoint.servers.set(dialect, server)
      this.#tell(endpoint, server, dialect)
    }
    await server.ready
    return server
  }

  /**
   * From now on an endpoint does this; without a fault it is well.
   * @param {string} name
   * @param {((faults: typeof import('../../testing').faults, well: any, latencyMs: number) => any) | undefined} fault
   */
  disturb (name, fault) {
    for (const endpoint of this.#endpoints.filter((e) => e.name === name)) {
      endpoint.fault = fault
      for (const [dialect, server] of endpoint.servers) this.#tell(endpoint, server, dialect)
    }
  }

  /** @param {any} endpoint @param {any} server @param {string} dialect */
  #tell (endpoint, server, dialect) {
    const { faults } = this.#testing
    const well = faults.combine(faults.healthy({ usage: WORDS[dialect](this.#usage) }), faults.slowHeaders(this.#latencyMs))
    server.always(endpoint.fault === undefined ? well : endpoint.fault(faults, well, this.#latencyMs))
  }

  /** Requests that an endpoint's vendor has seen. @param {string} name */
  hits (name) {
    const servers = this.#endpoints.filter((e) => e.name === name).flatMap((e) => [...e.servers.values()])
    return servers.reduce((sum, server) => sum + server.totalHits, 0)
  }

  async close () {
    await Promise.all(this.#endpoints.flatMap((e) => [...e.servers.values()]).map((server) => server.close()))
  }
}

module.exports = { Vendors }
