'use strict'

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { setup, recordEvents } = require('../helpers/client')

/** A path for a queue's file, in a folder that goes with the test. */
function temporaryPath (t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-queue-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  return path.join(folder, 'queue.db')
}

/** Servers and a client with a queue, and all of its events. */
function setupQueue (t, { queue = {}, ...options } = {}) {
  const file = queue.path ?? temporaryPath(t)
  const made = setup(t, { servers: 1, onUnavailable: 'queue', maxRetries: 0, queue: { path: file, ...queue }, ...options })
  return { ...made, file, events: recordEvents(made.client, 'queue') }
}

/** `queued:3 delivered:2` */
function eventSummary (events) {
  return events.map(({ event, remaining }) => `${event}:${remaining}`).join(' ')
}

/** Everything on the disk that has to do with a queue. */
function readFiles (file) {
  const names = fs.readdirSync(path.dirname(file))
  return Buffer.concat(names.map((name) => fs.readFileSync(path.join(path.dirname(file), name))))
}

/** What was asked, in the order in which a server was asked. */
function promptsOf (server, from = 0) {
  return server.hits().slice(from).map((hit) => hit.body.messages[0].content)
}

module.exports = { temporaryPath, setupQueue, eventSummary, readFiles, promptsOf }
