'use strict'

const { setTimeout: sleep } = require('node:timers/promises')

/** Milliseconds: long enough to show an outage, short enough to wait for. */
const PER_REQUEST = 10
const SHORTEST = 4_000
const LONGEST = 12_000

/**
 * Sends requests from workers that share a rate.
 * @param {{ requests: number, concurrency: number, paced: boolean }} plan
 * @param {(n: number) => Promise<void>} send Called with the request's number, from 0; never rejects.
 */
async function runLoad ({ requests, concurrency, paced }, send) {
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

module.exports = { runLoad }
