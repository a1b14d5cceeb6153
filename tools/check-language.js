'use strict'

// `node tools/check-language.js`: counts words in comments that plain technical English does without. A component is not
// a person: it has a name instead of "who", and it reports, emits or reads instead of "tells", "hears" or "sees".
// Exits with code 1 where an area has more than LIMIT of a group in 1,000 words. `--all` prints every line.

const fs = require('node:fs')
const path = require('node:path')
const { commentsOf } = require('./lib/comments')

const ROOT = path.join(__dirname, '..')
const AREAS = ['src', 'lib', 'bin', 'adapters', 'testing', 'dashboard', 'tools', 'types']
const EXTENSIONS = ['.rs', '.js', '.mjs', '.ts']
/** Code of other projects. */
const SKIPPED = [path.join('dashboard', 'vendor')]
/** For each group, in 1,000 words of comments. */
const LIMIT = 1
/** Lines that are printed of each area that fails. */
const WORST = 10

/** @type {Record<string, RegExp>} */
const GROUPS = {
  'who, nobody, his …': /\b(?:who|whoever|whom|whose|nobody|somebody|everybody|anybody|he|his|him)\b/gi,
  'tell, say, hear, see …': /\b(?:tell(?:s|ing)?|told|say(?:s|ing)?|said|hear(?:s|ing)?|heard|see(?:s|ing|n)?|saw)\b/gi
}

/** What is taken out before words are counted. @type {RegExp[]} */
const ALLOWED = [
  // Code is quoted as it is written.
  /`[^`\n]*`/g,
  // A reference: "see docs/alerts.md", "see https://…", "see {@link …}", "see `name`", "see --help", "see above".
  /\bsee (?:also )?(?=\{@link|https?:|[\w./-]+\.(?:md|js|rs|mjs|ts|json)\b|--\w|\[|RFC|above|below|$)/gim,
  // A type and the name of a parameter are code, too.
  /@\w+(?:[ \t]+\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})?(?:[ \t]+\[?[\w.$]+(?:=[^\]]*)?\]?)?/g,
  // These are checked by name below, in this file and in its test.
  /"(?:who|tells|hears|sees)"/g
]

/**
 * @param {{ file: string, text: string }[]} files
 * @returns {{ words: number, counts: Record<string, number>, lines: { place: string, text: string, count: number }[] }}
 */
function measure (files) {
  let words = 0
  const counts = Object.fromEntries(Object.keys(GROUPS).map((group) => [group, 0]))
  const lines = []
  for (const { file, text } of files) {
    for (const comment of commentsOf(file, text)) {
      const prose = ALLOWED.reduce((prose, pattern) => prose.replace(pattern, ' '), comment.text)
      words += prose.match(/[A-Za-z]+(?:['’][a-z]+)?/g)?.length ?? 0
      // Nothing that is taken out spans lines in a way that would move what follows.
      prose.split('\n').forEach((line, i) => {
        let count = 0
        for (const [group, pattern] of Object.entries(GROUPS)) {
          const found = line.match(pattern)?.length ?? 0
          counts[group] += found
          count += found
        }
        if (count > 0) lines.push({ place: `${file}:${comment.line + i}`, text: line.trim(), count })
      })
    }
  }
  return { words, counts, lines }
}

/** @param {string} folder @returns {{ file: string, text: string }[]} */
function read (folder) {
  return fs.readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED.includes(file) ? [] : read(file)
    return EXTENSIONS.includes(path.extname(file)) ? [{ file, text: fs.readFileSync(path.join(ROOT, file), 'utf8') }] : []
  })
}

/** @param {string[]} args */
function main (args) {
  const unknown = args.find((arg) => arg !== '--all' && !AREAS.includes(arg))
  if (unknown !== undefined) {
    console.error(`check-language: '${unknown}' is not an option; accepted are --all and the folders ${AREAS.join(', ')}`)
    return 2
  }
  const areas = args.filter((arg) => arg !== '--all')
  let failed = false
  for (const area of areas.length > 0 ? areas : AREAS) {
    const { words, counts, lines } = measure(read(area))
    const rates = Object.entries(counts).map(([group, count]) => ({ group, count, rate: count * 1_000 / Math.max(words, 1) }))
    const isOver = rates.some(({ rate }) => rate > LIMIT)
    failed ||= isOver
    console.log(`${isOver ? 'FAIL' : 'ok  '}  ${area}: ${words} words; in 1,000: ${rates.map(({ group, rate, count }) => `${rate.toFixed(1)} (${count}) of ${group}`).join(', ')}`)
    if (!isOver && !args.includes('--all')) continue
    const worst = lines.sort((a, b) => b.count - a.count).slice(0, args.includes('--all') ? Infinity : WORST)
    for (const { place, text } of worst) console.log(`      ${place}: ${text}`)
  }
  if (failed) console.log(`At most ${LIMIT} of each group in 1,000 words of comments: name the component, and use reports, emits, returns, reads or records.`)
  return failed ? 1 : 0
}

if (require.main === module) process.exitCode = main(process.argv.slice(2))

module.exports = { measure }
