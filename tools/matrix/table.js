'use strict'

const { OPERATIONS, PATHS, CONDITIONS } = require('./cells')

/** Short column titles, and what they mean. */
const SHORT = ['ok', '>o', '>a', '>g', '>r', '-|', '+|']
const LEGEND = `ok healthy   >o >a >g >r failover to openai, anthropic, google, relay   -| cut before content   +| cut after content
✓ holds   ✗ does not   (n) cannot be, see below`
const WIDTH = 4

/**
 * @typedef {object} Result
 * @property {string} name
 * @property {string} sdk
 * @property {string} operation
 * @property {string} path
 * @property {string} condition
 * @property {'passed' | 'failed' | 'n/a'} result
 * @property {string} [reason] of n/a
 * @property {string} [error] of a failure
 */

/** Rows are SDKs and operations, columns paths and conditions. @param {Result[]} results */
function table (results) {
  const reasons = [...new Set(results.flatMap(({ reason }) => reason ?? []))]
  const failed = results.filter(({ error }) => error !== undefined)
  const marks = new Map(results.map((result) => [result.name, mark(result, reasons)]))
  const rows = [...new Set(results.map(({ sdk }) => sdk))].flatMap((sdk) => OPERATIONS.map((operation) => ({
    title: `${sdk} ${operation}`,
    cells: PATHS.map((path) => CONDITIONS.map((condition) => marks.get(`${sdk} ${operation} ${path} ${condition}`) ?? ''))
  }))).filter(({ cells }) => cells.flat().some((cell) => cell !== ''))
  const first = Math.max(...rows.map(({ title }) => title.length))
  const line = (title, groups) => [title.padEnd(first), ...groups.map((cells) => cells.map((cell) => cell.padEnd(WIDTH)).join(''))].join('  ').trimEnd()
  return [
    line('', PATHS.map((path) => [path.padEnd(WIDTH * CONDITIONS.length)])),
    line('', PATHS.map(() => SHORT)),
    ...rows.map(({ title, cells }) => line(title, cells)),
    '',
    LEGEND,
    ...reasons.map((reason, i) => `(${i + 1}) ${reason}`),
    ...failed.flatMap(({ name, error }) => ['', `✗ ${name}`, error?.replace(/^/gm, '  ')])
  ].join('\n')
}

/** @param {Result} result @param {string[]} reasons */
function mark ({ result, reason }, reasons) {
  if (reason !== undefined) return `(${reasons.indexOf(reason) + 1})`
  return result === 'passed' ? '✓' : '✗'
}

module.exports = { table }
