'use strict'

// Connects promises, streams and events to Rust. Each call has a slot. Rust queues results, wakes JavaScript once, and
// JavaScript takes them in bounded batches, so that fast streams leave the event loop time for other work.

const native = require('./addon')
const { processSingleton } = require('../util/process-singleton')

// The kinds of an item, as in src/binding/item.rs.
const RESOLVE = 0
const REJECT = 1
const CHUNK = 2
const DROPPED = 3
const EVENT = 4
const CALLBACK = 5

const BATCH_ITEMS = 256
const HEAD_WORDS = 3
const heads = new Uint32Array(BATCH_ITEMS * HEAD_WORDS)

/**
 * Receives the results of a call. Exactly one of the first three is called, last.
 * @typedef {object} Slot
 * @property {(body: string, report: string) => void} resolve
 * @property {(error: string) => void} reject
 * @property {() => void} dropped
 * @property {(chunk: string) => void} [chunk]
 */

/**
 * @typedef {object} Listener
 * @property {(kind: number, payload: string) => void} deliver
 * @property {(number: number, argument: string | undefined) => Promise<unknown>} invoke Calls one of the user's functions.
 * @property {import('../../native').NativeClient} native
 */

/** @type {import('../../native').Hub | undefined} */
let nativeHub
/** @type {(Slot | undefined)[]} */
const slots = []
/** @type {number[]} */
const free = []
/** @type {Map<number, WeakRef<Listener>>} */
const listeners = new Map()
let nextListener = 0

// One timer that never fires represents all pending work: a referenced timer keeps the process alive.
const MAX_TIMER_MS = 2 ** 31 - 1
/** @type {NodeJS.Timeout | undefined} */
let keepAliveTimer
let pendingCount = 0

function getHub () {
  nativeHub ??= new native.Hub(drain, heads)
  return nativeHub
}

function drain () {
  const texts = /** @type {string[]} */ (getHub().drain())
  const count = texts.length / 2
  try {
    for (let i = 0; i < count; i++) deliver(heads[i * HEAD_WORDS], heads[i * HEAD_WORDS + 1], heads[i * HEAD_WORDS + 2], texts[i * 2], texts[i * 2 + 1])
  } finally {
    // Rust does not wake JavaScript while items are left.
    if (count === BATCH_ITEMS) setImmediate(drain)
  }
}

/**
 * @param {number} kind
 * @param {number} id
 * @param {number} number
 * @param {string} text
 * @param {string} report
 */
function deliver (kind, id, number, text, report) {
  try {
    if (kind === CHUNK) {
      slots[id]?.chunk?.(text)
    } else if (kind === EVENT) {
      listeners.get(id)?.deref()?.deliver(number, text)
    } else if (kind === CALLBACK) {
      invokeCallback(id, number, Number(text), report)
    } else {
      const slot = slots[id]
      slots[id] = undefined
      free.push(id)
      if (kind === RESOLVE) slot?.resolve(text, report)
      else if (kind === REJECT) slot?.reject(text)
      else if (kind === DROPPED) slot?.dropped()
    }
  } catch (error) {
    // An error here (a bug, or JSON.parse on a vendor's text) must not lose the other items of the batch.
    setImmediate(() => { throw error })
  }
}

/**
 * @param {number} client
 * @param {number} question
 * @param {number} number Of the client's function.
 * @param {string | undefined} argument
 */
async function invokeCallback (client, question, number, argument) {
  const listener = listeners.get(client)?.deref()
  if (listener === undefined) return
  let given
  try {
    given = await listener.invoke(number, argument)
  } catch {
    // Rust reports that the function failed. The thrown value may quote a secret and is dropped.
  }
  listener.native.answer(question, typeof given === 'string' ? given : undefined)
}

/** Takes a slot. Hand its id to Rust in the same turn. @param {Slot} slot */
function openSlot (slot) {
  const id = free.pop() ?? slots.length
  slots[id] = slot
  return id
}

/** Returns a slot whose id was never handed to Rust. @param {number} id */
function abandonSlot (id) {
  slots[id] = undefined
  free.push(id)
}

/** Keeps the process alive until `releaseProcess` was called as often as this. */
function keepProcessAlive () {
  if (pendingCount++ > 0) return
  if (keepAliveTimer === undefined) keepAliveTimer = setInterval(() => {}, MAX_TIMER_MS)
  else keepAliveTimer.ref()
}

function releaseProcess () {
  if (--pendingCount === 0) keepAliveTimer?.unref()
}

/**
 * Starts an operation in Rust and returns a promise for its result, which keeps the process alive.
 * @param {(slot: number) => void} start
 * @param {(body: string) => any} read
 * @param {() => Error} dropped
 */
function startOperation (start, read, dropped) {
  const { errorFromNative } = require('../util/errors')
  return new Promise((resolve, reject) => {
    const slot = openSlot({
      resolve: (body) => { releaseProcess(); resolve(read(body)) },
      reject: (error) => { releaseProcess(); reject(errorFromNative(error)) },
      dropped: () => { releaseProcess(); reject(dropped()) }
    })
    keepProcessAlive()
    try {
      start(slot)
    } catch (error) {
      abandonSlot(slot)
      releaseProcess()
      reject(error)
    }
  })
}

/** @param {Listener} listener */
function registerListener (listener) {
  const id = nextListener++
  listeners.set(id, new WeakRef(listener))
  finalizers.register(listener, id)
  return id
}

const finalizers = new FinalizationRegistry((/** @type {number} */ id) => listeners.delete(id))

module.exports = processSingleton('hub', () => ({ getHub, openSlot, abandonSlot, keepProcessAlive, releaseProcess, startOperation, registerListener }))
