'use strict'

// `node tools/check-imports`: prints every circle between files and every upward import as `file → file`, and exits
// with code 1 if there is one. layers.js defines the layers.

const path = require('node:path')
const javascript = require('./javascript')
const { circles, violations } = require('./graph')
const { JAVASCRIPT } = require('./layers')

const ROOT = path.join(__dirname, '..', '..')

/**
 * The imports of each language, and their layers. @type {{ edges: () => { from: string, to: string }[], layers:
 * import('./graph').Row[] }[]}
 */
const CHECKS = [
  { edges: () => javascript.edges(ROOT), layers: JAVASCRIPT }
]

/** @param {{ from: string, to: string }[]} edges Absolute paths. @param {import('./graph').Row[]} layers @param {string} root @returns {string[]} */
function problems (edges, layers, root) {
  const relative = (/** @type {string} */ file) => path.relative(root, file).replaceAll(path.sep, '/')
  const imports = edges.map(({ from, to }) => ({ from: relative(from), to: relative(to) }))
  const { upward, unplaced } = violations(imports, layers)
  return [
    ...circles(imports).map((files) => `circle: ${files.join(' → ')}`),
    ...upward.map(({ from, to }) => `upward: ${from} → ${to}`),
    ...unplaced.map((file) => `no layer: ${file} (add its folder to tools/check-imports/layers.js)`)
  ]
}

function main () {
  const found = CHECKS.flatMap(({ edges, layers }) => problems(edges(), layers, ROOT))
  for (const line of found) console.error(line)
  return found.length === 0 ? 0 : 1
}

if (require.main === module) process.exitCode = main()

module.exports = { problems }
