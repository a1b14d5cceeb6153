'use strict'

// Streams that break after content was delivered: an error by default, made good and announced where the user asked for it,
// unseen where nothing is delivered before the end.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const bellwether = require('../..')
const { TRANSPORTS, setup, ask, rejection, textOf, attemptSummary, faults } = require('../helpers/client')

const CUT = faults.cut({ after: 2, how: 'close' })
const restart = { streams: { onCut: 'restart' } }
const goOn = { streams: { onCut: 'continue' } }
const able = { endpoint: () => ({ canContinue: true }) }

/** The chunks of a stream until it ends or fails, with how it ended. */
async function read (client, options = {}) {
  const stream = await client.chatCompletion('gpt-4o', 'hi', { stream: true, ...options })
  const chunks = []
  let error
  try {
    for await (const chunk of stream) chunks.push(chunk)
  } catch (caught) {
    error = caught
  }
  const at = chunks.findIndex((chunk) => chunk.bellwether)
  const text = (list) => list.map((chunk) => chunk.choices[0]?.delta?.content ?? '').join('')
  return { chunks, error, announced: chunks[at]?.bellwether, before: text(at < 0 ? chunks : chunks.slice(0, at)), after: text(chunks.slice(at + 1)), final: stream.finalCompletion }
}

for (const transport of TRANSPORTS) {
  test(`${transport.transport}: restart, announced`, async (t) => {
    const { client, a, b } = setup(t, { transport, ...restart })
    a.always(CUT)
    const { announced, before, after, chunks, final } = await read(client)
    assert.deepEqual(announced, {
      event: 'restart',
      from: { endpoint: 'A', model: 'gpt-4o' },
      to: { endpoint: 'B', model: 'gpt-4o' },
      reason: 'truncated'
    })
    assert.ok('Hello from A'.startsWith(before) && before !== '', before)
    assert.equal(after, 'Hello from B')
    const completion = await final
    assert.equal(textOf(completion), 'Hello from B')
    assert.equal(attemptSummary(completion.report.attempts), 'A:next:truncated B:ok')
    assert.equal(completion.report.attempts[0].maybeBilled, true)
    assert.equal(completion.report.failover, true)
    const announcement = chunks.find((chunk) => chunk.bellwether)
    assert.deepEqual(announcement.choices, [])
    assert.equal(announcement.object, 'chat.completion.chunk')
    assert.deepEqual([a.totalHits, b.totalHits], [1, 1])
    assert.equal(client.getEndpointStatus('A').breaker.consecutiveFailures, 1, 'it counts')
  })

  test(`${transport.transport}: continue, with the text so far as the beginning of the answer`, async (t) => {
    const { client, a, b } = setup(t, { transport, ...goOn, ...able })
    a.always(CUT)
    b.always(faults.healthy({ content: ' and onwards' }))
    const { announced, before, after, final } = await read(client)
    assert.equal(announced.event, 'continue')
    assert.equal(after, ' and onwards')
    assert.equal(textOf(await final), `${before} and onwards`)
    const { messages } = b.hits()[0].body
    assert.deepEqual(messages, [{ role: 'user', content: 'hi' }, { role: 'assistant', content: before }])
  })
}

test('the default is the error, with what came', async (t) => {
  const { client, a, b } = setup(t, {})
  a.always(CUT)
  const { error, before } = await read(client)
  assert.ok(error instanceof bellwether.StreamInterruptedError)
  assert.equal(error.partial, before)
  assert.equal(attemptSummary(error.attempts), 'A:fail:truncated')
  assert.equal(b.totalHits, 0)
})

test('a call may override it', async (t) => {
  const { client, a } = setup(t, restart)
  a.always(CUT)
  assert.ok((await read(client, { streams: { onCut: 'error' } })).error instanceof bellwether.StreamInterruptedError)
  assert.equal((await read(client, { streams: { commit: 'end' } })).after, 'Hello from B', 'what is left out is the client’s')
})

test('every kind of break is made good', { concurrency: true }, async (t) => {
  const kinds = {
    reset: faults.cut({ after: 2, how: 'reset' }),
    'plain end': faults.cut({ after: 2, how: 'eof' }),
    'error event': faults.errorEvent('overloaded', { after: 2 }),
    undecodable: faults.malformedEvents(3, { after: 2 }),
    stall: faults.stall({ after: 2 })
  }
  for (const [name, fault] of Object.entries(kinds)) {
    await t.test(name, async (t) => {
      const { client, a } = setup(t, { ...restart, timeout: { content: 80 } })
      a.always(fault)
      const { announced, after } = await read(client)
      assert.equal(announced.event, 'restart')
      assert.equal(after, 'Hello from B')
    })
  }
})

test('no endpoint left: the error has what was delivered, and why no endpoint took over', async (t) => {
  const { client, a, b } = setup(t, restart)
  a.always(CUT)
  b.always(faults.serverError())
  const { error, before } = await read(client, { maxRetries: 0 })
  assert.ok(error instanceof bellwether.StreamInterruptedError, error.name)
  assert.equal(error.reason, 'truncated')
  assert.equal(error.partial, before)
  assert.match(error.message, /no other endpoint could take over/)
  assert.equal(attemptSummary(error.attempts), 'A:next:truncated B:fail:serverError')
})

test('the one that broke off is not asked again', async (t) => {
  const { client, a } = setup(t, { servers: 1, ...restart })
  a.always(CUT)
  const { error } = await read(client)
  assert.ok(error instanceof bellwether.StreamInterruptedError)
  assert.equal(a.totalHits, 1)
})

test('cut again, made good again', async (t) => {
  const { client, a, b } = setup(t, { servers: 3, ...restart })
  a.always(CUT)
  b.always(CUT)
  const { chunks, final } = await read(client)
  assert.deepEqual(chunks.filter((c) => c.bellwether).map((c) => [c.bellwether.from.endpoint, c.bellwether.to.endpoint]), [['A', 'B'], ['B', 'C']])
  assert.equal(textOf(await final), 'Hello from C')
})

test('a caller’s mistake at the other is not the final error', async (t) => {
  const { client, a, b } = setup(t, restart)
  a.always(CUT)
  b.always(faults.badRequest())
  const { error } = await read(client)
  assert.ok(error instanceof bellwether.StreamInterruptedError, error.name)
})

test('continue: endpoints that can are preferred, others restart', { concurrency: true }, async (t) => {
  await t.test('the next cannot, the one after can', async (t) => {
    const { client, a, b, c } = setup(t, { servers: 3, ...goOn, endpoint: (i) => ({ canContinue: i === 2 }) })
    a.always(CUT)
    const { announced } = await read(client)
    assert.deepEqual([announced.event, announced.to.endpoint], ['continue', 'C'])
    assert.deepEqual([b.totalHits, c.totalHits], [0, 1])
  })
  await t.test('no endpoint can continue', async (t) => {
    const { client, a } = setup(t, goOn)
    a.always(CUT)
    assert.equal((await read(client)).announced.event, 'restart')
  })
  await t.test('it would not take the beginning: it is asked anew', async (t) => {
    const { client, a, b } = setup(t, { ...goOn, ...able })
    a.always(CUT)
    b.script(faults.badRequest({ message: 'This model does not support assistant message prefill.' }))
    const { announced, after, error } = await read(client)
    assert.equal(error, undefined)
    assert.equal(announced.event, 'restart')
    assert.equal(after, 'Hello from B')
    assert.deepEqual(b.hits().map((hit) => hit.body.messages.length), [2, 1])
  })
  for (const [name, options, fault] of [
    ['tool calls', {}, faults.combine(faults.toolCalls({ name: 'f', arguments: '{"a":1,"b":2,"c":3}' }), CUT)],
    ['JSON', { responseFormat: { type: 'json_object' } }, CUT],
    ['several choices', { extraBody: { n: 2 } }, CUT],
    ['reasoning', {}, faults.combine(faults.reasoning('Let me think about this for a while'), CUT)]
  ]) {
    await t.test(`${name} restart`, async (t) => {
      const { client, a } = setup(t, { ...goOn, ...able })
      a.always(fault)
      assert.equal((await read(client, options)).announced.event, 'restart')
    })
  }
  await t.test('DeepSeek wants it marked', async (t) => {
    const { client, a, b } = setup(t, { ...goOn, endpoint: () => ({ canContinue: true, provider: 'deepseek', models: { 'gpt-4o': 'deepseek-chat' } }) })
    a.always(CUT)
    await read(client)
    assert.equal(b.hits()[0].body.messages[1].prefix, true)
  })
})

test('textStream cannot express a restart, so it fails; it goes on with a continuation', async (t) => {
  const text = async (client) => {
    const parts = []
    const stream = await client.chatCompletion('gpt-4o', 'hi', { stream: true })
    for await (const part of stream.textStream) parts.push(part)
    return parts.join('')
  }
  const one = setup(t, restart)
  one.a.always(CUT)
  const error = await rejection(text(one.client))
  assert.ok(error instanceof bellwether.StreamInterruptedError, error.name)
  assert.ok('Hello from A'.startsWith(error.partial) && error.partial !== '')
  const two = setup(t, { ...goOn, ...able })
  two.a.always(CUT)
  two.b.always(faults.healthy({ content: '!' }))
  assert.match(await text(two.client), /^Hello.*!$/)
})

test('commit: "end" makes every break invisible', { concurrency: true }, async (t) => {
  for (const [name, fault] of Object.entries({ cut: CUT, 'error event': faults.errorEvent('serverError', { after: 2 }), stall: faults.stall({ after: 2 }) })) {
    await t.test(name, async (t) => {
      const { client, a } = setup(t, { streams: { commit: 'end' }, timeout: { content: 80 } })
      a.always(fault)
      const answer = await ask(client, { stream: true })
      assert.equal(textOf(answer), 'Hello from B')
      assert.ok(answer.chunks.every((chunk) => chunk.system_fingerprint === 'fp_B' && !chunk.bellwether))
      assert.match(attemptSummary(answer.report.attempts), /^A:next:\w+ B:ok$/)
      assert.equal(client.getEndpointStatus('A').breaker.consecutiveFailures, 1)
    })
  }
  await t.test('the same endpoint again, when there is no other', async (t) => {
    const { client, a } = setup(t, { servers: 1, streams: { commit: 'end' } })
    a.script(CUT)
    assert.equal(textOf(await ask(client, { stream: true })), 'Hello from A')
    assert.equal(a.totalHits, 2)
  })
})

test('a server passes on the bytes that announce the takeover', async (t) => {
  const { client, a } = setup(t, restart)
  a.always(CUT)
  const stream = await client.chatCompletion('gpt-4o', 'hi', { stream: true })
  const body = await stream.toResponse().text()
  const events = body.split('\n\n').filter(Boolean)
  assert.equal(events.at(-1), 'data: [DONE]')
  assert.equal(events.filter((text) => text.includes('"event":"restart"')).length, 1)
})

test('options that are none are refused by name', async (t) => {
  const { client } = setup(t, {})
  for (const [options, path] of [
    [{ streams: { onCut: 'retry' } }, 'options.streams.onCut'], [{ streams: { commit: true } }, 'options.streams.commit'],
    [{ hedge: true }, 'options.hedge'], [{ hedge: {} }, 'options.hedge.after'], [{ queuePriority: 'high' }, 'options.queuePriority'],
    [{ onUnavailable: 'queue' }, 'options.onUnavailable']
  ]) {
    const error = await rejection(ask(client, options))
    assert.ok(error instanceof bellwether.ConfigError, error.name)
    assert.equal(error.problems[0].path, path)
  }
})

test('a deadline that passes before the end is the caller’s, not the vendor’s', async (t) => {
  const { client, a, b } = setup(t, { streams: { commit: 'end' } })
  a.always(faults.pace(60))
  for (let i = 0; i < 4; i++) {
    const error = await rejection(ask(client, { stream: true, timeout: 100 }))
    assert.equal(error.reason, 'timeoutTotal')
    assert.equal(attemptSummary(error.attempts), 'A:fail:timeoutTotal')
  }
  assert.deepEqual([client.getEndpointStatus('A').failedRequests, client.getEndpointStatus('A').breaker.consecutiveFailures, b.totalHits], [0, 0, 0])
})

test('a takeover announced by a gateway applies to the whole answer as well', async (t) => {
  const inner = setup(t, restart)
  inner.a.always(CUT)
  const http = require('node:http')
  const server = http.createServer(async (request, response) => {
    const stream = await inner.client.chatCompletion('gpt-4o', 'hi', { stream: true })
    response.setHeader('content-type', 'text/event-stream')
    for await (const bytes of stream.toReadableStream()) response.write(bytes)
    response.end()
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { client } = setup(t, { servers: 1, endpoint: () => ({ baseURL: `http://127.0.0.1:${server.address().port}/v1` }) })
  const { announced, final } = await read(client)
  assert.equal(announced.event, 'restart')
  assert.equal(textOf(await final), 'Hello from B')
})
