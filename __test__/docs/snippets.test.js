'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { execFile } = require('node:child_process')
const { promisify } = require('node:util')
const { createFaultServer } = require('../../testing')
const { ROOT, pages, snippetsOf } = require('./snippets')

const TSC = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
const snippets = pages().flatMap(snippetsOf)

/** A folder inside the package, so that `bellwether` is this checkout. @param {import('node:test').TestContext} t */
function folder (t) {
  fs.mkdirSync(path.join(ROOT, 'target'), { recursive: true })
  const at = fs.mkdtempSync(path.join(ROOT, 'target', 'docs-snippets-'))
  t.after(() => fs.rmSync(at, { recursive: true, force: true }))
  return at
}

/** `docs/how-to/queue.md` line 9 → `docs-how-to-queue-9`. */
const nameOf = ({ page, line }) => `${page.replace(/\.md$/, '').replace(/[\\/]/g, '-')}-${line}`

test('every example compiles under strict TypeScript', async (t) => {
  const at = folder(t)
  const include = snippets.map((snippet) => {
    const name = `${nameOf(snippet)}.${snippet.commonJs ? 'cjs' : snippet.language === 'js' ? 'mjs' : 'mts'}`
    // Without an import, it would be a script, and its names would collide with those of other scripts.
    fs.writeFileSync(path.join(at, name), snippet.commonJs ? snippet.code : `${snippet.code}\nexport {}\n`)
    return name
  })
  for (const name of ['context.d.ts', 'modules.d.ts']) {
    fs.copyFileSync(path.join(__dirname, name), path.join(at, name))
    include.push(name)
  }
  fs.writeFileSync(path.join(at, 'tsconfig.json'), JSON.stringify({
    compilerOptions: {
      target: 'es2024', lib: ['es2024'], module: 'nodenext', types: ['node'], strict: true, noEmit: true, allowJs: true, checkJs: true, skipLibCheck: true
    },
    files: include
  }))
  const { stdout } = await promisify(execFile)(process.execPath, [TSC, '-p', at, '--pretty', 'false'], { cwd: at }).catch((error) => error)
  assert.equal(stdout, '')
})

for (const snippet of snippets.filter(({ run }) => run)) {
  test(`the example of ${snippet.page}, line ${snippet.line}, runs as printed`, async (t) => {
    const at = folder(t)
    const file = path.join(at, `${nameOf(snippet)}.${snippet.commonJs ? 'cjs' : 'mjs'}`)
    fs.writeFileSync(file, snippet.code)
    // What asks OpenAI asks a simulated one.
    const vendor = createFaultServer({ name: 'openai' })
    t.after(() => vendor.close())
    const { PATH, HOME } = process.env
    const key = 'sk-not-a-key-of-anybody'
    const env = { PATH, HOME, OPENAI_BASE_URL: vendor.url, OPENAI_API_KEY: key, DEEPSEEK_API_KEY: key }
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { cwd: at, env, timeout: 60_000 })
    assert.equal(stderr, '')
    if (snippet.output !== undefined) assert.equal(stdout, snippet.output)
  })
}

test('every link inside the docs leads to a file and a heading', () => {
  const anchors = (file) => [...fs.readFileSync(file, 'utf8').replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)]
    .map(([, heading]) => heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-'))
  const broken = pages().flatMap((page) => {
    const text = fs.readFileSync(path.join(ROOT, page), 'utf8').replace(/^```[\s\S]*?^```$/gm, '')
    return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link)
      .map((link) => link.replace(/^https:\/\/github\.com\/bellwether-llm\/bellwether\/(?:blob|tree|raw)\/main\//, () => `${path.relative(path.dirname(page), '.') || '.'}/`))
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [file, anchor] = link.split('#')
        const target = file === '' ? path.join(ROOT, page) : path.join(ROOT, path.dirname(page), file)
        return !fs.existsSync(target) || (anchor !== undefined && !anchors(target).includes(anchor))
      })
      .map((link) => `${page}: ${link}`)
  })
  assert.deepEqual(broken, [])
})

test('every page of the docs begins with an example and is in the index', () => {
  const index = fs.readFileSync(path.join(ROOT, 'docs', 'README.md'), 'utf8')
  for (const page of pages().filter((page) => page.startsWith('docs'))) {
    const relative = path.relative('docs', page).replaceAll('\\', '/')
    if (relative !== 'README.md') assert.ok(index.includes(`(${relative})`), `docs/README.md does not list ${relative}`)
    const text = fs.readFileSync(path.join(ROOT, page), 'utf8')
    if (['glossary.md', 'reference/vendor-errors.md'].includes(relative)) continue
    const first = /^(?:```| {4}\S)/m.exec(text)?.index ?? Infinity
    const heading = /^## /m.exec(text)?.index ?? Infinity
    const table = /^\|/m.exec(text)?.index ?? Infinity
    assert.ok(relative.startsWith('tutorial') || relative === 'how-to/bundlers-and-runtimes.md' || relative === 'how-to/monitoring.md' || first < Math.min(heading, table), `${page} does not begin with an example`)
  }
})

test('pages that the published code names exist', () => {
  const { files } = require('../../package.json')
  const named = files.flatMap((name) => {
    const at = path.join(ROOT, name)
    const found = fs.statSync(at).isDirectory() ? fs.readdirSync(at, { recursive: true, encoding: 'utf8' }).map((file) => path.join(at, file)) : [at]
    return found.filter((file) => /\.(js|mjs|ts)$/.test(file)).flatMap((file) => fs.readFileSync(file, 'utf8').match(/(?<![\w/.])docs\/[\w/-]+\.md/g) ?? [])
  })
  assert.ok(named.length > 4)
  assert.deepEqual(named.filter((page) => !fs.existsSync(path.join(ROOT, page))), [])
})
