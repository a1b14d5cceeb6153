'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { spawnSync } = require('node:child_process')
const { compare } = require('../../tools/replay/comparison')

const REPLAY = path.join(__dirname, '..', '..', 'tools', 'replay')

function replay (...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [REPLAY, ...args], { encoding: 'utf8', env: { PATH: process.env.PATH, NO_COLOR: '1' } })
  return { status, stdout, stderr }
}

test('the published outage, replayed: nothing is lost, and it is over for callers in under a second', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-replay-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  const svg = path.join(folder, 'incident.svg')
  const { status, stdout, stderr } = replay('--json', '--requests', '1500', '--svg', svg)
  assert.equal(status, 0, stderr + stdout)
  const { lost, detectionMs, recoveryMs, agrees, incidents: [incident], published } = JSON.parse(stdout)
  assert.deepEqual([lost, agrees, incident.failed, incident.status], [0, true, 0, 'closed'])
  assert.ok(detectionMs < 1_000 && recoveryMs < 1_000)
  assert.deepEqual(incident.endpoints.map((e) => e.name), ['primary'])
  assert.ok(incident.withoutFailover.failedShare > 0.9 && incident.rescued > 400, stdout)
  assert.equal(published.requests, 847_293)
  assert.match(fs.readFileSync(svg, 'utf8'), /^<svg /)
  assert.match(stderr, /the primary is killed/)
})

test('it holds only if nothing was lost, all was quick, and both counts agree', () => {
  const incident = { detectionMs: 5, recoveryMs: 60, failed: 0 }
  const held = (seen, ...incidents) => compare({ seen, incidents, seconds: 1 }).held
  assert.equal(held({ lost: 0 }, incident), true)
  assert.equal(held({ lost: 1 }, { ...incident, failed: 1 }), false)
  assert.equal(held({ lost: 0 }, { ...incident, failed: 1 }), false)
  assert.equal(held({ lost: 0 }, { ...incident, recoveryMs: 1_000 }), false)
  assert.equal(held({ lost: 0 }, { ...incident, detectionMs: null }), false)
  assert.equal(held({ lost: 0 }), false)
})

test('misuse is one line and code 2', () => {
  for (const [args, says] of [[['--request', '5'], /--request/], [['--requests', '5'], /--requests must be a whole number from 500/], [['--svg', '/nowhere/x.svg'], /cannot be written: ENOENT/]]) {
    const { status, stdout, stderr } = replay(...args)
    assert.equal(status, 2, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, says)
    assert.equal(stderr.trim().split('\n').length, 1, stderr)
  }
})
