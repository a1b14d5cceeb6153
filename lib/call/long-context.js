'use strict'

// A text that is too long for one request, asked about in parts, one after the other.

const duration = require('../util/duration')
const { answered } = require('./require-answer')
const { ofProblems } = require('../util/errors')
const { isObject, what } = require('../util/serialize-options')
const { onAbort } = require('../util/signal')

const LONGEST_PACE = 24 * 86_400_000
const OWN = ['model', 'chunkSize', 'pace', 'fallbackModel', 'prompt', 'onProgress', 'resumeFrom', 'stream']
const CHUNK_SIZE = 4_000
const PACE = 500
const MAX_TOKENS = 1_000
const TIMEOUT = '45s'
/** What the fallback model has, by itself. */
const FALLBACK_TIMEOUT = '30s'

/**
 * @param {InstanceType<typeof import('../client/client').FailoverClient>} client
 * @param {string[]} models What somebody named, in order.
 * @param {any} text
 * @param {any} options
 */
async function processLongContext (client, models, text, options = {}) {
  const { own, chat: given } = read(text, options)
  const chat = answered(client, given)
  const model = own.model ?? models[0]
  if (model === undefined) throw ofProblems([{ path: 'options.model', message: 'is missing; no alias and no endpoint names one' }])
  const pieces = split(text, own.chunkSize)
  // A resumed call whose parts are all answered has nothing to ask; what lies beyond them is another text's.
  if (own.resumeFrom > pieces.length) {
    throw ofProblems([{ path: 'options.resumeFrom', message: `must be at most ${pieces.length}, the number of parts, got ${own.resumeFrom}` }])
  }
  const parts = []
  for (let index = own.resumeFrom; index < pieces.length; index++) {
    try {
      if (parts.length > 0) await pause(own.pace, chat.signal)
      const prompt = own.prompt(pieces[index], index + 1, pieces.length)
      const { content, report } = await ask(client, model, own.fallbackModel, prompt, chat)
      parts.push({ index, content, report })
      own.onProgress?.({ index, done: index + 1, total: pieces.length, content })
    } catch (error) {
      // What was paid for is not lost: `resumeFrom` goes on here. A signal's reason may be frozen, or have one already.
      const longContext = { parts, resumeFrom: own.resumeFrom + parts.length }
      if (error instanceof Error) Reflect.defineProperty(error, 'longContext', { value: longContext, configurable: true })
      throw error
    }
  }
  return { text: parts.map(({ content }) => content).join('\n'), parts }
}

/** @param {unknown} given */
function paceOf (given) {
  const ms = duration.ms(given, 'options.pace', PACE)
  // A longer timer would fire at once.
  if (ms <= LONGEST_PACE) return ms
  throw ofProblems([{ path: 'options.pace', message: `must be at most 24 days, got ${given}` }])
}

/** @param {any} text @param {any} options */
function read (text, options) {
  const problems = []
  if (typeof text !== 'string' || text === '') problems.push({ path: 'text', message: `must be a text, got ${text === '' ? 'an empty one' : what(text)}` })
  if (!isObject(options)) throw ofProblems([...problems, { path: 'options', message: `must be a plain object, got ${what(options)}` }])
  const { model, chunkSize = CHUNK_SIZE, pace = PACE, fallbackModel, prompt = label, onProgress, resumeFrom = 0, stream } = options
  const expect = (/** @type {string} */ name, /** @type {boolean} */ is, /** @type {string} */ accepted, /** @type {unknown} */ given) => {
    if (!is) problems.push({ path: `options.${name}`, message: `must be ${accepted}, got ${what(given)}` })
  }
  const isName = (/** @type {unknown} */ value) => value === undefined || (typeof value === 'string' && value !== '')
  expect('model', isName(model), "a model's name", model)
  expect('fallbackModel', isName(fallbackModel), "a model's name", fallbackModel)
  expect('chunkSize', Number.isInteger(chunkSize) && chunkSize > 0, 'a whole number of characters, at least 1', chunkSize)
  expect('resumeFrom', Number.isInteger(resumeFrom) && resumeFrom >= 0, 'the number of a part, from 0', resumeFrom)
  expect('prompt', typeof prompt === 'function', 'a function', prompt)
  expect('onProgress', onProgress === undefined || typeof onProgress === 'function', 'a function', onProgress)
  expect('stream', stream === undefined || stream === false, 'left out: parts are answered whole', stream)
  if (problems.length > 0) throw ofProblems(problems)
  /** @type {any} */
  const chat = Object.fromEntries(Object.entries(options).filter(([name]) => !OWN.includes(name)))
  return {
    own: { model, chunkSize, pace: paceOf(pace), fallbackModel, prompt, onProgress, resumeFrom },
    chat: /** @type {any} */ ({ maxTokens: MAX_TOKENS, timeout: TIMEOUT, ...chat })
  }
}

/** @param {string} part @param {number} number @param {number} of */
function label (part, number, of) {
  return `[Part ${number}/${of}]\n${part}`
}

/**
 * @param {any} client
 * @param {string} model
 * @param {string | undefined} fallbackModel
 * @param {unknown} prompt
 * @param {any} chat
 */
async function ask (client, model, fallbackModel, prompt, chat) {
  if (typeof prompt !== 'string') throw ofProblems([{ path: 'options.prompt', message: `must return a string, got ${what(prompt)}` }])
  let answer
  try {
    answer = await client.chatCompletion(model, prompt, chat)
  } catch (error) {
    if (fallbackModel === undefined || chat.signal?.aborted) throw error
    answer = await client.chatCompletion(fallbackModel, prompt, { ...chat, timeout: FALLBACK_TIMEOUT })
  }
  return { content: answer.choices[0]?.message?.content ?? '', report: answer.report }
}

/**
 * Pieces of at most so many UTF-16 units, never ending inside what a reader takes for one character.
 * @param {string} text
 * @param {number} size
 */
function split (text, size) {
  const segments = new Intl.Segmenter().segment(text)
  const pieces = []
  for (let from = 0; from < text.length;) {
    let to = from + size
    if (to < text.length) {
      const { index, segment } = /** @type {Intl.SegmentData} */ (segments.containing(to))
      // One that is larger than a piece is a piece of its own.
      to = index > from ? index : index + segment.length
    }
    pieces.push(text.slice(from, to))
    from = to
  }
  return pieces
}

/** @param {number} ms @param {AbortSignal | undefined} signal @returns {Promise<void>} */
function pause (ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    let forget = () => {}
    const timer = setTimeout(() => { forget(); resolve() }, ms)
    if (signal !== undefined) {
      forget = onAbort(signal, () => { clearTimeout(timer); reject(signal.reason) })
    }
  })
}

module.exports = { processLongContext }
