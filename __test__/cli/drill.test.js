'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { serve } = require('../helpers/client')
const { cli, configOf } = require('./run')

const SHORT = ['--requests', '60', '--duration', '800ms']

test('drill: what passed, as text, JSON and Markdown; no vendor is asked', async (t) => {
  const vendors = [serve(t), serve(t)]
  const config = { ...configOf(...vendors), on_unavailable: 'queue', queue: { path: 'q.db' }, health: {} }
  config.endpoints[0].health_check = { enabled: true }
  const text = await cli(t, ['drill', 'slow', ...SHORT], { config })
  assert.deepEqual([text.code, text.complained], [0, ''])
  assert.match(text.said, /^Drill of .*: passed\n[^]*\nslow +passed/)
  const told = await cli(t, ['drill', 'quota', ...SHORT, '--endpoint', 'A', '--json'], { config })
  assert.equal(told.code, 0)
  assert.deepEqual([told.json().passed, told.json().scenarios.map(({ scenario }) => scenario), told.json().scenarios[0].disturbed], [true, ['quota'], ['A']])
  assert.match((await cli(t, ['drill', 'slow', ...SHORT, '--markdown'], { config })).said, /^## Drill of/)
  assert.deepEqual(vendors.map(({ totalHits }) => totalHits), [0, 0])
})

test('drill: an objective that is not met is exit code 1', async (t) => {
  const { code, said } = await cli(t, ['drill', 'quota', ...SHORT, '--objective', 'maxReturn=1s', '--objective', 'maxLost=none'], { config: configOf(serve(t), serve(t)) })
  assert.equal(code, 1)
  assert.match(said, /quota: maxReturn is .*, expected at most 1\.00 s/)
})

test('drill: misuse names what is accepted', async (t) => {
  const config = configOf(serve(t))
  for (const [args, why] of [
    [['vendor-dwn'], /unknown scenario 'vendor-dwn'; did you mean 'vendor-down'\?/],
    [['--objective', 'maxLoss=1'], /--objective must be NAME=VALUE with one of maxLost/],
    [['--objective', 'maxLost=few'], /must be a number, or none, got 'few'/],
    [['--objective', 'maxReturn=soon'], /--objectives\.maxReturn must be milliseconds/],
    [['--requests', 'x'], /--requests must be a whole number/],
    [['--endpoint', 'X'], /--endpoint must be one of A, got 'X'/],
    [['--json', '--markdown'], /exclude each other/],
    [['--config', 'none.yaml'], /none\.yaml/],
    [['--objectve', 'maxLost=1'], /unknown option '--objectve'; did you mean '--objective'\?/]
  ]) {
    const told = await cli(t, ['drill', ...args], { config })
    assert.deepEqual([told.code, told.said], [2, ''], args.join(' '))
    assert.match(told.complained, why)
  }
  assert.match((await cli(t, ['drlil'])).complained, /unknown command 'drlil'; did you mean 'drill'\?/)
})
