'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const path = require('node:path')
const { spawnSync } = require('node:child_process')

const SOAK = path.join(__dirname, '..', 'scripts', 'soak.js')

function soak (...args) {
  return spawnSync(process.execPath, [SOAK, ...args], { encoding: 'utf8', env: { PATH: process.env.PATH } })
}

test('some seconds of trouble leave nothing behind', () => {
  const { status, stdout, stderr } = soak('--json', '--minutes', '0.1', '--seed', '7')
  assert.equal(status, 0, stdout + stderr)
  const report = JSON.parse(stdout)
  assert.deepEqual(report.problems, [])
  assert.equal(report.seed, 7)
  assert.ok(report.calls.answered > 100 && report.failovers > 0 && report.clients > 4, stdout)
  assert.ok(Object.keys(report.failed).length > 3, 'faults reach callers as well')
  assert.deepEqual([report.calls.stuck, report.active], [0, 0])
  assert.match(stderr, /^ +\d+ s {2}\d+ calls/m)
})

test('misuse of the soak is one line and code 2', () => {
  for (const [args, says] of [
    [['--minutes', '0'], /--minutes must be a number from 0\.05/],
    [['--minutes', 'long'], /--minutes must be/],
    [['--seed', '-1'], /--seed/],
    [['extra'], /extra/]
  ]) {
    const { status, stdout, stderr } = soak(...args)
    assert.equal(status, 2, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, says)
    assert.equal(stderr.trim().split('\n').length, 1, stderr)
  }
  const { status, stdout } = soak('--help')
  assert.equal(status, 0)
  assert.match(stdout, /It fails if\n {2}- a call/)
})
