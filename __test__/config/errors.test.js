'use strict'

// The exact messages for invalid files: `errors/*.yaml` and `*.json`, each with a file of its messages. UPDATE_GOLDEN=1
// writes these anew, for review.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { FailoverClient } = require('../..')
const { file, variables } = require('./helpers')

const FOLDER = path.join(__dirname, 'errors')
const CANARY = 'sk-CANARY-0123456789abcdef'

for (const name of fs.readdirSync(FOLDER).filter((name) => /\.(yaml|json)$/.test(name))) {
  test(`the messages for ${name}`, (t) => {
    variables(t, { GOLDEN_KEY: CANARY, GOLDEN_UNSET: undefined })
    const golden = path.join(FOLDER, `${name}.txt`)
    const said = sayOf(path.join(FOLDER, name)).replaceAll(path.join(FOLDER, name), name)
    assert.ok(!said.includes('CANARY') && !said.includes('SECRET'), said)
    if (process.env.UPDATE_GOLDEN) fs.writeFileSync(golden, said)
    assert.equal(said, fs.readFileSync(golden, 'utf8'))
  })
}

test('encodings', (t) => {
  const text = 'max_retries: -1\n'
  const said = (bytes) => sayOf(file(t, bytes)).replace(/^.*?yaml:/, '').trim()
  assert.equal(said(Buffer.from(`\ufeff${text}`, 'utf16le')), '1:1 must be UTF-8, but is UTF-16; save it as UTF-8')
  assert.equal(said(Buffer.concat([Buffer.from('a: 1\nb: é'), Buffer.from([0xe9])])), '2:5 is not valid UTF-8 here; save it as UTF-8')
  assert.equal(said(Buffer.from('a: 1\nb\0: 2')), '2:2 must be UTF-8 text, but contains a zero byte here; save it as UTF-8')
  // A mark at the beginning is no mistake.
  assert.match(said(Buffer.from(`\ufeff${text}`)), /1:14 max_retries must be a whole number/)
  assert.match(said(Buffer.from(`keyPrefix: x\r\n${text.replace('\n', '\r\n')}`)), /2:14 max_retries/)
})

function sayOf (at) {
  try {
    FailoverClient.fromConfig(at).close()
  } catch (error) {
    return error.problems.map(({ file, line, column, path, message }) => `${[file, line, column].join(':')} ${[path, message].filter(Boolean).join(' ')}\n`).join('')
  }
  assert.fail(`${at} is valid`)
}
