'use strict'

// Makes one random call and records its outcome. Each call has a deadline; one that has not ended some time later is
// stuck.

const { FailoverError } = require('../..')
const { Histogram } = require('./histogram')

const GRACE = 10_000
const TIMEOUT = { headers: 250, firstContent: 250, content: 250 }
const CONTENT = ['hi', 'Why? '.repeat(100), '"quoted"\n\u20ac '.repeat(3000)]
const MOST_UNEXPECTED = 10

/** What callers do, with weights in percent. */
const WAYS = [
  [30, whole], [25, streamed], [5, textStreamed], [5, finalOnly], [10, aborted], [10, abortedStream], [8, abandoned], [4, forgotten], [3, responded]
]

class Calls {
  #random
  started = 0
  answered = 0
  ended = 0
  stuck = 0
  /** Ended by the caller on purpose. */
  given = 0
  /** @type {Record<string, number>} */
  failed = {}
  /** @type {string[]} */
  unexpected = []
  latency = new Histogram()

  /** @param {() => number} random */
  constructor (random) {
    this.#random = random
  }

  get underWay () {
    return this.started - this.ended - this.stuck
  }

  /** @param {import('../..').FailoverClient} client */
  async one (client) {
    const random = this.#random
    const act = pick(random)
    const total = 200 + Math.floor(random() * 2000)
    const content = CONTENT[Math.floor(random() ** 3 * CONTENT.length)]
    const options = { timeout: { ...TIMEOUT, total }, maxRetries: Math.floor(random() * 4), onUnavailable: random() < 0.2 ? 'error' : 'wait' }
    this.started++
    const began = performance.now()
    let timer
    const late = new Promise((resolve) => { timer = setTimeout(resolve, total + GRACE, 'stuck') })
    try {
      const end = await Promise.race([act(client, content, options, random), late])
      if (end === 'stuck') {
        this.stuck++
        return
      }
      this.ended++
      if (end === 'answered') {
        this.answered++
        this.latency.add(performance.now() - began)
      } else {
        this.given++
      }
    } catch (error) {
      this.ended++
      this.#failure(error)
    } finally {
      clearTimeout(timer)
    }
  }

  #failure (error) {
    if (FailoverError.isInstance(error) && !error.code.endsWith('_INTERNAL')) {
      this.failed[error.reason] = (this.failed[error.reason] ?? 0) + 1
    } else if (error instanceof Gone) {
      this.given++
    } else if (this.unexpected.length < MOST_UNEXPECTED) {
      this.unexpected.push(String(error?.stack ?? error))
    }
  }
}

/** The reason of a caller's abort. */
class Gone extends Error {}

/** @param {() => number} random */
function pick (random) {
  let left = random() * WAYS.reduce((sum, [share]) => sum + share, 0)
  return WAYS.find(([share]) => (left -= share) < 0)?.[1] ?? whole
}

async function whole (client, content, options) {
  await client.chatCompletion('gpt-4o', content, options)
  return 'answered'
}

async function streamed (client, content, options) {
  for await (const _ of await client.chatCompletion('gpt-4o', content, { ...options, stream: true })) { /* read */ }
  return 'answered'
}

async function textStreamed (client, content, options) {
  for await (const _ of (await client.chatCompletion('gpt-4o', content, { ...options, stream: true })).textStream) { /* read */ }
  return 'answered'
}

async function finalOnly (client, content, options) {
  await (await client.chatCompletion('gpt-4o', content, { ...options, stream: true })).finalCompletion
  return 'answered'
}

async function responded (client, content, options) {
  const stream = await client.chatCompletion('gpt-4o', content, { ...options, stream: true })
  await stream.toResponse().text()
  return 'answered'
}

async function aborted (client, content, options, random) {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new Gone()), random() * 60)
  try {
    return await whole(client, content, { ...options, signal: controller.signal })
  } finally {
    clearTimeout(timer)
  }
}

async function abortedStream (client, content, options, random) {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new Gone()), random() * 60)
  try {
    return await streamed(client, content, { ...options, signal: controller.signal })
  } finally {
    clearTimeout(timer)
  }
}

/** Leaves the loop over a stream. */
async function abandoned (client, content, options, random) {
  let left = Math.floor(random() * 3)
  for await (const _ of await client.chatCompletion('gpt-4o', content, { ...options, stream: true })) if (left-- === 0) return 'abandoned'
  return 'answered'
}

/** Never reads the stream: the deadline or the garbage collector ends it. */
async function forgotten (client, content, options) {
  await client.chatCompletion('gpt-4o', content, { ...options, stream: true })
  return 'forgotten'
}

module.exports = { Calls, GRACE }
