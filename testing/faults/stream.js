'use strict'

// Faults of streams, and valid but unusual streams.

const { make } = require('./make')

/** @typedef {typeof import('../index')} Api */

/** @type {Api['faults']['cut']} */
const cut = ({ after = 1, how = 'close' } = {}) => make('cut', { stream: { cut: { after, how } } })

/** @type {Api['faults']['stall']} */
const stall = ({ after = 1, for: time } = {}) => make('stall', { stream: { stall: { after, for: time } } })

/** @type {Api['faults']['keepAlive']} */
const keepAlive = (every, { after = 'headers', for: time, text } = {}) => make('keepAlive', { stream: { keepAlive: { every, after, for: time, text } } })

/** @type {Api['faults']['malformedEvents']} */
const malformedEvents = (count = 1, { after = 1, text } = {}) => make('malformedEvents', { stream: { malformed: { after, count, text } } })

/** @type {Api['faults']['errorEvent']} */
const errorEvent = (kind = 'serverError', { after = 'headers', form, body, thenContinue, ...options } = {}) =>
  make('errorEvent', { stream: { error: { after, form, kind, body, thenContinue, options } } })

/** @type {Api['faults']['hugeEvent']} */
const hugeEvent = (bytes = 1024 * 1024, { after = 1 } = {}) => make('hugeEvent', { stream: { hugeEvent: { bytes, after } } })

/** @type {Api['faults']['emptyChunks']} */
const emptyChunks = (count = 1, { after = 0 } = {}) => make('emptyChunks', { stream: { emptyChunks: { count, after } } })

/** @type {Api['faults']['missingDone']} */
const missingDone = () => make('missingDone', { stream: { omit: ['done'] } })

/** @type {Api['faults']['missingFinish']} */
const missingFinish = () => make('missingFinish', { stream: { omit: ['finish'] } })

/** @type {Api['faults']['roleOnly']} */
const roleOnly = () => make('roleOnly', { stream: { omit: ['content', 'finish'] } })

/** @type {Api['faults']['omit']} */
const omit = (...what) => make('omit', { stream: { omit: what } })

/** @type {Api['faults']['pace']} */
const pace = (perChunk) => make('pace', { stream: { pace: perChunk } })

/** @type {Api['faults']['sseStyle']} */
const sseStyle = (style) => make('sseStyle', { stream: style })

module.exports = { cut, stall, keepAlive, malformedEvents, errorEvent, hugeEvent, emptyChunks, missingDone, missingFinish, roleOnly, omit, pace, sseStyle }
