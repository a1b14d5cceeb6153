'use strict'

// One call from submit to settled promise.

const hub = require('../native/bridge')
const { pack } = require('./encode')
const { fromWire, closed } = require('../util/errors')
const { withReport } = require('./report')
const { prepare } = require('./request')
const { ChatStream } = require('./stream')
const { StreamState } = require('./stream-state')
const { onAbort } = require('../util/signal')
const { isWatched, follow } = require('../telemetry/trace')

/**
 * @param {InstanceType<typeof import('../client/client').FailoverClient>} client
 * @param {import('../../native').NativeClient} native
 * @param {unknown} first A model and messages, or a whole request.
 * @param {unknown} second
 * @param {unknown} third
 */
function call (client, native, first, second, third) {
  return submit(client, native, prepare(first, second, third))
}

/**
 * @param {InstanceType<typeof import('../client/client').FailoverClient>} client Kept alive while the call is awaited.
 * @param {import('../../native').NativeClient} native
 * @param {ReturnType<typeof import('./request').prepare>} call
 * @returns {Promise<any>}
 */
function submit (client, native, call) {
  return new Promise((resolve, reject) => {
    const { signal } = call
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const slot = call.stream ? streamSlot(client, resolve, reject) : answerSlot(client, resolve, reject)
    const submitted = isWatched()
      ? follow(slot, { client, operation: 'chat', via: 'client', stream: call.stream, request: () => call.request })
      : undefined
    const id = hub.open(slot)
    hub.retain()
    slot.id = id
    try {
      if (signal !== undefined) {
        if (call.stream) /** @type {{ signal?: AbortSignal }} */ (slot).signal = signal
        slot.settled = onAbort(signal, () => {
          slot.abort(signal.reason)
          hub.getHub().abort(id)
        })
      }
      native.submit(id, pack(call.body), call.options)
      submitted?.()
    } catch (error) {
      hub.abandon(id)
      slot.abort(error)
    }
  })
}

/** The slot of a call that is answered whole. */
class AnswerSlot {
  id = -1
  /** @type {(() => void) | undefined} */
  settled
  #open = true
  #client
  #resolve
  #reject

  /**
   * @param {unknown} client
   * @param {(value: any) => void} resolve
   * @param {(reason: unknown) => void} reject
   */
  constructor (client, resolve, reject) {
    this.#client = client
    this.#resolve = resolve
    this.#reject = reject
  }

  /** @param {string} body @param {string} report */
  resolve (body, report) {
    if (!this.#end()) return
    try {
      // Without a report it is no answer: the request was queued.
      const value = JSON.parse(body)
      this.#resolve(report === '' ? value : withReport(value, report))
    } catch (error) {
      this.#reject(error)
    }
  }

  /** @param {string} error */
  reject (error) {
    if (this.#end()) this.#reject(fromWire(error))
  }

  dropped () {
    if (this.#end()) this.#reject(closed())
  }

  /** @param {unknown} reason */
  abort (reason) {
    if (this.#end()) this.#reject(reason)
  }

  #end () {
    if (!this.#open) return false
    this.#open = false
    this.#client = undefined
    this.settled?.()
    hub.release()
    return true
  }
}

/** @param {unknown} client @param {(value: any) => void} resolve @param {(reason: unknown) => void} reject */
function answerSlot (client, resolve, reject) {
  return new AnswerSlot(client, resolve, reject)
}

/** @param {unknown} client @param {(value: any) => void} resolve @param {(reason: unknown) => void} reject */
function streamSlot (client, resolve, reject) {
  return new StreamState(client, (state) => resolve(state.queued ?? new ChatStream(state)), reject)
}

module.exports = { call }
