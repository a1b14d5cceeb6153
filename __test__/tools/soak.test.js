'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const path = require('node:path')
const { spawnSync } = require('node:child_process')

const { problems, MIB } = require('../../tools/soak/verdict')

const SOAK = path.join(__dirname, '..', '..', 'tools', 'soak')

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

test('what is not flat is named', () => {
  const flat = {
    calls: { stuck: 0 }, unexpected: [], active: 0, fds: { start: 24, end: 24 },
    rss: { warm: 100 * MIB, end: 135 * MIB }, heap: { warm: 6 * MIB, end: 10 * MIB }
  }
  assert.deepEqual(problems(flat), [])
  assert.deepEqual(problems({ ...flat, fds: { start: null, end: null } }), [], 'not known everywhere')
  for (const [change, says] of [
    [{ calls: { stuck: 2 } }, /^2 calls are stuck$/],
    [{ unexpected: ['TypeError: x'] }, /TypeError/],
    [{ rss: { warm: 100 * MIB, end: 140 * MIB } }, /^RSS grew from 100\.0 to 140\.0 MiB$/],
    [{ heap: { warm: 6 * MIB, end: 20 * MIB } }, /^the heap grew/],
    [{ fds: { start: 24, end: 25 } }, /^1 files or sockets/],
    [{ active: 3 }, /^3 calls/]
  ]) {
    const [problem, ...others] = problems({ ...flat, ...change })
    assert.match(problem, says)
    assert.deepEqual(others, [])
  }
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
