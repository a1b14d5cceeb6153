'use strict'

// Faults of bodies: wrong, compressed, split oddly, or of another length than announced.

const { make } = require('./make')

/** @typedef {typeof import('../index')} Api */

/** @type {Api['faults']['malformedJson']} */
const malformedJson = () => make('malformedJson', { payload: 'malformed' })

/** @type {Api['faults']['truncatedJson']} */
const truncatedJson = () => make('truncatedJson', { payload: 'truncated' })

/** @type {Api['faults']['emptyBody']} */
const emptyBody = () => make('emptyBody', { payload: 'empty' })

/** @type {Api['faults']['gzip']} */
const gzip = ({ corrupt } = {}) => make('gzip', { encoding: { type: 'gzip', corrupt } })

/** @type {Api['faults']['brotli']} */
const brotli = ({ corrupt } = {}) => make('brotli', { encoding: { type: 'br', corrupt } })

/** @type {Api['faults']['deflate']} */
const deflate = ({ corrupt, raw } = {}) => make('deflate', { encoding: { type: 'deflate', corrupt, raw } })

/** @type {Api['faults']['splitEvery']} */
const splitEvery = (bytes, { pause } = {}) => make('splitEvery', { split: { every: bytes, pause } })

/** @type {Api['faults']['splitAt']} */
const splitAt = (offsets, { pause } = {}) => make('splitAt', { split: { at: offsets, pause } })

/** @type {Api['faults']['splitRandomly']} */
const splitRandomly = (seed, { max = 16, pause } = {}) => make('splitRandomly', { split: { seed, max, pause } })

/** @type {Api['faults']['byteAtATime']} */
const byteAtATime = ({ pause } = {}) => make('byteAtATime', { split: { every: 1, pause } })

/** @type {Api['faults']['contentLengthOff']} */
const contentLengthOff = (bytes) => make('contentLengthOff', { contentLength: { off: bytes } })

/** @type {Api['faults']['framing']} */
const framing = (kind) => make('framing', { framing: kind })

module.exports = { malformedJson, truncatedJson, emptyBody, gzip, brotli, deflate, splitEvery, splitAt, splitRandomly, byteAtATime, contentLengthOff, framing }
