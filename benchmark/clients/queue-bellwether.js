'use strict'

// The package under test: a call is queued because its endpoint is parked. It is delivered by a client of the next process,
// as it were: one with an endpoint that is well.

const http = require('node:http')
const path = require('node:path')
const { once } = require('node:events')
const { createClient } = require('./bellwether')

exports.connect = async function ({ folder, target: { origin, prefix, apiKey }, jobs }) {
  const file = path.join(folder, 'queue.db')
  const parked = http.createServer((_, res) => res.writeHead(503, { 'retry-after': '3600', 'content-type': 'application/json' }).end('{}'))
  await once(parked.listen(0, '127.0.0.1'), 'listening')
  const options = { onUnavailable: 'queue', maxRetries: 0, queue: { path: file, maxJobs: jobs } }
  const client = createClient([{ name: 'parked', baseURL: `http://127.0.0.1:${parked.address().port}/v1`, apiKey }], undefined, options)
  return {
    async enqueue (request) {
      const { status } = await client.chatCompletion(request)
      if (status !== 'queued') throw new Error('it was not queued')
    },
    async drain () {
      await client.close()
      parked.closeAllConnections()
      parked.close()
      const start = performance.now()
      const next = createClient([{ name: 'well', baseURL: origin + prefix, apiKey }], undefined, options)
      // Deliveries do not keep a process alive.
      const alive = setInterval(() => {}, 1000)
      await new Promise((resolve, reject) => {
        let left = jobs
        next.on('queue', ({ event }) => {
          if (event === 'delivered' && --left === 0) resolve()
          if (event === 'failed' || event === 'dead') reject(new Error('a job came to nothing'))
        })
      })
      clearInterval(alive)
      const elapsedMs = performance.now() - start
      if (next.queue.size !== 0) throw new Error('something is left')
      await next.close()
      return elapsedMs
    }
  }
}
