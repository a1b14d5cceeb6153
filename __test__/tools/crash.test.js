'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const path = require('node:path')
const { spawnSync } = require('node:child_process')

const { verdict } = require('../../tools/crash/verdict')

const CRASH = path.join(__dirname, '..', '..', 'tools', 'crash')

function crash (...args) {
  return spawnSync(process.execPath, [CRASH, ...args], { encoding: 'utf8', env: { PATH: process.env.PATH } })
}

test('50 kills lose no acknowledged job, invent none, and double none unmarked', () => {
  const { status, stdout, stderr } = crash('--json', '--iterations', '50', '--seed', '11')
  assert.equal(status, 0, stdout + stderr)
  const report = JSON.parse(stdout)
  assert.deepEqual(report.problems, [])
  assert.equal(report.kills, 50)
  assert.ok(report.acknowledged > 100 && report.inFile >= report.acknowledged && report.beforeOpen > 0, stdout)
})

test('what is wrong is named', () => {
  const round = () => ({
    sent: new Set(['a', 'b']),
    acknowledged: new Map([['q-1', 'a'], ['q-2', 'b']]),
    failed: [],
    jobs: [
      { id: 'q-1', state: 'delivered', text: 'answer to a', maybeDuplicate: true },
      { id: 'q-2', state: 'delivered', text: 'answer to b', maybeDuplicate: false }
    ],
    answered: new Map([['a', 2], ['b', 1]])
  })
  assert.deepEqual(verdict(round()), { problems: [], twice: 1, marked: 1 })
  for (const [change, says] of [
    [(r) => r.jobs.pop(), /^lost: q-2 \(b\)/],
    [(r) => { r.jobs[1].state = 'dead' }, /^q-2 \(b\) is dead$/],
    [(r) => { r.jobs[1].text = 'answer to c' }, /the answer of another job/],
    [(r) => r.sent.delete('b'), /^invented: q-2/],
    [(r) => r.jobs.push({ ...r.jobs[1], id: 'q-3' }), /in the file twice/],
    [(r) => { r.jobs[0].maybeDuplicate = false }, /answered 2 times, and is not marked/],
    [(r) => r.answered.delete('b'), /was never answered/],
    [(r) => r.failed.push('disk'), /a call failed: disk/]
  ]) {
    const changed = round()
    change(changed)
    assert.match(verdict(changed).problems[0], says)
  }
})

test('misuse of the crash test is one line and code 2', () => {
  for (const [args, says] of [
    [['--iterations', '0'], /--iterations must be a whole number from 1/],
    [['--iterations', 'many'], /--iterations/],
    [['--seed', '-1'], /--seed/],
    [['extra'], /extra/]
  ]) {
    const { status, stdout, stderr } = crash(...args)
    assert.equal(status, 2, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, says)
    assert.equal(stderr.trim().split('\n').length, 1, stderr)
  }
  const { status, stdout } = crash('--help')
  assert.equal(status, 0)
  assert.match(stdout, /It fails if\n {2}- an acknowledged job/)
})
