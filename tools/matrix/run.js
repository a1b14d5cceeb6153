'use strict'

// One cell, and what has to come of it.

const assert = require('node:assert/strict')
const { setTimeout: wait } = require('node:timers/promises')
const { StreamInterruptedError } = require('../..')
const { setUp } = require('./rig')
const { MODELS, TEXT, CALLS, RESULTS, askedBy, saidTo, assertAsked } = require('./vendors')

/** What a cell may take before it counts as hung. */
const LIMIT = 20_000

/** How an operation asks: for a whole answer, for a stream, or for one after the other. */
const STREAMED = {
  answer: [false], stream: [true], tools: [false, true], results: [false], schema: [false], image: [false], abort: [false, true], break: [true]
}

/**
 * Rejects with what does not hold.
 * @param {import('./cells').Cell} cell
 */
async function run (cell) {
  for (const streamed of STREAMED[cell.operation]) {
    // Nothing streams in a whole answer, so that no content can come before its cut.
    if (cell.condition === 'cut after' && !streamed) continue
    const rig = await setUp(cell, streamed)
    const late = new AbortController()
    try {
      await Promise.race([
        call(cell, streamed, rig),
        wait(LIMIT, undefined, { signal: late.signal }).then(() => assert.fail(`not over within ${LIMIT / 1000} s`))
      ])
    } finally {
      late.abort()
      await rig.end()
    }
  }
}

// === what has to come of it ===

/** @param {import('./cells').Cell} cell @param {boolean} streamed @param {import('./rig').Rig} rig */
async function call (cell, streamed, rig) {
  const { operation, condition, path } = cell
  if (operation === 'abort') await aborted(cell, streamed, rig)
  else if (operation === 'break') await left(cell, rig)
  else if (condition === 'cut after') await cutAfter(cell, rig)
  else if (condition === 'cut before' && path === 'direct') await cutBefore(cell, streamed, rig)
  else await answered(cell, streamed, rig)
  await assertRoute(cell, rig)
}

/** @param {import('./cells').Cell} cell @param {boolean} streamed @param {import('./rig').Rig} rig */
async function answered ({ sdk, operation }, streamed, { made }) {
  const asked = await askedFor(operation, sdk, made)
  const said = streamed ? await gathered(sdk.stream(made, asked)) : await sdk.ask(made, asked)
  const { usage, ...rest } = saidTo(operation, sdk)
  const expected = streamed && sdk.miscountsStreams ? rest : { ...rest, usage }
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(said[name], value, `${streamed ? 'streamed' : 'whole'}: ${name}`)
}

/** @param {import('./cells').Cell} cell @param {boolean} streamed @param {import('./rig').Rig} rig */
async function cutBefore ({ sdk, operation, path }, streamed, { made }) {
  const { said, error } = await outcome(sdk, made, operation, streamed)
  assertBroken(sdk, path, error)
  assert.deepEqual([said.text, said.calls], ['', []])
}

/** @param {import('./cells').Cell} cell @param {import('./rig').Rig} rig */
async function cutAfter ({ sdk, operation, path }, { made }) {
  const { said, error } = await outcome(sdk, made, operation, true)
  assertBroken(sdk, path, error)
  if (operation === 'tools') {
    // A call that came whole may be seen before the cut; half of one is never seen.
    assert.deepEqual(said.calls, CALLS.slice(0, said.calls.length))
  } else {
    assert.equal(said.text, TEXT.match(/\s*\S+/g).slice(0, 3).join(''))
  }
}

/** @param {import('./cells').Cell} cell @param {boolean} streamed @param {import('./rig').Rig} rig */
async function aborted ({ sdk, operation }, streamed, { made, last }) {
  const controller = new AbortController()
  const asked = { ...askedBy(operation), signal: controller.signal }
  const gone = (error) => {
    assert.ok(sdk.isAbort(error), `the abort error of the SDK, got ${error.stack}`)
    return true
  }
  if (streamed) {
    let text = ''
    const reading = async () => {
      for await (const piece of sdk.stream(made, asked)) {
        text += piece.text ?? ''
        controller.abort()
      }
    }
    await (sdk.abortsQuietly ? reading() : assert.rejects(reading, gone))
    assert.ok(text !== '' && TEXT.startsWith(text), text)
  } else {
    const asking = sdk.ask(made, asked)
    await Promise.race([last.waitForHits(1), asking])
    controller.abort()
    await assert.rejects(asking, gone)
  }
  await last.waitForHits(1, { outcome: 'clientAborted' })
}

/** @param {import('./cells').Cell} cell @param {import('./rig').Rig} rig */
async function left ({ sdk, operation }, { made, last }) {
  let text = ''
  for await (const piece of sdk.stream(made, askedBy(operation))) {
    text += piece.text ?? ''
    if (text !== '') break
  }
  assert.ok(text !== '' && TEXT.startsWith(text), text)
  await last.waitForHits(1, { outcome: 'clientAborted' })
}

/**
 * A connection that was lost is told as it is or as the cause of the SDK's own error, and so is our error by `fetch`. Over
 * HTTP there is an event that says so.
 * @param {import('./sdks').Sdk} sdk @param {string} path @param {any} error
 */
function assertBroken (sdk, path, error) {
  assert.ok(error, 'a short answer went for a whole one')
  if (path === 'express') {
    assert.ok(sdk.isError(error), `the error of the SDK, got ${error.stack}`)
    assert.match(error.message, /the stream broke after content was delivered/)
  } else {
    const lost = sdk.isError(error) ? error.cause : error
    assert.ok(path === 'direct' ? lost instanceof TypeError && lost.message === 'terminated' : lost instanceof StreamInterruptedError, error.stack)
  }
}

/** Who was asked, what, and what came of it. @param {import('./cells').Cell} cell @param {import('./rig').Rig} rig */
async function assertRoute ({ sdk, operation, condition, path }, { first, last, spare, dialect }) {
  // What the SDK has read may not be booked as sent yet.
  const seen = async (server) => (await server.waitForHits(server.totalHits, ({ outcome }) => outcome !== 'pending'))
    .map(({ fault, outcome }) => `${fault} ${outcome}`)
  const isCut = condition === 'cut after' || (condition === 'cut before' && path === 'direct')
  const isLeft = operation === 'abort' || operation === 'break'
  const before = operation === 'results' ? ['healthy answered'] : []
  assert.equal((await seen(last)).length, last === first ? 1 + before.length : 1, 'how often the last endpoint was asked')
  const hit = last.hits().at(-1)
  assert.equal(hit.outcome, isLeft ? 'clientAborted' : isCut ? 'cut' : 'answered')
  assert.equal(hit.model, path === 'direct' ? sdk.model : MODELS[dialect])
  assertAsked(hit, operation, dialect)
  if (last !== first) assert.deepEqual(await seen(first), [...before, condition === 'cut before' ? 'healthy+cut cut' : 'unavailable answered'])
  if (spare) assert.equal(spare.totalHits, 0)
}

// === helpers ===

/** What an operation asks; of results, after the tools were called. */
async function askedFor (operation, sdk, made) {
  const asked = askedBy(operation)
  if (operation !== 'results') return asked
  const { calls, turn } = await sdk.ask(made, asked)
  assert.deepEqual(calls, CALLS)
  return { ...asked, since: { turn, results: RESULTS } }
}

/** What was said, and the error that ended it. */
async function outcome (sdk, made, operation, streamed) {
  const said = { text: '', calls: [] }
  const asked = await askedFor(operation, sdk, made)
  try {
    if (streamed) await gathered(sdk.stream(made, asked), said)
    else Object.assign(said, await sdk.ask(made, asked))
    return { said, error: undefined }
  } catch (error) {
    return { said, error }
  }
}

/** The pieces of a stream as one. @param {AsyncGenerator<Partial<import('./sdks').Said>>} stream @param {any} said */
async function gathered (stream, said = { text: '', calls: [] }) {
  for await (const { text = '', calls = [], end = said.end, usage = said.usage } of stream) {
    Object.assign(said, { text: said.text + text, calls: [...said.calls, ...calls], end, usage })
  }
  return said
}

module.exports = { run }
