'use strict'

// Reports what calls cost, as text, Markdown and CSV. Rust keeps the sums.

const { configError } = require('../util/errors')
const { readOptions } = require('../config/arguments')
const plain = require('../util/serialize-options')
const { stripControls } = require('../util/strip-controls')

const DAY = 86_400_000

class CostLedger {
  #native

  /** @param {import('../../native').NativeClient} native */
  constructor (native) {
    this.#native = native
  }

  /**
   * @param {{ from?: unknown, to?: unknown }} [options]
   * @returns {import('../..').CostReport}
   */
  report (options) {
    const { from, to } = readOptions(options, ['from', 'to'], 'options')
    const [first, last] = readDays(from, to, 'options.from', 'options.to')
    return /** @type {any} */ (new CostReport(JSON.parse(this.#native.costs(first, last))))
  }

  /** @returns {any[]} */
  budgets () {
    return JSON.parse(this.#native.budgets())
  }
}

/** A date, or a time with its offset: any other text would depend on the machine's time zone. */
const DATE = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/

/** @param {unknown} given @param {string} path */
function readDay (given, path) {
  if (given === undefined) return undefined
  const dayNumber = Math.floor(millisOf(given) / DAY)
  if (Number.isInteger(dayNumber) && dayNumber >= 0) return dayNumber
  throw configError([{ path, message: `must be a date since 1970: a Date, milliseconds, or a text such as '2026-11-21' or '2026-11-21T08:00:00Z', got ${plain.quote(given)}` }])
}

/** @param {unknown} given */
function millisOf (given) {
  if (given instanceof Date) return given.getTime()
  if (typeof given === 'number') return new Date(given).getTime()
  const date = typeof given === 'string' ? DATE.exec(given)?.[1] : undefined
  // Date.parse turns February 30 into a day of March.
  const isReal = date !== undefined && !Number.isNaN(Date.parse(date)) && new Date(date).toISOString().startsWith(date)
  return isReal ? Date.parse(/** @type {string} */ (given)) : NaN
}

/**
 * Reads the first and last day of a report, both included.
 * @param {unknown} from @param {unknown} to @param {string} first Name of `from` in errors. @param {string} last Name of `to`.
 */
function readDays (from, to, first, last) {
  const range = [readDay(from, first), readDay(to, last)]
  if (range[0] !== undefined && range[1] !== undefined && range[0] > range[1]) throw configError([{ path: last, message: `must not be before ${first}` }])
  return range
}

/** Members of a report: name, title, and the member that names a row. */
const GROUPS = [['byModel', 'Model', 'model'], ['byEndpoint', 'Endpoint', 'endpoint'], ['byTag', 'Tag', 'tag'], ['byMonth', 'Month', 'month'], ['byDay', 'Day', 'day']]
const COLUMNS = [
  ['calls', 'Calls'], ['inputTokens', 'Input tokens'], ['outputTokens', 'Output tokens'], ['costUsd', 'Cost USD'], ['savedUsd', 'Below list USD'], ['savedShare', 'Below list'],
  ['failoverAddedUsd', 'Added by failover USD'], ['netSavedUsd', 'Net USD'], ['unpricedCalls', 'Unpriced calls'], ['maybeBilledAttempts', 'Other attempts maybe billed']
]

class CostReport {
  /** @param {any} sums */
  constructor (sums) {
    Object.assign(this, sums)
    for (const row of [sums.total, ...GROUPS.flatMap(([part]) => sums[part])]) {
      row.savedUsd = row.listUsd - row.comparableUsd
      row.savedShare = row.listUsd > 0 ? row.savedUsd / row.listUsd : null
      row.netSavedUsd = row.savedUsd - row.failoverAddedUsd
    }
  }

  toString () {
    const rows = this.#rows()
    const cells = [['', ...COLUMNS.map(([, title]) => title)], ...rows.map(({ name, row }) => [stripControls(name), ...COLUMNS.map(([column]) => formatValue(column, row[column]))])]
    const widths = cells[0].map((_, i) => Math.max(...cells.map((line) => line[i].length)))
    const lines = cells.map((line) => line.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join('  ').trimEnd())
    return [this.#title(), '', ...lines, ...this.#notes()].join('\n') + '\n'
  }

  toMarkdown () {
    const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`
    const rows = this.#rows().map(({ name, row }) => line([escapeCell(name), ...COLUMNS.map(([column]) => formatValue(column, row[column]))]))
    return [`## ${this.#title()}`, '', line(['', ...COLUMNS.map(([, title]) => title)]), line(['---', ...COLUMNS.map(() => '---:')]), ...rows, ...this.#notes()].join('\n') + '\n'
  }

  /** Returns one line per row: its group, its name, and its unrounded figures. */
  toCsv () {
    const quote = (/** @type {unknown} */ cell) => {
      let text = cell === null ? '' : String(cell)
      // A spreadsheet would run such a text as a formula.
      if (typeof cell === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
    }
    const lines = this.#rows().map(({ of, name, row }) => [of, name, ...COLUMNS.map(([column]) => row[column])].map(quote).join(','))
    return [['of', 'name', ...COLUMNS.map(([column]) => column)].join(','), ...lines].join('\r\n') + '\r\n'
  }

  #title () {
    const { from, to } = /** @type {any} */ (this)
    return from === '1970-01-01' ? `Costs until ${to}` : `Costs from ${from} to ${to}`
  }

  #rows () {
    const sums = /** @type {any} */ (this)
    return [
      { of: 'total', name: 'Total', row: sums.total },
      ...GROUPS.flatMap(([part, title, by]) => sums[part].map((/** @type {any} */ row) => {
        const name = part === 'byTag' ? `${row.tag}=${row.value}` : row[by]
        return { of: by, name: part === 'byDay' || part === 'byMonth' ? name : `${title} ${name}`, row }
      }))
    ]
  }

  #notes () {
    const { total } = /** @type {any} */ (this)
    const notes = []
    if (total.unpricedCalls > 0) notes.push(`${total.unpricedCalls} calls have no known price or usage and are not included in the costs.`)
    if (total.maybeBilledAttempts > 0) notes.push(`${total.maybeBilledAttempts} further attempts may have been billed; their cost is unknown.`)
    // An empty line separates notes from the table.
    return notes.length > 0 ? ['', ...notes] : notes
  }
}

/** Escapes a text for a cell of a Markdown table. @param {string} name */
function escapeCell (name) {
  return stripControls(name).replace(/[\\`*_[\]<>|!#~&]/g, '\\$&')
}

/** @param {string} column @param {number | null} value */
function formatValue (column, value) {
  if (column === 'savedShare') return value === null ? '-' : `${(value * 100).toFixed(1)} %`
  return column.endsWith('Usd') ? Number(value).toFixed(6) : String(value)
}

module.exports = { CostLedger, CostReport, readDays }
