'use strict'

// Lists every combination of SDK, operation, path and condition, and the reason for those that cannot be tested.

const { SDKS } = require('./sdks')

const OPERATIONS = ['answer', 'stream', 'tools', 'results', 'schema', 'image', 'abort', 'break']
const PATHS = ['direct', 'fetch', 'express']
const DIALECTS = ['openai', 'anthropic', 'google', 'relay']
/** `to` a dialect: the first endpoint, of the SDK's own dialect, is down, and one of that dialect answers. */
const CONDITIONS = ['healthy', ...DIALECTS.map((dialect) => `to ${dialect}`), 'cut before', 'cut after']

/**
 * @typedef {object} Cell
 * @property {string} name
 * @property {import('./sdks').Sdk} sdk
 * @property {string} operation
 * @property {string} path
 * @property {string} condition
 * @property {string} [reason] why there is nothing to run
 */

const RULES = [
  ['a vendor alone has nobody to fail over to', ({ path, condition }) => path === 'direct' && condition.startsWith('to ')],
  ['a whole answer has no content before its end', ({ operation, condition }) => condition === 'cut after' && ['answer', 'results', 'schema', 'image'].includes(operation)],
  ['the caller is gone before the cut', ({ operation, condition }) => condition === 'cut after' && ['abort', 'break'].includes(operation)],
  ['the cut ends it before the caller can', ({ path, operation, condition }) => path === 'direct' && condition === 'cut before' && ['abort', 'break'].includes(operation)],
  ['this SDK does not close a stream whose loop is left, wherever it comes from', ({ sdk, operation }) => operation === 'break' && sdk.leavesOpen]
]

/** @param {Omit<Cell, 'name' | 'reason'>} cell @returns {Cell} */
function cellOf (cell) {
  const { sdk, operation, path, condition } = cell
  const reason = RULES.find(([, applies]) => applies(cell))?.[0]
  return { name: `${sdk.name} ${operation} ${path} ${condition}`, ...cell, ...(reason && { reason }) }
}

/** @type {Cell[]} */
const CELLS = SDKS.flatMap((sdk) => OPERATIONS.flatMap((operation) => PATHS.flatMap((path) =>
  CONDITIONS.map((condition) => cellOf({ sdk, operation, path, condition })))))

module.exports = { CELLS, OPERATIONS, PATHS, CONDITIONS, DIALECTS }
