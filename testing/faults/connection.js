'use strict'

// Faults without an answer, or with one that ends with the connection.

const { make } = require('./make')

/** @typedef {typeof import('../index')} Api */

/** @type {Api['faults']['reset']} */
const reset = ({ at = 'answer', scope, code } = {}) => make('reset', { connection: { action: 'reset', at, scope, code } })

/** @type {Api['faults']['close']} */
const close = ({ at = 'answer' } = {}) => make('close', { connection: { action: 'close', at } })

/** @type {Api['faults']['hang']} */
const hang = ({ at = 'answer' } = {}) => make('hang', { connection: { action: 'hang', at } })

/** @type {Api['faults']['halfOpen']} */
const halfOpen = () => make('halfOpen', { connection: { action: 'halfOpen', at: 'answer' } })

/** @type {Api['faults']['refuse']} */
const refuse = (time) => make('refuse', { connection: { action: 'refuse', at: 'accept', for: time } })

/** @type {Api['faults']['rstStream']} */
const rstStream = (code = 2) => make('rstStream', { connection: { action: 'reset', at: 'answer', scope: 'stream', code } })

/** @type {Api['faults']['goAway']} */
const goAway = ({ code = 0, processed = false } = {}) => make('goAway', { goAway: { code, processed } })

/** @type {Api['faults']['closeAfter']} */
const closeAfter = () => make('closeAfter', { closeAfter: true })

/** @type {Api['faults']['raw']} */
const raw = (bytes) => make('raw', { raw: bytes })

module.exports = { reset, close, hang, halfOpen, refuse, rstStream, goAway, closeAfter, raw }
