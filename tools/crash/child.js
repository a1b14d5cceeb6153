'use strict'

// The process that is killed. `queue` sends calls until then; `drain` delivers the remaining jobs and reports them.
// Each report is a line of JSON on stdout.

const fs = require('node:fs')
const { FailoverClient } = require('../..')

const [mode, path, url, prefix, pace] = process.argv.slice(2)
// Written synchronously: process.stdout buffers lines that do not fit into the pipe, and a kill would lose them.
const report = (/** @type {object} */ line) => fs.writeSync(1, `${JSON.stringify(line)}\n`)

const client = new FailoverClient({
  proxy: false,
  maxRetries: 0,
  breaker: false,
  onUnavailable: 'queue',
  queue: { path, maxJobs: 1_000_000 },
  endpoints: [{ name: 'vendor', baseURL: url, apiKey: 'sk-crash-test-0123456789', model: 'm' }]
})

async function queue () {
  await client.queue.ready()
  report({ ready: true })
  for (let n = 0; ; n++) {
    const name = `${prefix}-${n}`
    report({ sends: name })
    client.chatCompletion('m', name).then((/** @type {any} */ answer) => {
      if (answer.status === 'queued') report({ queued: answer.id, name })
    }, (error) => report({ failed: error.message }))
    // Several calls share a commit, but not all of them.
    if (n % 3 === 2) await new Promise((resolve) => setTimeout(resolve, Number(pace)))
  }
}

async function drain () {
  await client.queue.ready()
  // A vendor that was down is in cooldown for some seconds.
  while (client.queue.size > 0) {
    await client.retryQueuedRequests()
    if (client.queue.size > 0) await new Promise((resolve) => setTimeout(resolve, 50))
  }
  for (let after; ;) {
    const jobs = await client.queue.list({ limit: 1000, after })
    for (const { id, state } of jobs) {
      if (state !== 'delivered') {
        report({ id, state })
        continue
      }
      const answer = await client.queue.result(id)
      report({ id, state, text: answer.choices[0].message.content, maybeDuplicate: answer.report.maybeDuplicate === true })
    }
    if (jobs.length < 1000) break
    after = jobs.at(-1)?.id
  }
  report({ done: true })
  await client.close()
}

(mode === 'queue' ? queue() : drain()).catch((error) => {
  report({ failed: error.message })
  process.exitCode = 1
})
