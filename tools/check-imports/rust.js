'use strict'

// Reads which file of a Rust crate imports which, from its `mod`, `use` and path expressions. A name that reaches a
// file through a re-export is an import of both files: the one that re-exports it and the one that defines it.

const fs = require('node:fs')
const path = require('node:path')

/** Path segments that name a module relative to the current one. */
const RELATIVE = new Set(['crate', 'self', 'super'])

/**
 * @typedef {object} Module
 * @property {string} file
 * @property {Set<string>} children Names of submodules, inline ones included.
 * @property {Use[]} uses
 * @property {boolean} test Compiled under `#[cfg(test)]` only.
 *
 * @typedef {object} Use One leaf of a use tree, or one path expression.
 * @property {string[]} segments
 * @property {string | undefined} name What the path is called here; undefined for path expressions, `*` for globs.
 * @property {boolean} test
 */

/**
 * The imports between the files of a crate. Code under `#[cfg(test)]` is left out.
 * @param {string} root The file of the crate's root module.
 * @returns {{ from: string, to: string }[]} Absolute paths, each pair once.
 */
function edges (root) {
  const modules = readCrate(root)
  const found = new Map()
  for (const [name, module] of modules) {
    for (const use of module.uses) {
      if (use.test || module.test) continue
      for (const file of resolve(modules, name, use.segments)) {
        if (file !== module.file) found.set(`${module.file}\0${file}`, { from: module.file, to: file })
      }
    }
  }
  return [...found.values()]
}

/**
 * Every module of a crate by its path (`''` is the root, `net::pool` a submodule).
 * @param {string} root
 * @returns {Map<string, Module>}
 */
function readCrate (root) {
  /** @type {Map<string, Module>} */
  const modules = new Map()
  readFile(modules, '', root, path.dirname(root), false)
  return modules
}

/**
 * @param {Map<string, Module>} modules
 * @param {string} name
 * @param {string} file
 * @param {string} folder Where the files of its submodules are.
 * @param {boolean} test
 */
function readFile (modules, name, file, folder, test) {
  const tokens = tokenize(fs.readFileSync(file, 'utf8'))
  readModule(modules, { name, file, folder, test }, tokens, 0)
}

/**
 * Reads one module up to its closing brace or the end of the file.
 * @param {Map<string, Module>} modules
 * @param {{ name: string, file: string, folder: string, test: boolean }} place
 * @param {string[]} tokens
 * @param {number} start
 * @returns {number} The position behind the module.
 */
function readModule (modules, place, tokens, start) {
  /** @type {Module} */
  const module = { file: place.file, children: new Set(), uses: [], test: place.test }
  modules.set(place.name, module)
  let depth = 0
  // The depth at which an item under `#[cfg(test)]` began, while it lasts.
  let testDepth = Infinity
  let attributes = ''
  let i = start
  while (i < tokens.length) {
    const token = tokens[i]
    if (token === '#' && (tokens[i + 1] === '[' || tokens[i + 1] === '!')) {
      const end = closing(tokens, tokens.indexOf('[', i))
      attributes += tokens.slice(i, end + 1).join('')
      i = end + 1
      continue
    }
    const forTest = place.test || testDepth !== Infinity || /cfg\(test\)|cfg\(all\(test/.test(attributes)
    if (token === 'mod' && tokens[i + 2] === ';') {
      module.children.add(tokens[i + 1])
      const child = fileOf(place, tokens[i + 1], attributes)
      readFile(modules, join(place.name, tokens[i + 1]), child.file, child.folder, forTest)
      attributes = ''
      i += 3
    } else if (token === 'mod' && tokens[i + 2] === '{') {
      module.children.add(tokens[i + 1])
      const inner = { ...place, name: join(place.name, tokens[i + 1]), folder: path.join(place.folder, tokens[i + 1]), test: forTest }
      i = readModule(modules, inner, tokens, i + 3)
      attributes = ''
    } else if (token === 'use' && tokens[i + 1] !== '<') {
      const end = tokens.indexOf(';', i)
      readTree(tokens.slice(i + 1, end), [], (segments, name) => module.uses.push({ segments, name, test: forTest }))
      attributes = ''
      i = end + 1
    } else if (RELATIVE.has(token) && tokens[i + 1] === '::' && tokens[i - 1] !== '(') {
      const segments = [token]
      while (tokens[i + 1] === '::' && /^\w+$/.test(tokens[i + 2] ?? '')) {
        segments.push(tokens[i + 2])
        i += 2
      }
      module.uses.push({ segments, name: undefined, test: forTest })
      i++
    } else {
      if (token === '{') {
        if (forTest && testDepth === Infinity) testDepth = depth
        depth++
        attributes = ''
      } else if (token === '}') {
        if (depth === 0) return i + 1
        depth--
        if (depth <= testDepth) testDepth = Infinity
        attributes = ''
      } else if (token === ';') {
        attributes = ''
      }
      i++
    }
  }
  return i
}

/**
 * @param {{ file: string, folder: string }} place
 * @param {string} name
 * @param {string} attributes
 */
function fileOf ({ file: parentFile, folder }, name, attributes) {
  const given = /path="([^"]+)"/.exec(attributes)
  if (given) {
    const file = path.join(path.dirname(parentFile), given[1])
    return { file, folder: path.dirname(file) }
  }
  const inner = path.join(folder, name, 'mod.rs')
  const file = fs.existsSync(inner) ? inner : path.join(folder, `${name}.rs`)
  return { file, folder: path.join(folder, name) }
}

/**
 * Calls `leaf` for each leaf of a use tree.
 * @param {string[]} tokens
 * @param {string[]} prefix
 * @param {(segments: string[], name: string) => void} leaf
 */
function readTree (tokens, prefix, leaf) {
  const segments = [...prefix]
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]
    if (token === '::') continue
    if (token === '{') {
      for (const branch of split(tokens.slice(i + 1, closing(tokens, i)))) readTree(branch, segments, leaf)
      return
    }
    if (token === '*') return leaf(segments, '*')
    if (token === 'as') return leaf(segments, tokens[i + 1])
    // `a::{self}` names the module itself.
    if (token === 'self' && segments.length > 0) continue
    segments.push(token)
  }
  if (segments.length > prefix.length || tokens.includes('self')) leaf(segments, segments.at(-1) ?? '')
}

/** Splits a list at its commas, leaving nested braces whole. @param {string[]} tokens */
function split (tokens) {
  const branches = [[]]
  let depth = 0
  for (const token of tokens) {
    if (token === '{') depth++
    if (token === '}') depth--
    if (token === ',' && depth === 0) branches.push([])
    else branches.at(-1).push(token)
  }
  return branches.filter((branch) => branch.length > 0)
}

/**
 * The files that a path leads through: a re-exporting one and the defining one.
 * @param {Map<string, Module>} modules
 * @param {string} from
 * @param {string[]} segments
 * @param {Set<string>} [seen]
 * @returns {string[]}
 */
function resolve (modules, from, segments, seen = new Set()) {
  let [current, rest] = anchor(modules, from, segments)
  if (current === undefined) return []
  while (rest.length > 0 && modules.get(current)?.children.has(rest[0])) {
    current = join(current, rest[0])
    rest = rest.slice(1)
  }
  const module = modules.get(current)
  if (module === undefined) return []
  const key = `${current}\0${rest[0]}`
  if (seen.has(key)) return []
  seen.add(key)
  const files = [module.file]
  if (rest.length === 0) return files
  for (const use of module.uses) {
    if (use.name === rest[0]) files.push(...resolve(modules, current, [...use.segments, ...rest.slice(1)], seen))
  }
  return files
}

/**
 * The module where a path begins, and what follows. Other crates have none.
 * @param {Map<string, Module>} modules
 * @param {string} from
 * @param {string[]} segments
 * @returns {[string | undefined, string[]]}
 */
function anchor (modules, from, segments) {
  const first = segments[0]
  let rest = segments.slice(1)
  if (first === 'crate') return ['', rest]
  if (modules.get(from)?.children.has(first)) return [from, segments]
  if (!RELATIVE.has(first)) return [undefined, []]
  let current = from
  if (first === 'super') current = parent(current)
  while (rest[0] === 'super') {
    current = parent(current)
    rest = rest.slice(1)
  }
  return [current, rest]
}

// === text ===

/**
 * Words and signs of Rust source, without comments; strings stand as themselves.
 * @param {string} text
 * @returns {string[]}
 */
function tokenize (text) {
  const pattern = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?:b|c)?r(#*)"[\s\S]*?"\1|(?:b|c)?"(?:\\[\s\S]|[^"\\])*"|b?'(?:\\(?:[^u]|u\{\w+\})|[^'\\])'|'\w+|::|\w+|\S/g
  const tokens = []
  for (const [token] of text.matchAll(pattern)) {
    if (!token.startsWith('//') && !token.startsWith('/*')) tokens.push(token)
  }
  return tokens
}

/** @param {string[]} tokens @param {number} opening */
function closing (tokens, opening) {
  let depth = 0
  for (let i = opening; i < tokens.length; i++) {
    if (tokens[i] === '[' || tokens[i] === '{') depth++
    if ((tokens[i] === ']' || tokens[i] === '}') && --depth === 0) return i
  }
  return tokens.length
}

/** @param {string} module @param {string} child */
function join (module, child) {
  return module === '' ? child : `${module}::${child}`
}

/** @param {string} module */
function parent (module) {
  return module.split('::').slice(0, -1).join('::')
}

module.exports = { edges, readCrate, tokenize }
