'use strict'

// Memory a stream costs while nothing happens on it: resident growth from a warm, collected process to one holding
// `streams` streams that have each delivered their first content.

const { setTimeout: sleep } = require('node:timers/promises')
const exchange = require('../lib/exchange')

const OPENING_AT_ONCE = 100
const SETTLE_MS = 500

module.exports = async function ({ client, target, streams, warmupStreams }) {
  const connected = await require(`../clients/${client}`).stream({ ...target, connections: streams + warmupStreams })
  const request = exchange.request()
  const open = []
  // The first streams pay for code and pools that later ones share; they stay open, so nothing is handed back.
  await openMore(connected, request, open, warmupStreams)
  const before = await residentBytes()
  await openMore(connected, request, open, streams)
  const after = await residentBytes()
  if (open.length !== streams + warmupStreams) throw new Error('not every stream opened')
  return { bytesPerStream: (after - before) / streams, streams }
}

async function openMore (connected, request, open, count) {
  let left = count
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, async () => {
    while (left-- > 0) {
      const iterator = (await connected.stream(request))[Symbol.asyncIterator]()
      const { value } = await iterator.next()
      if (value.choices[0].delta.role !== 'assistant') throw new Error('not the expected first chunk')
      if (!(await iterator.next()).value.choices[0].delta.content) throw new Error('not the expected content')
      open.push(iterator)
      iterator.next().catch(() => {}) // a reader waits for more, as one would; the process ends before it comes
    }
  }))
}

async function residentBytes () {
  for (let i = 0; i < 3; i++) {
    await sleep(SETTLE_MS)
    global.gc()
  }
  return process.memoryUsage.rss()
}
