'use strict'

const path = require('node:path')
const { fork, spawn } = require('node:child_process')
const { once } = require('node:events')
const { COMPLETION, MESSAGE } = require('./answers')
const { MOCK } = require('./setup')

const SERVER = path.join(__dirname, '..', 'mock-server.js')

/** Starts the mock servers, each in its own process. */
async function startMock () {
  const [full, swift, anthropic] = await Promise.all([startFull(), startSwift(COMPLETION), startSwift(MESSAGE)])
  return {
    ...full,
    swift: swift.origin,
    swiftPid: swift.pid,
    swiftAnthropic: anthropic.origin,
    swiftAnthropicPid: anthropic.pid,
    stop: () => Promise.all([full.stop(), swift.stop(), anthropic.stop()])
  }
}

/** Everything: errors, streams, TLS. */
async function startFull () {
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

/** One answer to everything, over plain text alone. It ends with its input, so it never outlives the run. */
async function startSwift (answer) {
  const child = spawn(MOCK, { stdio: ['pipe', 'pipe', 2] })
  const length = Buffer.alloc(4)
  length.writeUInt32LE(answer.length)
  child.stdin.write(Buffer.concat([length, answer]))
  const [port] = await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => { throw new Error('the swift mock server did not start') })
  ])
  return {
    pid: child.pid,
    origin: `http://127.0.0.1:${Number(port)}`,
    async stop () {
      const gone = once(child, 'exit')
      child.stdin.end()
      await gone
    }
  }
}

module.exports = { startMock }
