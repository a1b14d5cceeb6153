'use strict'

// Steps of `npm test`: runs commands with their output collected, stops the others when one fails, keeps times.

const os = require('node:os')
const { spawn } = require('node:child_process')

const FAILED = 1
/** Exit code of a command that lacks something. */
const MISSING = 2
/** Lower than normal. */
const BACKGROUND = 10
const WINDOWS = process.platform === 'win32'

/** @typedef {{ name: string, seconds: number, result: 'passed' | 'failed' | 'stopped' }} Row */

class Steps {
  exitCode = 0
  /** @type {Row[]} */
  #rows = []
  #running = new Set()
  #began = Date.now()

  /** @param {string} root The folder in which commands run. */
  constructor (root) {
    this.root = root
    // Commands are in process groups of their own, so that a whole group can be stopped; a terminal does not reach those.
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
      process.once(signal, () => {
        this.#fail(FAILED)
        process.exit(FAILED)
      })
    }
  }

  get failed () {
    return this.exitCode !== 0
  }

  /**
   * Runs a step. A failure prints its message, stops the other commands and rejects.
   * @param {string} name @param {() => Promise<unknown>} work
   */
  async run (name, work) {
    if (this.failed) throw new Error('another step failed')
    const began = Date.now()
    /** @type {Row} */
    const row = { name, seconds: 0, result: 'stopped' }
    this.#rows.push(row)
    try {
      await work()
      row.result = 'passed'
    } catch (error) {
      // A command that was stopped because of another step has nothing to report.
      if (this.failed) throw error
      row.result = 'failed'
      console.error(`npm test: ${name}: ${/** @type {Error} */ (error).message}`)
      this.#fail(/** @type {any} */ (error).exitCode === MISSING ? MISSING : FAILED)
      throw error
    } finally {
      row.seconds = (Date.now() - began) / 1000
    }
  }

  /**
   * Runs a command as a step and prints its output as a whole, so that the outputs of two lanes do not mix.
   * @param {string} name @param {string} command @param {string[]} args @param {{ background?: boolean }} [options]
   */
  command (name, command, args, options) {
    return this.run(name, async () => {
      const { code, output, seconds } = await this.spawn(command, args, options)
      if (this.failed && code !== 0) throw new Error('stopped')
      console.log(`\n── ${name}: ${code === 0 ? '' : 'failed after '}${seconds.toFixed(0)} s${output === '' ? '' : `\n${output}`}`)
      if (code !== 0) throw Object.assign(new Error('failed'), { exitCode: code })
    })
  }

  /**
   * @param {string} command @param {string[]} args @param {{ background?: boolean, env?: NodeJS.ProcessEnv }} [options]
   * @returns {Promise<{ code: number | null, output: string, seconds: number }>}
   */
  spawn (command, args, { background = false, env = process.env } = {}) {
    const began = Date.now()
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, { cwd: this.root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: !WINDOWS })
      this.#running.add(child)
      /** @type {Buffer[]} */
      const chunks = []
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk))
      child.once('error', reject)
      child.once('close', (code) => {
        this.#running.delete(child)
        resolve({ code, output: Buffer.concat(chunks).toString().trimEnd(), seconds: (Date.now() - began) / 1000 })
      })
      if (background && child.pid !== undefined) os.setPriority(child.pid, BACKGROUND)
    })
  }

  /** What took how long, in the order in which it began. */
  table () {
    const width = Math.max(...this.#rows.map(({ name }) => name.length))
    const line = (/** @type {Row} */ { name, seconds, result }) => `${name.padEnd(width)}  ${seconds.toFixed(0).padStart(5)} s  ${result}`
    const total = line({ name: 'total', seconds: (Date.now() - this.#began) / 1000, result: this.failed ? 'failed' : 'passed' })
    return [`${'step'.padEnd(width)}     time  result`, ...this.#rows.map(line), total].join('\n')
  }

  /** @param {number} code */
  #fail (code) {
    this.exitCode ||= code
    for (const { pid } of this.#running) {
      try {
        if (WINDOWS) process.kill(pid)
        else process.kill(-pid, 'SIGTERM')
      } catch {
        // It has ended by itself.
      }
    }
  }
}

module.exports = { Steps }
