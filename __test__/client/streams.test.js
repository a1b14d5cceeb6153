'use strict'

// Before its first content a stream can fail over to any vendor; after it, it comes from one vendor or fails.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { StreamInterruptedError } = require('../..')
const { TRANSPORTS, setup, ask, rejection, textOf, attemptSummary, faults } = require('../helpers/client')

const TEXT = 'The quick brown fox jumps'
const healthy = faults.healthy({ content: TEXT, id: 'chatcmpl-1', usage: true })

/** Reads a stream until it ends or breaks. */
async function readUp (stream) {
  let text = ''
  let error
  try {
    for await (const piece of stream.textStream) text += piece
  } catch (e) {
    error = e
  }
  return { text, error }
}

for (const transport of TRANSPORTS) {
  test(`${transport.transport}: before content a failure is not seen`, { concurrency: 8 }, async (t) => {
    await Promise.all([
      ['an error event first', faults.errorEvent('overloaded', { after: 'headers' }), 'overloaded'],
      ['an error event after the role', faults.errorEvent('serverError', { after: 0 }), 'serverError'],
      ['an end after the role', faults.cut({ after: 0, how: 'eof' }), 'truncated'],
      ['empty chunks and a reset', faults.combine(faults.emptyChunks(3), faults.stall({ after: 0, for: 20 }), faults.cut({ after: 0, how: 'reset' })), 'truncated'],
      ['keep-alives and an end', faults.combine(faults.keepAlive(5, { after: 0, for: 20 }), faults.cut({ after: 0, how: 'eof' })), 'truncated'],
      ['undecodable events', faults.malformedEvents(3, { after: 0 }), 'malformed'],
      ['[DONE] without content or finish', faults.roleOnly(), 'truncated']
    ].map(([name, fault, reason]) => t.test(name, async (t) => {
      const { client, a, b } = setup(t, { transport })
      a.script(fault)
      const answer = await ask(client, { stream: true })
      assert.equal(textOf(answer), 'Hello from B')
      assert.equal(attemptSummary(answer.report.attempts), `A:next:${reason} B:ok`)
      assert.ok(answer.chunks.every((chunk) => chunk.system_fingerprint === 'fp_B'), 'nothing of A is left')
      assert.deepEqual([a.totalHits, b.totalHits], [1, 1])
    })))
  })

  test(`${transport.transport}: a failure after content is reported, with the content so far`, { concurrency: 8 }, async (t) => {
    const rest = (how) => faults.combine(healthy, faults.stall({ after: 2, for: 20 }), faults.cut({ after: 2, how }))
    await Promise.all([
      ['an end', rest('eof'), 'truncated'],
      ['a close', rest('close'), 'truncated'],
      ['a reset', rest('reset'), 'truncated'],
      ['an error event', faults.combine(healthy, faults.errorEvent('overloaded', { after: 2 })), 'overloaded'],
      ['a named error event', faults.combine(healthy, faults.errorEvent('serverError', { after: 2, form: 'event' })), 'serverError'],
      ['undecodable events', faults.combine(healthy, faults.malformedEvents(3, { after: 2 })), 'malformed'],
      ['silence', faults.combine(healthy, faults.stall({ after: 2 })), 'timeoutContent'],
      ['keep-alives only', faults.combine(healthy, faults.keepAlive(10, { after: 2 })), 'timeoutContent']
    ].map(([name, fault, reason]) => t.test(name, async (t) => {
      const { client, a, b } = setup(t, { transport, timeout: { content: 80, total: '5s' } })
      a.script(fault)
      const stream = await client.chatCompletion('gpt-4o', 'hi', { stream: true })
      const { text, error } = await readUp(stream)
      assert.ok(error instanceof StreamInterruptedError, `${error?.name}: ${error?.message}`)
      assert.equal(error.reason, reason)
      assert.equal(error.partial, text)
      assert.ok(text.length > 0 && TEXT.startsWith(text), text)
      assert.equal(error.partialCompletion.choices[0].message.content, text)
      assert.equal(error.partialCompletion.id, 'chatcmpl-1')
      assert.equal(attemptSummary(error.attempts), `A:fail:${reason}`)
      assert.equal(error.attempts[0].maybeBilled, true)
      assert.equal(error.endpoint, 'A')
      assert.equal(await rejection(stream.finalCompletion), error)
      assert.deepEqual([a.totalHits, b.totalHits], [1, 0])
    })))
  })
}

test('usage that came before the break is on the error', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const usage = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 }
  const chunk = (delta, more) => `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`
  a.script(faults.status(200, { headers: { 'content-type': 'text/event-stream' }, body: chunk({ role: 'assistant', content: 'He' }) + chunk({ content: 'llo' }, { usage }) }))
  const error = await rejection(ask(client, { stream: true }))
  assert.ok(error instanceof StreamInterruptedError, error.message)
  assert.equal(error.partial, 'Hello')
  assert.equal(error.usage.inputTokens ?? error.usage.prompt_tokens, 7)
})

test('a finish reason ends a stream, [DONE] or not', { concurrency: true }, async (t) => {
  await Promise.all([
    ['no [DONE]', faults.missingDone()],
    ['no blank line after [DONE]', faults.omit('blankLine')],
    ['no blank line after the finish', faults.omit('done', 'blankLine')],
    ['no role', faults.omit('role')]
  ].map(([name, fault]) => t.test(name, async (t) => {
    const { client, a } = setup(t, { servers: 1 })
    a.script(fault)
    const answer = await ask(client, { stream: true })
    assert.equal(textOf(answer), 'Hello from A')
    assert.equal(answer.choices[0].finish_reason, 'stop')
    assert.equal(a.totalHits, 1)
  })))
})

test('[DONE] without a finish reason is a failure', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  a.script(faults.missingFinish())
  const error = await rejection(ask(client, { stream: true }))
  assert.ok(error instanceof StreamInterruptedError)
  assert.equal(error.reason, 'truncated')
})

test('an undecodable event is skipped and counted', { concurrency: true }, async (t) => {
  await Promise.all([
    ['one', faults.malformedEvents(1, { after: 1 }), 1],
    ['two in a row', faults.malformedEvents(2, { after: 1 }), 2],
    ['one before content', faults.malformedEvents(1, { after: 0 }), 1],
    ['none', faults.healthy(), undefined]
  ].map(([name, fault, skipped]) => t.test(name, async (t) => {
    const { client, a } = setup(t, { servers: 1 })
    a.script(fault)
    const answer = await ask(client, { stream: true })
    assert.equal(textOf(answer), 'Hello from A')
    assert.equal(answer.report.skippedEvents, skipped)
  })))
})
