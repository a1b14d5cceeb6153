'use strict'

// A tenth of the cells that meets everything in pairs: what fails, fails mostly because two things meet.

const DIMENSIONS = ['sdk', 'operation', 'path', 'condition']

/** @param {import('../../tools/matrix/cells').Cell} cell */
const valuesOf = ({ sdk, ...cell }) => DIMENSIONS.map((name) => (name === 'sdk' ? sdk.name : cell[name]))

/** What meets in a cell, so many at a time. @param {import('../../tools/matrix/cells').Cell} cell @param {number} size @returns {string[]} */
function meetings (cell, size) {
  const values = valuesOf(cell)
  const choose = (from, left) => (left === 0 ? [[]] : values.slice(from).flatMap((value, i) =>
    choose(from + i + 1, left - 1).map((rest) => [`${from + i}=${value}`, ...rest])))
  return choose(0, size).map((chosen) => chosen.join('&'))
}

/**
 * Always the same: one after the other the cell in which most meets that has not met, pairs before threes.
 * @param {import('../../tools/matrix/cells').Cell[]} cells
 */
function tenth (cells) {
  const left = cells.filter(({ reason }) => reason === undefined).map((cell) => ({ cell, pairs: meetings(cell, 2), threes: meetings(cell, 3) }))
  const met = new Set()
  const chosen = []
  while (chosen.length < cells.length / 10) {
    const fresh = (names) => names.filter((name) => !met.has(name)).length
    const worth = left.map(({ pairs, threes }) => fresh(pairs) * 10 + fresh(threes))
    const [{ cell, pairs, threes }] = left.splice(worth.indexOf(Math.max(...worth)), 1)
    for (const name of [...pairs, ...threes]) met.add(name)
    chosen.push(cell)
  }
  return chosen
}

module.exports = { tenth, meetings }
