'use strict'

// Processes a text that is too long for one request: one part after the other.

const duration = require('../util/duration')
const { requireAnswer } = require('./require-answer')
const { configError } = require('../util/errors')
const { isPlainObject, describe } = require('../util/serialize-options')
const { onAbort } = require('../util/signal')

const MAX_PACE = 24 * 86_400_000
const OWN_OPTIONS = ['model', 'chunkSize', 'pace', 'fallbackModel', 'prompt', 'onProgress', 'resumeFrom', 'stream']
const CHUNK_SIZE = 4_000
const PACE = 500
const MAX_TOKENS = 1_000
const TIMEOUT = '45s'
/** Of the fallback model's own attempt. */
const FALLBACK_TIMEOUT = '30s'

/**
 * @param {InstanceType<typeof import('../client/client').FailoverClient>} client
 * @param {string[]} models Models of aliases and endpoints, in order.
 * @param {any} text
 * @param {any} options
 */
async function processLongContext (client, models, text, options = {}) {
  const { settings, chat: given } = readArguments(text, options)
  const chat = requireAnswer(client, given)
  const model = settings.model ?? models[0]
  if (model === undefined) throw configError([{ path: 'options.model', message: 'is missing, and no alias or endpoint names a model' }])
  const pieces = splitText(text, settings.chunkSize)
  // `resumeFrom` equal to the number of parts is a finished text; a greater value belongs to another text.
  if (settings.resumeFrom > pieces.length) {
    throw configError([{ path: 'options.resumeFrom', message: `must be at most ${pieces.length}, the number of parts, got ${settings.resumeFrom}` }])
  }
  const parts = []
  for (let index = settings.resumeFrom; index < pieces.length; index++) {
    try {
      if (parts.length > 0) await delay(settings.pace, chat.signal)
      const prompt = settings.prompt(pieces[index], index + 1, pieces.length)
      const { content, report } = await askAboutPart(client, model, settings.fallbackModel, prompt, chat)
      parts.push({ index, content, report })
      settings.onProgress?.({ index, done: index + 1, total: pieces.length, content })
    } catch (error) {
      // Keeps the answers that were paid for: `resumeFrom` continues here. The error may be frozen, or have this member
      // already.
      const longContext = { parts, resumeFrom: settings.resumeFrom + parts.length }
      if (error instanceof Error) Reflect.defineProperty(error, 'longContext', { value: longContext, configurable: true })
      throw error
    }
  }
  return { text: parts.map(({ content }) => content).join('\n'), parts }
}

/** @param {unknown} given */
function readPace (given) {
  const ms = duration.parseDuration(given, 'options.pace', PACE)
  // Node fires a longer timer at once.
  if (ms <= MAX_PACE) return ms
  throw configError([{ path: 'options.pace', message: `must be at most 24 days, got ${given}` }])
}

/** @param {any} text @param {any} options */
function readArguments (text, options) {
  const problems = []
  if (typeof text !== 'string' || text === '') problems.push({ path: 'text', message: `must be a non-empty string, got ${text === '' ? 'an empty string' : describe(text)}` })
  if (!isPlainObject(options)) throw configError([...problems, { path: 'options', message: `must be a plain object, got ${describe(options)}` }])
  const { model, chunkSize = CHUNK_SIZE, pace = PACE, fallbackModel, prompt = defaultPrompt, onProgress, resumeFrom = 0, stream } = options
  const expect = (/** @type {string} */ name, /** @type {boolean} */ is, /** @type {string} */ accepted, /** @type {unknown} */ given) => {
    if (!is) problems.push({ path: `options.${name}`, message: `must be ${accepted}, got ${describe(given)}` })
  }
  const isName = (/** @type {unknown} */ value) => value === undefined || (typeof value === 'string' && value !== '')
  expect('model', isName(model), 'the name of a model', model)
  expect('fallbackModel', isName(fallbackModel), 'the name of a model', fallbackModel)
  expect('chunkSize', Number.isInteger(chunkSize) && chunkSize > 0, 'a whole number of characters, at least 1', chunkSize)
  expect('resumeFrom', Number.isInteger(resumeFrom) && resumeFrom >= 0, 'the index of a part, at least 0', resumeFrom)
  expect('prompt', typeof prompt === 'function', 'a function', prompt)
  expect('onProgress', onProgress === undefined || typeof onProgress === 'function', 'a function', onProgress)
  expect('stream', stream === undefined || stream === false, 'omitted, because the answers of parts are not streamed', stream)
  if (problems.length > 0) throw configError(problems)
  /** @type {any} */
  const chat = Object.fromEntries(Object.entries(options).filter(([name]) => !OWN_OPTIONS.includes(name)))
  return {
    settings: { model, chunkSize, pace: readPace(pace), fallbackModel, prompt, onProgress, resumeFrom },
    chat: /** @type {any} */ ({ maxTokens: MAX_TOKENS, timeout: TIMEOUT, ...chat })
  }
}

/** @param {string} part @param {number} number @param {number} of */
function defaultPrompt (part, number, of) {
  return `[Part ${number}/${of}]\n${part}`
}

/**
 * @param {any} client
 * @param {string} model
 * @param {string | undefined} fallbackModel
 * @param {unknown} prompt
 * @param {any} chat
 */
async function askAboutPart (client, model, fallbackModel, prompt, chat) {
  if (typeof prompt !== 'string') throw configError([{ path: 'options.prompt', message: `must return a string, got ${describe(prompt)}` }])
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
 * Splits a text into parts of at most `size` UTF-16 units, never inside a grapheme cluster.
 * @param {string} text
 * @param {number} size
 */
function splitText (text, size) {
  const segments = new Intl.Segmenter().segment(text)
  const pieces = []
  for (let from = 0; from < text.length;) {
    let to = from + size
    if (to < text.length) {
      const { index, segment } = /** @type {Intl.SegmentData} */ (segments.containing(to))
      // A grapheme cluster longer than a part becomes a part of its own.
      to = index > from ? index : index + segment.length
    }
    pieces.push(text.slice(from, to))
    from = to
  }
  return pieces
}

/** @param {number} ms @param {AbortSignal | undefined} signal @returns {Promise<void>} */
function delay (ms, signal) {
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
