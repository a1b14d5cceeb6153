'use strict'

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { ConfigError } = require('../..')
const { setup, rejection, faults } = require('../helpers/client')

const asked = (server) => server.hits().map(({ body }) => body.messages[0].content)

test('parts in order, labelled, joined by lines', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const progress = []
  const { text, parts } = await client.processLongContext('abcdefghij', { model: 'gpt-4o', chunkSize: 4, pace: 1, onProgress: (p) => progress.push(p) })
  assert.deepEqual(asked(a), ['[Part 1/3]\nabcd', '[Part 2/3]\nefgh', '[Part 3/3]\nij'])
  assert.equal(text, 'Hello from A\nHello from A\nHello from A')
  assert.deepEqual(parts.map(({ index, content, report }) => [index, content, report.endpoint]), [0, 1, 2].map((i) => [i, 'Hello from A', 'A']))
  assert.deepEqual(progress, [0, 1, 2].map((index) => ({ index, done: index + 1, total: 3, content: 'Hello from A' })))
  assert.equal(a.hits()[0].body.max_tokens, 1000)
})

test('no part ends inside what a reader takes for one character', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const family = '👨‍👩‍👧‍👦'
  const text = `ab${family}é${family}🇨🇭x`
  for (const chunkSize of [1, 2, 3, 5, 12, 100]) {
    a.clearHits()
    await client.processLongContext(text, { model: 'gpt-4o', chunkSize, pace: 0 })
    const parts = asked(a).map((prompt) => prompt.replace(/^\[Part \d+\/\d+\]\n/, ''))
    assert.equal(parts.join(''), text)
    const whole = [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment)
    assert.deepEqual(parts.flatMap((part) => [...new Intl.Segmenter().segment(part)].map(({ segment }) => segment)), whole)
    assert.ok(parts.every((part) => part.length <= chunkSize || [...new Intl.Segmenter().segment(part)].length === 1))
  }
})

test('each part fails over by itself, and to the fallback model at last', async (t) => {
  const { client, a, b } = setup(t, { maxRetries: 0 })
  a.script(faults.serverError())
  const moved = await client.processLongContext('abcd', { model: 'gpt-4o', chunkSize: 2, pace: 0 })
  assert.deepEqual(moved.parts.map(({ report }) => report.endpoint), ['B', 'A'])
  a.script(faults.healthy(), faults.badRequest())
  b.clearHits()
  const saved = await client.processLongContext('abcd', { model: 'gpt-4o', fallbackModel: 'gpt-4o-mini', chunkSize: 2, pace: 0 })
  assert.deepEqual(saved.parts.map(({ report }) => report.model), ['gpt-4o', 'gpt-4o-mini'])
})

test('after an error it goes on where it stopped', async (t) => {
  const { client, a } = setup(t, { servers: 1, maxRetries: 0 })
  a.script(faults.healthy(), faults.badRequest())
  const options = { model: 'gpt-4o', chunkSize: 2, pace: 0, prompt: (part, number, of) => `${number} of ${of}: ${part}` }
  const error = await rejection(client.processLongContext('abcdef', options))
  assert.equal(error.name, 'BadRequestError')
  assert.deepEqual([error.longContext.resumeFrom, error.longContext.parts.length], [1, 1])
  a.clearHits()
  const rest = await client.processLongContext('abcdef', { ...options, resumeFrom: error.longContext.resumeFrom })
  assert.deepEqual(rest.parts.map(({ index }) => index), [1, 2])
  assert.deepEqual(asked(a), ['2 of 3: cd', '3 of 3: ef'])
})

test('an abort between two parts ends it', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const controller = new AbortController()
  const reason = new Error('enough')
  const ended = rejection(client.processLongContext('abcd', {
    model: 'gpt-4o', chunkSize: 2, pace: '1h', signal: controller.signal, onProgress: () => setImmediate(() => controller.abort(reason))
  }))
  assert.equal(await ended, reason)
  assert.equal(a.totalHits, 1)
})

test('wherever it ends, what was answered is not lost', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const options = { model: 'gpt-4o', chunkSize: 1, pace: 0 }
  const broken = await rejection(client.processLongContext('abc', { ...options, onProgress: ({ done }) => { if (done === 2) throw new Error('mine') } }))
  assert.deepEqual([broken.message, broken.longContext.resumeFrom, broken.longContext.parts.length], ['mine', 2, 2])

  // Two that share a signal share its reason, and one may be frozen.
  for (const reason of [new Error('enough'), Object.freeze(new Error('enough'))]) {
    const controller = new AbortController()
    let answered = 0
    const onProgress = () => { if (++answered === 2) controller.abort(reason) }
    const both = ['abc', 'def'].map((text) => rejection(client.processLongContext(text, { ...options, pace: '1h', signal: controller.signal, onProgress })))
    assert.deepEqual(await Promise.all(both), [reason, reason])
    if (!Object.isFrozen(reason)) assert.deepEqual([reason.longContext.resumeFrom, reason.longContext.parts.length], [1, 1])
  }
})

test('invalid arguments are named', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const paths = async (...args) => {
    const error = await rejection(client.processLongContext(...args))
    assert.ok(error instanceof ConfigError)
    return error.problems.map(({ path }) => path)
  }
  assert.deepEqual(await paths(''), ['text'])
  assert.deepEqual(await paths('x', null), ['options'])
  assert.deepEqual(await paths('x', { model: '', chunkSize: 0, resumeFrom: -1, prompt: 'x', onProgress: 1, stream: true }),
    ['options.model', 'options.chunkSize', 'options.resumeFrom', 'options.prompt', 'options.onProgress', 'options.stream'])
  assert.deepEqual(await paths('x', { model: 'gpt-4o', prompt: () => 7 }), ['options.prompt'])
  assert.deepEqual(await paths('x', {}), ['options.model'], 'no endpoint names one')
  for (const pace of ['soon', '25d']) assert.deepEqual(await paths('x', { model: 'gpt-4o', pace }), ['options.pace'])
  assert.deepEqual(await paths('x', { model: 'gpt-4o', resumeFrom: 2 }), ['options.resumeFrom'])
})
