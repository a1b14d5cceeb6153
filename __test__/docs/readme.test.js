'use strict'

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { execFile } = require('node:child_process')
const { promisify } = require('node:util')

const ROOT = path.join(__dirname, '..')
const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8')

test('the first program of the README is the executed example', async () => {
  const block = /## First program[\s\S]*?```js\n([\s\S]*?)```/.exec(readme)[1]
  assert.equal(block, fs.readFileSync(path.join(ROOT, 'examples', 'first.mjs'), 'utf8'))
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(ROOT, 'examples', 'first.mjs')])
  assert.equal(stdout, [
    'primary → backup: overloaded',
    'Hello from backup',
    "[ 'primary: next', 'backup: ok' ]",
    'Hello from backup',
    ''
  ].join('\n'))
})

test('every event, error class and file that the README names exists', () => {
  const { EVENTS } = require('../lib/emitter')
  const known = [...EVENTS, 'drill']
  const events = /## Events([\s\S]*?)\n## /.exec(readme)[1].match(/^\| `(\w+)`/gm).map((row) => /`(\w+)`/.exec(row)[1])
  assert.deepEqual(events.filter((name) => !known.includes(name)), [])
  const exported = require('..')
  const classes = /## Errors([\s\S]*?)\n## /.exec(readme)[1].match(/`(\w+Error)`/g).map((name) => name.slice(1, -1))
  assert.deepEqual(classes.filter((name) => typeof exported[name] !== 'function'), [])
  const thrown = Object.keys(exported).filter((name) => name.endsWith('Error') && name !== 'FailoverError')
  assert.deepEqual(thrown.filter((name) => !classes.includes(name)), [], 'every class is in the table')
  for (const [, file] of readme.matchAll(/\]\(([\w./-]+)\)/g)) assert.ok(fs.existsSync(path.join(ROOT, file)), file)
})
