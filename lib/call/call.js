'use strict'

// Runs one call: submits it to the core and settles its promise.

const bridge = require('../native/bridge')
const { packRequest } = require('./encode')
const { errorFromNative, clientClosedError } = require('../util/errors')
const { withReport } = require('./report')
const { prepareRequest } = require('./request')
const { ChatStream } = require('./stream')
const { StreamState } = require('./stream-state')
const { onAbort } = require('../util/signal')
const { hasSubscribers, traceCall } = require('../telemetry/trace')

/**
 * @param {InstanceType<typeof import('../client/client').FailoverClient>} client
 * @param {import('../../native').NativeClient} native
 * @param {unknown} first A model and messages, or a whole request.
 * @param {unknown} second
 * @param {unknown} third
 */
function startCall (client, native, first, second, third) {
  return submit(client, native, prepareRequest(first, second, third))
}

/**
 * @param {InstanceType<typeof import('../client/client').FailoverClient>} client Kept alive while the call is awaited.
 * @param {import('../../native').NativeClient} native
 * @param {ReturnType<typeof import('./request').prepareRequest>} prepared
 * @returns {Promise<any>}
 */
function submit (client, native, prepared) {
  return new Promise((resolve, reject) => {
    const { signal } = prepared
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const slot = prepared.stream ? streamSlot(client, resolve, reject) : completionSlot(client, resolve, reject)
    const submitted = hasSubscribers()
      ? traceCall(slot, { client, operation: 'chat', via: 'client', stream: prepared.stream, request: () => prepared.request })
      : undefined
    const id = bridge.openSlot(slot)
    bridge.keepProcessAlive()
    slot.id = id
    try {
      if (signal !== undefined) {
        if (prepared.stream) /** @type {{ signal?: AbortSignal }} */ (slot).signal = signal
        slot.settled = onAbort(signal, () => {
          slot.abort(signal.reason)
          bridge.getHub().abort(id)
        })
      }
      native.submit(id, packRequest(prepared.body), prepared.options)
      submitted?.()
    } catch (error) {
      bridge.abandonSlot(id)
      slot.abort(error)
    }
  })
}

/** The slot of a call that is not streamed. */
class CompletionSlot {
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
      // A completion without a report is the receipt of a queued request.
      const value = JSON.parse(body)
      this.#resolve(report === '' ? value : withReport(value, report))
    } catch (error) {
      this.#reject(error)
    }
  }

  /** @param {string} error */
  reject (error) {
    if (this.#end()) this.#reject(errorFromNative(error))
  }

  dropped () {
    if (this.#end()) this.#reject(clientClosedError())
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
    bridge.releaseProcess()
    return true
  }
}

/** @param {unknown} client @param {(value: any) => void} resolve @param {(reason: unknown) => void} reject */
function completionSlot (client, resolve, reject) {
  return new CompletionSlot(client, resolve, reject)
}

/** @param {unknown} client @param {(value: any) => void} resolve @param {(reason: unknown) => void} reject */
function streamSlot (client, resolve, reject) {
  return new StreamState(client, (state) => resolve(state.queued ?? new ChatStream(state)), reject)
}

module.exports = { startCall }
