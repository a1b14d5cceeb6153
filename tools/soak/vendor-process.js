'use strict'

// Runs all vendors in one separate process, so that the memory and files of the soak process belong to the clients
// alone. Usage: `<seed>`.

const { createFaultServer } = require('../../testing')
const { randomFrom } = require('../../testing/random')
const { mix } = require('./faults')

const random = randomFrom(Number(process.argv[2]))
/** The last vendor is always healthy: a failure there is a bug of the client. */
const VENDORS = [
  { name: 'plain' }, { name: 'tls', tls: true }, { name: 'h2', tls: true, h2: true },
  { name: 'h2-narrow', tls: true, h2: { maxConcurrentStreams: 2 } }, { name: 'expired', tls: 'expired' }, { name: 'well', tls: true }
]
const servers = VENDORS.map((options) => createFaultServer({ historySize: 10, ...options }))
servers.forEach((server, i) => { if (VENDORS[i].name !== 'well') server.script(mix(VENDORS[i].h2, random)) })

/** Disturbs a whole vendor: it drops all connections, or goes down and comes back. */
setTimeout(strike, 1000)
async function strike () {
  const server = servers[Math.floor(random() * (servers.length - 1))]
  if (random() < 0.5) {
    server.dropConnections()
  } else {
    server.stop()
    await new Promise((resolve) => setTimeout(resolve, 300 * random()))
    await server.start().catch(() => {})
  }
  setTimeout(strike, 200 + 1500 * random())
}

process.on('disconnect', () => process.exit())
Promise.all(servers.map((server) => server.ready)).then(() => {
  process.send(servers.map((server, i) => ({ name: VENDORS[i].name, baseURL: server.url, ca: server.ca })))
})
