'use strict'

// Finds circles between files and imports that point upward in the table of layers.

/**
 * @typedef {{ from: string, to: string }} Edge Paths relative to the repository, with forward slashes.
 * @typedef {{ folders: string[], why: string }} Row Folders (or files) that may import from rows below, and not from each other.
 */

/**
 * One shortest circle for each group of files that import each other.
 * @param {Edge[]} edges
 * @returns {string[][]} Files in the order of their imports; the first is repeated at the end.
 */
function circles (edges) {
  const imports = adjacency(edges)
  return components(imports).map((files) => shortestCircle(files, imports))
}

/** @param {Edge[]} edges @returns {Map<string, string[]>} */
function adjacency (edges) {
  /** @type {Map<string, string[]>} */
  const imports = new Map()
  for (const { from, to } of edges) {
    const list = imports.get(from)
    if (list === undefined) imports.set(from, [to])
    else list.push(to)
  }
  return imports
}

/**
 * Tarjan's algorithm: the strongly connected components of more than one file.
 * @param {Map<string, string[]>} imports
 */
function components (imports) {
  /** @type {Map<string, { index: number, low: number, open: boolean }>} */
  const states = new Map()
  /** @type {string[]} */
  const stack = []
  /** @type {string[][]} */
  const found = []
  const visit = (/** @type {string} */ file) => {
    const state = { index: states.size, low: states.size, open: true }
    states.set(file, state)
    stack.push(file)
    for (const next of imports.get(file) ?? []) {
      const known = states.get(next)
      if (known === undefined) state.low = Math.min(state.low, visit(next).low)
      else if (known.open) state.low = Math.min(state.low, known.index)
    }
    if (state.low === state.index) {
      const files = stack.splice(stack.indexOf(file))
      for (const one of files) /** @type {{ open: boolean }} */ (states.get(one)).open = false
      if (files.length > 1) found.push(files)
    }
    return state
  }
  for (const file of imports.keys()) if (!states.has(file)) visit(file)
  return found
}

/** @param {string[]} files A component. @param {Map<string, string[]>} imports */
function shortestCircle (files, imports) {
  const paths = files.map((file) => pathBack(file, new Set(files), imports))
  return paths.reduce((shortest, one) => one.length < shortest.length ? one : shortest)
}

/** The shortest way from a file back to itself, breadth first. @param {string} start @param {Set<string>} within @param {Map<string, string[]>} imports */
function pathBack (start, within, imports) {
  const paths = [[start]]
  const seen = new Set()
  for (const path of paths) {
    for (const next of imports.get(/** @type {string} */ (path.at(-1))) ?? []) {
      if (next === start) return [...path, start]
      if (!within.has(next) || seen.has(next)) continue
      seen.add(next)
      paths.push([...path, next])
    }
  }
  return [start]
}

/**
 * Imports that do not point down, and files that are in no layer.
 * @param {Edge[]} edges
 * @param {Row[]} rows The topmost first.
 * @returns {{ upward: Edge[], unplaced: string[] }}
 */
function violations (edges, rows) {
  const places = rows.flatMap(({ folders }, row) => folders.map((folder) => ({ folder, row })))
  // The longest name wins: `tools/lib` is not a part of `tools`.
  places.sort((a, b) => b.folder.length - a.folder.length)
  const placeOf = (/** @type {string} */ file) => places.find(({ folder }) => file === folder || file.startsWith(`${folder}/`))
  const upward = edges.filter(({ from, to }) => {
    const [above, below] = [placeOf(from), placeOf(to)]
    return above !== undefined && below !== undefined && above !== below && above.row >= below.row
  })
  const files = new Set(edges.flatMap(({ from, to }) => [from, to]))
  return { upward, unplaced: [...files].filter((file) => placeOf(file) === undefined).sort() }
}

module.exports = { circles, violations }
