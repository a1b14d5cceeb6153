'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')

const ROOT = path.join(__dirname, '..', '..')
const { repository, homepage, bugs } = require('../../package.json')
const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8')

test('the README fits on 200 lines, and lists its sections', () => {
  assert.ok(readme.split('\n').length <= 201)
  const contents = /\*\*Contents\*\*: ([\s\S]*?)\n\n/.exec(readme)[1]
  const sections = [...readme.matchAll(/^## (.+)$/gm)].map(([, title]) => title)
  assert.deepEqual([...contents.matchAll(/\[([^\]]+)\]\(#/g)].map(([, title]) => title), sections)
})

test('every link of the README is absolute, so that none is dead on npm', () => {
  const host = repository.url.replace(/^git\+/, '').replace(/\.git$/, '')
  for (const [, link] of readme.matchAll(/\]\(([^)]+)\)/g)) assert.ok(link.startsWith('#') || link.startsWith(`${host}/`), link)
  assert.ok(homepage.startsWith(host))
  assert.ok(bugs.url.startsWith(host))
})

test('what a user can do only in a checkout is said to be so, and exists', () => {
  const { scripts } = require('../../package.json')
  const checkout = readme.indexOf('In a checkout')
  for (const { index, 0: text, 1: name = 'test' } of readme.matchAll(/npm (?:run (\w+)|test)\b/g)) {
    assert.ok(index > checkout, text)
    assert.equal(typeof scripts[name], 'string', text)
  }
})

test('the first program of the tutorial, and the program of the page on the queue, are the executed examples', () => {
  for (const [page, example] of [['tutorial/getting-started.md', 'first.mjs'], ['how-to/queue.md', 'queue.mjs']]) {
    const [, program] = /```js run\n([\s\S]*?)```/.exec(fs.readFileSync(path.join(ROOT, 'docs', page), 'utf8'))
    assert.equal(program, fs.readFileSync(path.join(ROOT, 'examples', example), 'utf8'))
  }
})
