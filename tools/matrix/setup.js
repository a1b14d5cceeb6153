'use strict'

// Sets up the vendors of a cell, and the connection between them and the SDK.

const http = require('node:http')
const { once } = require('node:events')
const express = require('express')
const { FailoverClient } = require('../..')
const { createFaultServer, faults } = require('../../testing')
const { failover } = require('bellwether/express')
const { MODELS, answerTo } = require('./vendors')

/**
 * @typedef {object} Setup
 * @property {any} made the SDK
 * @property {import('../../testing').FaultServer} first
 * @property {import('../../testing').FaultServer} last the one that answers; without others, the first
 * @property {import('../../testing').FaultServer | undefined} spare must not be called
 * @property {string} dialect of the last
 * @property {() => Promise<unknown>} end
 */

/** @param {import('./cells').Cell} cell @param {boolean} streamed @returns {Promise<Setup>} */
async function setupCell ({ sdk, operation, path, condition }, streamed) {
  const isAlone = path === 'direct' || condition === 'healthy'
  const dialects = isAlone ? [sdk.dialect] : [sdk.dialect, condition.startsWith('to ') ? condition.slice(3) : sdk.dialect]
  const servers = dialects.map((dialect, i) => createFaultServer({ dialect, name: 'AB'[i] }))
  const [first, second] = servers
  const hasSpare = condition === 'cut after' && second !== undefined
  const last = hasSpare ? first : second ?? first
  const dialect = last === first ? sdk.dialect : dialects[1]
  // The first endpoint always calls the tools: their results may go to another.
  const before = operation === 'results' ? [answerTo('tools', sdk.dialect)] : []
  const step = lastStep(operation, condition, path, streamed, dialect)
  if (last === first) {
    first.script(...before, step)
  } else {
    first.script(...before, firstStep(operation, condition, sdk.dialect))
    last.script(step)
  }
  const ends = servers.map((server) => () => server.close())
  const setup = { first, last, spare: hasSpare ? second : undefined, dialect, end: () => Promise.all(ends.map((end) => end())) }
  if (path === 'direct') return { ...setup, made: sdk.make({ origin: first.origin }) }
  const client = new FailoverClient({
    apiKey: 'ours', proxy: false, endpoints: servers.map(({ url }, i) => ({ name: 'AB'[i], dialect: dialects[i], baseURL: url, model: MODELS[dialects[i]] }))
  })
  ends.push(() => client.close({ drain: 0 }))
  if (path === 'fetch') return { ...setup, made: sdk.make({ fetch: client.fetch }) }
  const app = express().use(failover(client, { proxy: true, authorize: 'none' }))
  const server = http.createServer(app).listen(0, '127.0.0.1')
  ends.push(async () => { server.closeAllConnections(); server.close() })
  await once(server, 'listening')
  return { ...setup, made: sdk.make({ origin: `http://127.0.0.1:${server.address().port}` }) }
}

/** The step of the first endpoint, if another one answers. */
function firstStep (operation, condition, dialect) {
  if (condition === 'cut before') return faults.combine(answerTo(operation, dialect), faults.cut({ after: 0 }))
  return faults.unavailable()
}

/** The step of the endpoint that answers. */
function lastStep (operation, condition, path, streamed, dialect) {
  const answer = answerTo(operation, dialect)
  if (condition === 'cut after') return faults.combine(answer, faults.cut({ after: 3 }))
  if (condition === 'cut before' && path === 'direct') return faults.combine(answer, faults.cut({ after: 0 }))
  if (operation === 'abort' || operation === 'break') return streamed ? faults.combine(answer, faults.stall({ after: 2 })) : faults.hang()
  return answer
}

module.exports = { setupCell }
