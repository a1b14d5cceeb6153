'use strict'

// Runs vendors in processes of their own, which are started, killed, revived, and end with this process.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const { setTimeout: sleep } = require('node:timers/promises')

const children = new Set()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})
for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15], ['SIGHUP', 1]]) {
  process.once(signal, () => process.exit(128 + number))
}

const TRIES = 50

class VendorProcess {
  #child
  #script

  /** @param {string} name @param {string} script The program of the process. */
  constructor (name, script) {
    this.name = name
    this.#script = script
  }

  /** Sends a message to the process. */
  send (message) {
    this.#child.send(message)
  }

  /** Starts on a free port outside of the ephemeral range, so that the port stays free while the vendor is dead. */
  async start () {
    for (let tries = 0; tries < TRIES; tries++) {
      this.port = 10_000 + Math.floor(Math.random() * 20_000)
      if (await this.#spawn()) return this
    }
    throw new Error(`no free port was found for ${this.name}`)
  }

  async kill () {
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  async revive () {
    for (let tries = 0; tries < TRIES; tries++) {
      if (await this.#spawn()) return
      await sleep(100)
    }
    throw new Error(`port ${this.port} of ${this.name} was taken while it was dead`)
  }

  async #spawn () {
    const child = fork(this.#script, [this.name, String(this.port)], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    children.add(child)
    child.once('exit', () => children.delete(child))
    const [{ url, error }] = await once(child, 'message')
    if (error !== undefined && error !== 'EADDRINUSE' && error !== 'EACCES') throw new Error(`${this.name} did not start: ${error}`)
    this.#child = child
    this.url = url
    return error === undefined
  }
}

function stopAll () {
  for (const child of children) child.kill('SIGKILL')
}

module.exports = { VendorProcess, stopAll }
