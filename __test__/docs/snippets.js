'use strict'

// Reads the JavaScript and TypeScript examples of the README and the docs.
//
// ```ts, ```js       compiled under strict TypeScript, as a module; with `require`, as CommonJS
// ```js run          also executed; a ```text block right after it is the expected output, unless prose stands between
//
// Names that an example uses without declaring them (`client`, `messages`, …) are declared in context.d.ts.

const fs = require('node:fs')
const path = require('node:path')

const ROOT = path.join(__dirname, '..', '..')

/** @typedef {{ page: string, line: number, language: string, run: boolean, commonJs: boolean, code: string, output: string | undefined }} Snippet */

/** All pages of the docs, and the README. @returns {string[]} */
function pages () {
  const found = fs.readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  return ['README.md', ...found.filter((name) => name.endsWith('.md')).map((name) => path.join('docs', name)).sort()]
}

/** @param {string} page @returns {Snippet[]} */
function snippetsOf (page) {
  const text = fs.readFileSync(path.join(ROOT, page), 'utf8')
  return [...text.matchAll(/^```(js|ts)( run)?\n([\s\S]*?)^```$/gm)].map((found) => {
    const [whole, language, run, code] = found
    const after = /^\s*(?:It prints:\s*)?```text\n([\s\S]*?)^```$/m.exec(text.slice(found.index + whole.length))
    return {
      page,
      line: text.slice(0, found.index).split('\n').length,
      language,
      run: run !== undefined,
      commonJs: /\brequire\(/.test(code),
      code,
      output: run !== undefined && after?.index === 0 ? after[1] : undefined
    }
  })
}

module.exports = { ROOT, pages, snippetsOf }
