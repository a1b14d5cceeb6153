'use strict'

// BullMQ on a Redis of its own, with all defaults. Its worker answers at once, without a vendor.

const exchange = require('../lib/exchange')
const { startRedis } = require('../lib/redis')

/** As many as bellwether delivers at once. */
const CONCURRENCY = 8

exports.connect = async function ({ folder, settings, jobs }) {
  const { Queue, Worker } = require('bullmq')
  const redis = await startRedis(folder, settings)
  const connection = { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null }
  const queue = new Queue('calls', { connection })
  await queue.waitUntilReady()
  return {
    enqueue: (request) => queue.add('call', request),
    async drain () {
      await queue.close()
      const answer = exchange.answer()
      const start = performance.now()
      const worker = new Worker('calls', async () => answer, { connection, concurrency: CONCURRENCY })
      await new Promise((resolve, reject) => {
        let left = jobs
        worker.on('completed', () => { if (--left === 0) resolve() })
        worker.on('failed', () => reject(new Error('a job came to nothing')))
        worker.on('error', reject)
      })
      const elapsedMs = performance.now() - start
      await worker.close()
      await redis.stop()
      return elapsedMs
    }
  }
}
