'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const path = require('node:path')
const { spawnSync } = require('node:child_process')

const DEMO = path.join(__dirname, '..', '..', 'tools', 'demo')

/** In an environment without keys. */
function demo (...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [DEMO, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, NO_COLOR: '1' }
  })
  return { status, stdout, stderr }
}

test('the demo loses requests without failover and none with bellwether', () => {
  const { status, stdout, stderr } = demo('--json', '--requests', '200')
  assert.equal(status, 0, stderr)
  const { withoutFailover, withBellwether } = JSON.parse(stdout)
  assert.ok(withoutFailover.failed > 0)
  assert.equal(withBellwether.failed, 0)
  assert.equal(withBellwether.requests, 200)
  assert.ok(withBellwether.detectMs !== null && withBellwether.recoverMs !== null)
  assert.ok(withBellwether.share.secondary > 0 && withBellwether.addedCostUsd > 0)
  assert.match(stderr, /alert firing, critical/)
})

test('misuse of the demo, and --live without a key, is one line and code 2', () => {
  for (const [args, says] of [
    [['--request', '5'], /--request/],
    [['--requests', '5'], /--requests must be a whole number from 10/],
    [['--concurrency', 'many'], /--concurrency must be/],
    [['extra'], /extra/],
    [['--live'], /OPENAI_API_KEY/]
  ]) {
    const { status, stdout, stderr } = demo(...args)
    assert.equal(status, 2, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, says)
    assert.equal(stderr.trim().split('\n').length, 1, stderr)
  }
})
