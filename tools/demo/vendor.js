'use strict'

// A simulated vendor in a process of its own, so that it can be killed: `node vendor.js <name> <port>`.

const { createFaultServer, faults } = require('../../testing')

const [name, port] = process.argv.slice(2)
/** Latencies in milliseconds, scaled down from those of real vendors. */
const DELAYS = [20, 35, 25, 50, 30, 22, 60, 28, 40, 24]
const USAGE = { prompt_tokens: 400, completion_tokens: 150, total_tokens: 550 }

// Ends with the parent process, however that ends.
process.on('disconnect', () => process.exit())

const server = createFaultServer({ name, port: Number(port) })
const answer = faults.healthy({ usage: USAGE })
server.script(faults.forever(...DELAYS.map((delay) => faults.combine(answer, faults.slowHeaders(delay)))))
server.ready.then(
  () => process.send({ url: server.url }),
  (error) => process.send({ error: error.code ?? error.message }, () => process.exit(1))
)
