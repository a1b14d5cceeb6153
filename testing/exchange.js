'use strict'

// Plays one answer on one transport.

const { Encoder } = require('./encoding')
const { splitter } = require('./splitter')

/** @typedef {import('./answer').Answer} Answer */
/**
 * @typedef {object} Sink what a transport can do
 * @property {(status: number, headers: Record<string, any>) => void} inform a 1xx head
 * @property {(answer: Answer) => void} head
 * @property {(data: string | Uint8Array) => boolean} write false when the peer reads slower than we write
 * @property {() => Promise<void>} flushed resolves when all that was written has left the process
 * @property {() => void} finish a complete end of the body
 * @property {() => void} close the connection ends (FIN) without an end of the body
 * @property {() => void} reset the connection, or the stream where there are many, is reset
 * @property {() => void} cork
 * @property {() => void} uncork
 */

class Exchange {
  #sink
  #cancelled = false
  /** @type {NodeJS.Timeout | undefined} */
  #timer
  /** @type {(() => void) | undefined} */
  #wake

  /** @param {Sink} sink */
  constructor(sink) {
    this.#sink = sink
  }

  /** The connection is gone: the rest of the answer is dropped. */
  cancel() {
    this.#cancelled = true
    clearTimeout(this.#timer)
    this.#wake?.()
  }

  /** @param {Answer} answer @returns {Promise<'answered' | 'cut' | undefined>} undefined if it was cancelled */
  async play(answer) {
    const { fault } = answer
    const sink = this.#sink
    for (const { status, headers } of fault.informational ?? []) sink.inform(status, headers ?? {})
    if (fault.delay?.headers !== undefined) await this.#wait(fault.delay.headers)
    if (this.#cancelled) return undefined
    const encoder = fault.encoding && new Encoder(fault.encoding)
    const split = fault.split && splitter(fault.split)
    sink.cork()
    sink.head(answer)
    for (const operation of answer.timeline) {
      if ('send' in operation) {
        const data = encoder === undefined ? operation.send : await encoder.encode(operation.send)
        if (!(await this.#send(data, split, fault))) return undefined
      } else if ('wait' in operation) {
        await this.#pause(operation.wait)
      } else {
        if (encoder !== undefined && operation.end === 'eof' && !(await this.#send(await encoder.finish(), split, fault))) return undefined
        return this.#end(operation)
      }
      if (this.#cancelled) return undefined
    }
    throw new Error('a timeline ends with an end')
  }

  /**
   * @param {string | Uint8Array} data @param {ReturnType<typeof splitter> | undefined} split @param {import('./index').Fault} fault
   * @returns {Promise<boolean>} false if the connection went away meanwhile
   */
  async #send(data, split, fault) {
    if (split === undefined) {
      if (!this.#sink.write(data)) await this.#drained()
      return !this.#cancelled
    }
    for (const piece of split(typeof data === 'string' ? Buffer.from(data) : data)) {
      this.#sink.write(piece)
      await this.#pause(fault.split?.pause ?? 0)
      if (this.#cancelled) return false
    }
    return true
  }

  /** @param {{ end: 'eof' | 'close' | 'reset', broken: boolean }} operation */
  async #end({ end, broken }) {
    if (end === 'eof') {
      this.#sink.finish()
      this.#sink.uncork()
      return broken ? 'cut' : 'answered'
    }
    await this.#drained()
    if (this.#cancelled) return undefined
    if (end === 'reset') this.#sink.reset()
    else this.#sink.close()
    return 'cut'
  }

  async #drained() {
    this.#sink.uncork()
    await Promise.race([this.#sink.flushed(), this.#cancellation()])
    this.#sink.cork()
  }

  /** Sends what was written so far as its own packet, then waits. @param {number} ms */
  async #pause(ms) {
    this.#sink.uncork()
    if (ms === 0) await new Promise(setImmediate)
    else await this.#wait(ms)
    this.#sink.cork()
  }

  /** @param {number} ms @returns {Promise<void>} */
  #wait(ms) {
    const ended = this.#cancellation()
    // Beyond 2^31-1 ms a timer fires at once; no timer at all never fires.
    if (ms < 2 ** 31) this.#timer = setTimeout(() => this.#wake?.(), ms)
    return ended
  }

  /** @returns {Promise<void>} */
  #cancellation() {
    if (this.#cancelled) return Promise.resolve()
    return new Promise((resolve) => { this.#wake = resolve })
  }
}

module.exports = { Exchange }
