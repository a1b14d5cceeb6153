'use strict'

// Runs one cell and checks its result.

const assert = require('node:assert/strict')
const { setTimeout: wait } = require('node:timers/promises')
const { StreamInterruptedError } = require('../..')
const { setupCell } = require('./setup')
const { MODELS, TEXT, CALLS, RESULTS, expectedRequest, expectedAnswer, assertAsked } = require('./vendors')

/** Timeout of a cell, in milliseconds. */
const LIMIT = 20_000

/** Whether an operation asks for a whole answer, for a stream, or for one after the other. */
const STREAMED = {
  answer: [false], stream: [true], tools: [false, true], results: [false], schema: [false], image: [false], abort: [false, true], break: [true]
}

/** Runs a cell. Rejects with the first assertion that fails. @param {import('./cells').Cell} cell */
async function run (cell) {
  for (const streamed of STREAMED[cell.operation]) {
    // A whole answer has no content before its cut.
    if (cell.condition === 'cut after' && !streamed) continue
    const setup = await setupCell(cell, streamed)
    const late = new AbortController()
    try {
      await Promise.race([
        call(cell, streamed, setup),
        wait(LIMIT, undefined, { signal: late.signal }).then(() => assert.fail(`not over within ${LIMIT / 1000} s`))
      ])
    } finally {
      late.abort()
      await setup.end()
    }
  }
}

// === expected results ===

/** @param {import('./cells').Cell} cell @param {boolean} streamed @param {import('./setup').Setup} setup */
async function call (cell, streamed, setup) {
  const { operation, condition, path } = cell
  if (operation === 'abort') await aborted(cell, streamed, setup)
  else if (operation === 'break') await left(cell, setup)
  else if (condition === 'cut after') await cutAfter(cell, setup)
  else if (condition === 'cut before' && path === 'direct') await cutBefore(cell, streamed, setup)
  else await answered(cell, streamed, setup)
  await assertRoute(cell, setup)
}

/** @param {import('./cells').Cell} cell @param {boolean} streamed @param {import('./setup').Setup} setup */
async function answered ({ sdk, operation }, streamed, { made }) {
  const sdkRequest = await askedFor(operation, sdk, made)
  const sdkAnswer = streamed ? await joinPieces(sdk.stream(made, sdkRequest)) : await sdk.ask(made, sdkRequest)
  const { usage, ...rest } = expectedAnswer(operation, sdk)
  const expected = streamed && sdk.miscountsStreams ? rest : { ...rest, usage }
  for (const [name, value] of Object.entries(expected)) assert.deepEqual(sdkAnswer[name], value, `${streamed ? 'streamed' : 'whole'}: ${name}`)
}

/** @param {import('./cells').Cell} cell @param {boolean} streamed @param {import('./setup').Setup} setup */
async function cutBefore ({ sdk, operation, path }, streamed, { made }) {
  const { sdkAnswer, error } = await outcome(sdk, made, operation, streamed)
  assertBroken(sdk, path, error)
  assert.deepEqual([sdkAnswer.text, sdkAnswer.calls], ['', []])
}

/** @param {import('./cells').Cell} cell @param {import('./setup').Setup} setup */
async function cutAfter ({ sdk, operation, path }, { made }) {
  const { sdkAnswer, error } = await outcome(sdk, made, operation, true)
  assertBroken(sdk, path, error)
  if (operation === 'tools') {
    // A call that arrived whole may be delivered before the cut; half a call never is.
    assert.deepEqual(sdkAnswer.calls, CALLS.slice(0, sdkAnswer.calls.length))
  } else {
    assert.equal(sdkAnswer.text, TEXT.match(/\s*\S+/g).slice(0, 3).join(''))
  }
}

/** @param {import('./cells').Cell} cell @param {boolean} streamed @param {import('./setup').Setup} setup */
async function aborted ({ sdk, operation }, streamed, { made, last }) {
  const controller = new AbortController()
  const sdkRequest = { ...expectedRequest(operation), signal: controller.signal }
  const gone = (error) => {
    assert.ok(sdk.isAbort(error), `the abort error of the SDK, got ${error.stack}`)
    return true
  }
  if (streamed) {
    let text = ''
    const reading = async () => {
      for await (const piece of sdk.stream(made, sdkRequest)) {
        text += piece.text ?? ''
        controller.abort()
      }
    }
    await (sdk.abortsQuietly ? reading() : assert.rejects(reading, gone))
    assert.ok(text !== '' && TEXT.startsWith(text), text)
  } else {
    const asking = sdk.ask(made, sdkRequest)
    await Promise.race([last.waitForHits(1), asking])
    controller.abort()
    await assert.rejects(asking, gone)
  }
  await last.waitForHits(1, { outcome: 'clientAborted' })
}

/** @param {import('./cells').Cell} cell @param {import('./setup').Setup} setup */
async function left ({ sdk, operation }, { made, last }) {
  let text = ''
  for await (const piece of sdk.stream(made, expectedRequest(operation))) {
    text += piece.text ?? ''
    if (text !== '') break
  }
  assert.ok(text !== '' && TEXT.startsWith(text), text)
  await last.waitForHits(1, { outcome: 'clientAborted' })
}

/**
 * Checks the error after a lost connection: the SDK passes it on or makes it the cause of its own, and so it does with
 * our error by `fetch`. Over HTTP an event carries the error.
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

/**
 * Checks which vendors were called, with which request. @param {import('./cells').Cell} cell @param
 * {import('./setup').Setup} rig
 */
async function assertRoute ({ sdk, operation, condition, path }, { first, last, spare, dialect }) {
  // The server may record a response after the SDK has read it.
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

/** Returns the request of an operation; of `results`, after the tools were called. */
async function askedFor (operation, sdk, made) {
  const sdkRequest = expectedRequest(operation)
  if (operation !== 'results') return sdkRequest
  const { calls, turn } = await sdk.ask(made, sdkRequest)
  assert.deepEqual(calls, CALLS)
  return { ...sdkRequest, since: { turn, results: RESULTS } }
}

/** Returns the answer, and the error that ended it. */
async function outcome (sdk, made, operation, streamed) {
  const sdkAnswer = { text: '', calls: [] }
  const sdkRequest = await askedFor(operation, sdk, made)
  try {
    if (streamed) await joinPieces(sdk.stream(made, sdkRequest), sdkAnswer)
    else Object.assign(sdkAnswer, await sdk.ask(made, sdkRequest))
    return { sdkAnswer, error: undefined }
  } catch (error) {
    return { sdkAnswer, error }
  }
}

/** Joins the pieces of a stream. @param {AsyncGenerator<Partial<import('./sdks').SdkAnswer>>} stream @param {any} sdkAnswer */
async function joinPieces (stream, sdkAnswer = { text: '', calls: [] }) {
  for await (const { text = '', calls = [], end = sdkAnswer.end, usage = sdkAnswer.usage } of stream) {
    Object.assign(sdkAnswer, { text: sdkAnswer.text + text, calls: [...sdkAnswer.calls, ...calls], end, usage })
  }
  return sdkAnswer
}

module.exports = { run }
