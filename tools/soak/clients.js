'use strict'

// Creates clients and ends them: each serves some hundred calls, then is closed, with or without calls in flight, or is
// dropped without being closed.

const { setTimeout: sleep } = require('node:timers/promises')
const { FailoverClient } = require('../..')
const { GRACE } = require('./calls')

const KEPT = 4
const LIFE = [50, 400]

class Clients {
  #make
  #random
  /** @type {{ client: FailoverClient, left: number }[]} */
  #kept
  /** @type {Set<Promise<void>>} */
  #ending = new Set()
  opened = 0
  failovers = 0
  events = 0
  /** Calls that a client still counted as in flight some time after the last had ended. */
  active = 0

  /** @param {Awaited<ReturnType<typeof import('./vendors').startVendors>>} vendors @param {() => number} random */
  constructor (vendors, random) {
    this.#random = random
    this.#make = () => this.#open(vendors)
    this.#kept = Array.from({ length: KEPT }, this.#make)
  }

  /** Returns a client for one call. */
  get () {
    const at = Math.floor(this.#random() * KEPT)
    const entry = this.#kept[at]
    if (--entry.left > 0) return entry.client
    this.#kept[at] = this.#make()
    this.#part(entry.client)
    return entry.client
  }

  /** Closes all clients. */
  async close () {
    await Promise.all(this.#ending)
    await Promise.all(this.#kept.map(async ({ client }) => {
      client.monitor.stopMonitoring()
      this.active += await remaining(client)
      await client.close()
    }))
    this.#kept = []
  }

  #open ({ endpoints, ca }) {
    const random = this.#random
    this.opened++
    // The vendor that is always healthy comes last, or is left out for one client in four.
    const [well] = endpoints.slice(-1)
    const others = endpoints.slice(0, -1).map((endpoint) => ({ endpoint, at: random() })).sort((a, b) => a.at - b.at).slice(0, 3)
    const client = new FailoverClient({
      apiKey: 'sk-soak-0123456789abcdef',
      proxy: false,
      endpoints: [...others.map(({ endpoint }) => endpoint), ...(random() < 0.75 ? [well] : [])],
      tls: { ca },
      retry: { backoff: { initial: 1, max: 50 } },
      breaker: { recoveryTimeout: 200, maxRecoveryTimeout: 1000 },
      timeout: { connect: 500 },
      health: { checkInterval: 200, timeout: 500, probes: 'endpoint', historySize: 50 }
    })
    if (random() < 0.5) client.monitor.startMonitoring().catch(() => {})
    if (random() < 0.3) client.warmup()
    client.on('failover', () => { this.failovers++ })
    if (random() < 0.5) for (const name of ['attempt', 'retry', 'breaker', 'cooldown', 'healthCheck']) client.on(name, () => { this.events++ })
    return { client, left: LIFE[0] + Math.floor(random() * (LIFE[1] - LIFE[0])) }
  }

  /** Ends a client after its last call has begun, which happens in this turn of the event loop. */
  #part (client) {
    const draw = this.#random()
    // A running monitor would keep a dropped client alive.
    client.monitor.stopMonitoring()
    if (draw < 0.2) return
    const end = Promise.resolve().then(() => client.close(draw < 0.6 ? { drain: 0 } : undefined)).then(async () => { this.active += await remaining(client) })
    this.#ending.add(end)
    end.finally(() => this.#ending.delete(end))
  }
}

/** Aborted and unread calls end a little later than their callers. @param {FailoverClient} client */
async function remaining (client) {
  const end = performance.now() + GRACE
  for (;;) {
    const active = Math.max(client.metrics.snapshot().activeCalls, ...client.getEndpointStatus().map((status) => status.inFlight))
    if (active === 0 || performance.now() > end) return active
    await sleep(20)
  }
}

module.exports = { Clients }
