'use strict'

const { setTimeout: sleep } = require('node:timers/promises')

/** So long that an outage in the middle can be seen, so short that nobody waits. */
const PER_REQUEST = 10
const SHORTEST = 4_000
const LONGEST = 12_000

/**
 * Sends requests by workers that each loop at the same pace.
 * @param {{ requests: number, concurrency: number, paced: boolean }} plan
 * @param {(n: number) => Promise<void>} send Given the request's number, from 0; never rejects.
 */
async function load ({ requests, concurrency, paced }, send) {
  const workers = Math.min(concurrency, requests)
  const whole = Math.min(Math.max(requests * PER_REQUEST, SHORTEST), LONGEST)
  const pace = paced ? (whole / requests) * workers : 0
  let next = 0
  const work = async (_, worker) => {
    let due = performance.now() + (pace * worker) / workers
    await sleep(due - performance.now())
    while (next < requests) {
      await send(next++)
      due += pace
      await sleep(Math.max(0, due - performance.now()))
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
}

module.exports = { load }
