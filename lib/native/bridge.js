'use strict'

// The crossing to Rust. Calls have a slot each; Rust queues what becomes of them, wakes us once, and we take
// all that is ready, in bounded batches, so that fast streams leave the event loop room for everything else.

const native = require('./addon')
const { once } = require('../util/process-singleton')

// The kinds of src/node/item.rs.
const RESOLVE = 0
const REJECT = 1
const CHUNK = 2
const DROPPED = 3
const EVENT = 4
const ASK = 5

const BATCH = 256
const HEAD = 3
const heads = new Uint32Array(BATCH * HEAD)

/**
 * What becomes of a slot. Exactly one of the first three is called, last.
 * @typedef {object} Slot
 * @property {(body: string, report: string) => void} resolve
 * @property {(error: string) => void} reject
 * @property {() => void} dropped
 * @property {(chunk: string) => void} [chunk]
 */

/**
 * @typedef {object} Listener
 * @property {(kind: number, payload: string) => void} deliver
 * @property {(number: number, argument: string | undefined) => Promise<unknown>} ask Calls one of the user's functions.
 * @property {import('../../native').NativeClient} native
 */

/** @type {import('../../native').Hub | undefined} */
let hub
/** @type {(Slot | undefined)[]} */
const slots = []
/** @type {number[]} */
const free = []
/** @type {Map<number, WeakRef<Listener>>} */
const clients = new Map()
let nextClient = 0

// One timer that never fires stands for everything that is awaited: a referenced one keeps the process alive.
const LONGEST = 2 ** 31 - 1
/** @type {NodeJS.Timeout | undefined} */
let alive
let awaited = 0

function getHub () {
  hub ??= new native.Hub(drain, heads)
  return hub
}

function drain () {
  const texts = /** @type {string[]} */ (getHub().drain())
  const count = texts.length / 2
  try {
    for (let i = 0; i < count; i++) deliver(heads[i * HEAD], heads[i * HEAD + 1], heads[i * HEAD + 2], texts[i * 2], texts[i * 2 + 1])
  } finally {
    // Rust does not wake us while something is left: that is ours to fetch.
    if (count === BATCH) setImmediate(drain)
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
      clients.get(id)?.deref()?.deliver(number, text)
    } else if (kind === ASK) {
      answer(id, number, Number(text), report)
    } else {
      const slot = slots[id]
      slots[id] = undefined
      free.push(id)
      if (kind === RESOLVE) slot?.resolve(text, report)
      else if (kind === REJECT) slot?.reject(text)
      else if (kind === DROPPED) slot?.dropped()
    }
  } catch (error) {
    // Ours, or what JSON.parse thinks of a vendor's text: one item must not cost the others of its batch.
    setImmediate(() => { throw error })
  }
}

/**
 * @param {number} client
 * @param {number} question
 * @param {number} number Which of the client's functions.
 * @param {string | undefined} argument
 */
async function answer (client, question, number, argument) {
  const listener = clients.get(client)?.deref()
  if (listener === undefined) return
  let given
  try {
    given = await listener.ask(number, argument)
  } catch {
    // Rust says that the function failed; what it threw may quote a secret and stays here.
  }
  listener.native.answer(question, typeof given === 'string' ? given : undefined)
}

/**
 * Takes a slot; give it to Rust in the same turn.
 * @param {Slot} slot
 */
function open (slot) {
  const id = free.pop() ?? slots.length
  slots[id] = slot
  return id
}

/**
 * Gives a slot back that Rust never heard of.
 * @param {number} id
 */
function abandon (id) {
  slots[id] = undefined
  free.push(id)
}

/** Keeps the process alive until as many `release` as `retain` were called. */
function retain () {
  if (awaited++ > 0) return
  if (alive === undefined) alive = setInterval(() => {}, LONGEST)
  else alive.ref()
}

function release () {
  if (--awaited === 0) alive?.unref()
}

/**
 * A promise for something that Rust does. It keeps the process alive.
 * @param {(slot: number) => void} start
 * @param {(body: string) => any} read
 * @param {() => Error} dropped
 */
function ask (start, read, dropped) {
  const { fromWire } = require('../util/errors')
  return new Promise((resolve, reject) => {
    const slot = open({
      resolve: (body) => { release(); resolve(read(body)) },
      reject: (error) => { release(); reject(fromWire(error)) },
      dropped: () => { release(); reject(dropped()) }
    })
    retain()
    try {
      start(slot)
    } catch (error) {
      abandon(slot)
      release()
      reject(error)
    }
  })
}

/** @param {Listener} listener */
function register (listener) {
  const id = nextClient++
  clients.set(id, new WeakRef(listener))
  forget.register(listener, id)
  return id
}

const forget = new FinalizationRegistry((/** @type {number} */ id) => clients.delete(id))

module.exports = once('hub', () => ({ getHub, open, abandon, retain, release, ask, register }))
