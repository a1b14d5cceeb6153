'use strict'

const path = require('node:path')
const { fork } = require('node:child_process')
const { once } = require('node:events')

const SERVER = path.join(__dirname, '..', 'mock-server.js')

/** Starts the mock server in its own process. */
async function startMock () {
  const child = fork(SERVER, { stdio: ['ignore', 2, 2, 'ipc'] })
  const [{ ports }] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => { throw new Error('the mock server did not start') })
  ])
  return {
    pid: child.pid,
    main: `http://127.0.0.1:${ports.main}`,
    second: `http://127.0.0.1:${ports.second}`,
    tls: `https://127.0.0.1:${ports.tls}`,
    async stop () {
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    }
  }
}

module.exports = { startMock }
