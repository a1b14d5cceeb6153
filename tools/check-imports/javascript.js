'use strict'

// Reads which JavaScript file imports which: `require`, static and dynamic `import`, `export … from`. Types that a
// comment imports do not count, because they do not exist at run time.

const fs = require('node:fs')
const path = require('node:path')
const { scanJavaScript } = require('../lib/scan-javascript')

/** Folders and files that are read. */
const ROOTS = ['index.js', 'lib', 'bin', 'adapters', 'dashboard', 'testing', 'tools', 'benchmark']
/** Code of other projects. */
const SKIPPED = ['node_modules', path.join('dashboard', 'vendor'), path.join('benchmark', 'mock', 'target')]
const EXTENSIONS = ['.js', '.mjs', '.cjs']

/**
 * Returns the imports between the files of a package.
 * @param {string} root The package's folder.
 * @param {string[]} [roots] Folders and files in it that are read.
 * @returns {{ from: string, to: string }[]} Absolute paths, each pair once.
 */
function edges (root, roots = ROOTS) {
  const files = roots.flatMap((name) => filesIn(root, path.join(root, name)))
  return files.flatMap((from) => {
    const targets = specifiers(fs.readFileSync(from, 'utf8')).map((specifier) => resolve(from, specifier)).filter((to) => to !== undefined)
    return [...new Set(targets)].filter((to) => to !== from).map((to) => ({ from, to }))
  })
}

/** @param {string} root @param {string} file @returns {string[]} */
function filesIn (root, file) {
  if (!fs.existsSync(file) || SKIPPED.some((name) => path.relative(root, file) === name || path.basename(file) === name)) return []
  if (fs.statSync(file).isDirectory()) return fs.readdirSync(file).sort().flatMap((name) => filesIn(root, path.join(file, name)))
  return EXTENSIONS.includes(path.extname(file)) ? [file] : []
}

/** Returns the relative specifiers that a program imports. @param {string} text */
function specifiers (text) {
  const tokens = scanJavaScript(text).filter(({ type }) => type !== 'comment')
  return tokens.filter((token, i) => {
    if (token.type !== 'string' || !/^\.{1,2}(?:\/|$)/.test(token.text)) return false
    const [before, beforeThat] = [tokens[i - 1]?.text, tokens[i - 2]?.text]
    return before === 'from' || before === 'import' || (before === '(' && (beforeThat === 'require' || beforeThat === 'import'))
  }).map(({ text }) => text)
}

/**
 * Returns the file of a specifier; undefined for JSON and other data.
 * @param {string} from @param {string} specifier
 */
function resolve (from, specifier) {
  const target = path.resolve(path.dirname(from), specifier)
  const candidates = [target, ...EXTENSIONS.map((extension) => target + extension), ...EXTENSIONS.map((extension) => path.join(target, `index${extension}`))]
  return candidates.find((file) => EXTENSIONS.includes(path.extname(file)) && fs.existsSync(file) && fs.statSync(file).isFile())
}

module.exports = { edges, specifiers }
