'use strict'

// A simulated vendor in a process of its own: `node vendor.js <name> <port>`. After the message 'failing' it answers
// with errors only.

const { createFaultServer, faults } = require('../../testing')

const [name, port] = process.argv.slice(2)
/** Median latencies in milliseconds, a tenth of those of real vendors. */
const MEDIANS = { primary: 80, secondary: 95, tertiary: 110 }
/** Standard deviation of the logarithm: one answer in twenty takes more than twice the median. */
const SPREAD = 0.45
const DRAWS = 500
const USAGE = { prompt_tokens: 400, completion_tokens: 150, total_tokens: 550 }

// Ends with the parent process, however that ends.
process.on('disconnect', () => process.exit())

const server = createFaultServer({ name, port: Number(port) })
const answer = faults.healthy({ usage: USAGE })
const random = generator(MEDIANS[name])
const answers = Array.from({ length: DRAWS }, () => {
  const delay = Math.round(MEDIANS[name] * Math.exp(SPREAD * normal(random)))
  return faults.combine(answer, faults.slowHeaders(delay))
})
/** The sequence of errors during the outage. */
const errors = [faults.serverError(), faults.serverError(), faults.overloaded(), faults.htmlPage(502), faults.reset(), faults.gatewayTimeout(), faults.unavailable()]

server.always(faults.forever(...answers))
process.on('message', (what) => {
  if (what === 'failing') server.always(faults.forever(...errors))
})
server.ready.then(
  () => process.send({ url: server.url }),
  (error) => process.send({ error: error.code ?? error.message }, () => process.exit(1))
)

/** A generator with the same sequence in every run (mulberry32). */
function generator (seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A normal distribution by the Box–Muller transform. */
function normal (random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
