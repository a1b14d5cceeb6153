'use strict'

// From one dialect to another, before content and after it.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const bellwether = require('../..')
const { openClient, serve } = require('../helpers/client')
const { OTHERS, ask, rejection, faults, setupDialects, textOf, attemptSummary } = require('./helpers')

const CHAIN = ['openai', 'anthropic', 'google']
const CHAINS = [CHAIN, CHAIN.toReversed(), ['relay', 'google', 'anthropic'], ['anthropic', 'relay', 'openai']]

test('along a chain of dialects, before content', async (t) => {
  for (const dialects of CHAINS) {
    for (const stream of [false, true]) {
      for (const fault of [faults.serverError(), faults.reset(), faults.errorEvent('overloaded', { after: 0 }), faults.cut({ after: 0 })]) {
        const { client, a, b } = setupDialects(t, dialects)
        a.script(fault)
        b.script(faults.overloaded())
        const answer = await ask(client, { stream })
        assert.equal(textOf(answer), 'Hello from C', `${dialects} ${fault.name}`)
        assert.equal(answer.object, 'chat.completion')
        assert.deepEqual(answer.report.attempts.map((attempt) => attempt.endpoint), ['A', 'B', 'C'], `${dialects} ${fault.name} ${stream}`)
      }
    }
  }
})

test('what one vendor left in a conversation for itself is kept from another', async (t) => {
  const servers = ['openai', 'deepseek', 'google', undefined].map((provider) => ({ provider, server: serve(t) }))
  const said = { role: 'assistant', content: null, reasoning_content: 'hm', images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }], tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' }, extra_content: { google: { thought_signature: 's' } } }] }
  const messages = [{ role: 'user', content: 'hi' }, said, { role: 'tool', tool_call_id: 'c1', content: 'done' }]
  for (const { provider, server } of servers) {
    const client = openClient(t, { endpoints: [{ name: 'A', baseURL: server.url, provider, dialect: 'openai' }] })
    await client.chatCompletion({ model: 'm', messages, zz: 1 })
    const [{ body }] = server.hits()
    const { tool_calls: [call], ...sent } = body.messages[1]
    const kept = ['reasoning_content', 'images'].filter((name) => name in sent).concat('extra_content' in call ? ['extra_content'] : [])
    // A relay may serve any vendor, and receives the caller's fields.
    assert.deepEqual(kept, { openai: [], deepseek: ['reasoning_content'], google: ['extra_content'] }[provider] ?? ['reasoning_content', 'images', 'extra_content'], provider)
    assert.deepEqual([sent.role, call.id, body.messages[2], body.zz], ['assistant', 'c1', messages[2], 1])
  }
})

test('an error event at the start of a 200 fails over unnoticed', async (t) => {
  for (const dialect of OTHERS) {
    for (const after of ['headers', 0]) {
      const { client, a } = setupDialects(t, [dialect, 'openai'])
      a.script(faults.errorEvent('overloaded', { after }))
      const answer = await ask(client, { stream: true })
      assert.equal(attemptSummary(answer.report.attempts), 'A:next:overloaded B:ok')
      assert.equal(textOf(answer), 'Hello from B')
    }
  }
})

const BREAKS = {
  cut: faults.cut({ after: 2 }), reset: faults.cut({ after: 2, how: 'reset' }), 'a proper end': faults.cut({ after: 2, how: 'eof' }),
  'no finish reason': faults.missingFinish(), 'an error': faults.errorEvent('serverError', { after: 2 })
}

/** A stream to its end, with what was announced. */
async function read (client, options) {
  const stream = await client.chatCompletion('m', 'hi', { stream: true, ...options })
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  return { announced: chunks.find((chunk) => chunk.bellwether)?.bellwether, final: await stream.finalCompletion }
}

test('a stream that ends without message_stop or a finish reason is broken, and the error has its content', async (t) => {
  for (const dialect of OTHERS) {
    for (const [name, fault] of Object.entries(BREAKS)) {
      const { client, a, b } = setupDialects(t, [dialect, 'openai'])
      a.script(fault)
      const error = await rejection(read(client))
      assert.ok(error instanceof bellwether.StreamInterruptedError, `${dialect} ${name}: ${error.name}`)
      assert.ok('Hello from A'.startsWith(error.partial) && error.partial !== '')
      assert.equal(b.totalHits, 0)
    }
  }
})

test('an answer of Google’s that is nothing but a mistake is none, whole or streamed', async (t) => {
  for (const dialect of ['google', 'relay']) {
    for (const stream of [false, true]) {
      const { client, a } = setupDialects(t, [dialect, 'openai'])
      a.script(faults.combine(faults.healthy({ content: '' }), faults.finish('MALFORMED_FUNCTION_CALL')))
      const answer = await ask(client, { stream })
      assert.equal(textOf(answer), 'Hello from B')
      assert.equal(answer.report.attempts.length, 2)
    }
    const { client, a } = setupDialects(t, [dialect])
    a.script(faults.finish('MALFORMED_FUNCTION_CALL'))
    assert.equal(textOf(await ask(client, { stream: true })), 'Hello from A', 'what was said stays')
  }
})

test('after a finish reason, the mark of the end may be missing', async (t) => {
  const { client, a } = setupDialects(t, ['anthropic'])
  a.script(faults.missingDone())
  assert.equal(textOf(await ask(client, { stream: true })), 'Hello from A')
})

test('restart and continue, from one dialect to another', async (t) => {
  for (const dialects of CHAINS.map((chain) => chain.slice(0, 2))) {
    for (const fault of Object.values(BREAKS)) {
      const again = setupDialects(t, dialects, { streams: { onCut: 'restart' } })
      again.a.script(fault)
      const restarted = await read(again.client)
      assert.equal(restarted.announced.event, 'restart', `${dialects} ${fault.name}`)
      assert.equal(textOf(restarted.final), 'Hello from B')
    }
    const on = setupDialects(t, dialects, { streams: { onCut: 'continue' }, endpoint: () => ({ canContinue: true }) })
    on.a.script(BREAKS.cut)
    on.b.script(faults.healthy({ content: ' and onwards' }))
    const { announced, final } = await read(on.client)
    assert.equal(announced.event, 'continue')
    assert.ok(textOf(final).endsWith(' and onwards') && textOf(final).startsWith('Hello'))
    const { body } = on.b.hits()[0]
    const last = (body.messages ?? body.contents).at(-1)
    assert.equal(last.content ?? last.parts[0].text, textOf(final).replace(' and onwards', ''))
    assert.equal(last.role, body.contents ? 'model' : 'assistant')
  }
})

test('with commit: end, every break is unseen', async (t) => {
  for (const dialect of OTHERS) {
    const { client, a } = setupDialects(t, [dialect, 'openai'], { streams: { commit: 'end' } })
    a.script(BREAKS.cut)
    const { announced, final } = await read(client)
    assert.deepEqual([announced, textOf(final)], [undefined, 'Hello from B'])
  }
})

test('pings keep the connection and not the wait for content', async (t) => {
  const { client, a } = setupDialects(t, ['anthropic'])
  a.script(faults.keepAlive(5, { after: 0, for: 40 }))
  assert.equal(textOf(await ask(client, { stream: true })), 'Hello from A')
  for (const [after, timeout, phase] of [[0, { firstContent: 60 }, 'firstContent'], [1, { content: 60 }, 'content']]) {
    a.script(faults.keepAlive(5, { after }))
    const error = await rejection(ask(client, { stream: true, timeout, maxRetries: 0 }))
    const cause = error instanceof bellwether.StreamInterruptedError ? error.reason : error.phase
    assert.equal(cause, phase === 'content' ? 'timeoutContent' : phase)
  }
})
