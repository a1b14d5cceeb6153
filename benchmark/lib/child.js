'use strict'

const path = require('node:path')
const { fork } = require('node:child_process')

const SIDE = path.join(__dirname, 'side.js')
const TIME_LIMIT_MS = 180_000

/** Runs `job` in a fresh process and resolves with what it measured. */
function runSide (job) {
  return new Promise((resolve, reject) => {
    const child = fork(SIDE, { execArgv: ['--expose-gc'], stdio: ['ignore', 2, 2, 'ipc'], timeout: TIME_LIMIT_MS, killSignal: 'SIGKILL' })
    let answer
    child.once('message', (message) => { answer = message })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (answer?.result) resolve(answer.result)
      else reject(new Error(answer?.error ?? `ended without a result (${signal ?? `exit code ${code}`})`))
    })
    child.send(job)
  })
}

module.exports = { runSide }
