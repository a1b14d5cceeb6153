'use strict'

const { setTimeout: sleep } = require('node:timers/promises')
const { randomFrom } = require('../../testing/random')
const { FailoverClient } = require('../..')
const { Calls, GRACE } = require('./calls')
const { Clients } = require('./clients')
const { sample, median } = require('./process')
const { startVendors } = require('./vendors')
const { problems } = require('./verdict')
const { progressLine, formatReport } = require('./report')

const CALLERS = 24
const SAMPLES = 40
const SAY_EVERY = 5000

/** @param {{ minutes: number, seed: number, json: boolean }} options @returns {Promise<number>} The exit code. */
async function run ({ minutes, seed, json }) {
  const random = randomFrom(seed)
  let vendors
  try {
    vendors = await startVendors(Math.floor(random() * 2 ** 32))
  } catch (error) {
    process.stderr.write(`bellwether soak: ${error.message}\n`)
    return 2
  }
  process.stderr.write(`bellwether soak: ${minutes} min with seed ${seed}\n`)
  // Modules that the first client loads stay in memory.
  await new FailoverClient({ apiKey: 'k', endpoints: vendors.endpoints.slice(-1), tls: { ca: vendors.ca }, proxy: false }).close()
  const start = sample()

  const length = minutes * 60_000
  const began = performance.now()
  const elapsed = () => performance.now() - began
  let interrupted = false
  process.once('SIGINT', () => { interrupted = true })
  const calls = new Calls(random)
  const clients = new Clients(vendors, random)
  const callers = Array.from({ length: CALLERS }, async () => {
    while (elapsed() < length && !interrupted) {
      await calls.one(clients.get())
      await sleep(random() * 30)
    }
  })

  const samples = []
  let said = 0
  while (elapsed() < length && !interrupted) {
    await sleep(Math.min(length / SAMPLES, SAY_EVERY))
    samples.push({ at: elapsed(), ...sample() })
    if (elapsed() - said < SAY_EVERY) continue
    said = elapsed()
    process.stderr.write(`${progressLine(said, calls, clients, samples.at(-1))}\n`)
  }
  const lasted = elapsed()
  await Promise.all(callers)
  await clients.close()
  const left = await settle(start)
  vendors.end()

  const report = reportOf({ minutes: lasted / 60_000, seed, calls, clients, start, samples, left, lasted })
  const found = problems(report)
  const { unexpected: _, ...shown } = report
  process.stdout.write(json ? `${JSON.stringify({ ...report, problems: found })}\n` : formatReport(shown, found))
  return found.length === 0 ? 0 : 1
}

/** Waits for sockets to close and for the garbage collector. */
async function settle (start) {
  const end = performance.now() + GRACE
  for (;;) {
    const left = sample()
    if (left.fds === null || left.fds <= start.fds || performance.now() > end) return left
    await sleep(100)
  }
}

function reportOf ({ minutes, seed, calls, clients, start, samples, left, lasted }) {
  const quarter = (n) => {
    const within = samples.filter(({ at }) => at >= (lasted * n) / 4 && at <= (lasted * (n + 1)) / 4)
    return (name) => median((within.length > 0 ? within : samples).map((one) => one[name]))
  }
  const [warm, end] = [quarter(1), quarter(3)]
  const over = (name) => ({ start: start[name], warm: warm(name), end: end(name), closed: left[name] })
  const peak = (name) => (start[name] === null ? null : Math.max(...samples.map((one) => one[name])))
  return {
    minutes,
    seed,
    calls: { started: calls.started, answered: calls.answered, endedByCaller: calls.given, stuck: calls.stuck },
    failed: calls.failed,
    unexpected: calls.unexpected,
    failovers: clients.failovers,
    clients: clients.opened,
    events: clients.events,
    latencyMs: { p50: calls.latency.quantile(0.5), p99: calls.latency.quantile(0.99) },
    rss: over('rss'),
    heap: over('heap'),
    fds: { start: start.fds, peak: peak('fds'), end: left.fds },
    threads: { start: start.threads, peak: peak('threads'), end: left.threads },
    active: clients.active
  }
}

module.exports = { run, reportOf }
