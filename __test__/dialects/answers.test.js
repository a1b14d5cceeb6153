'use strict'

// Answers of vendors of other dialects, whole and streamed, in OpenAI's words.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { ChatCompletionStream } = require('openai/lib/ChatCompletionStream')
const { OTHERS, ask, faults, setupDialects, textOf } = require('./helpers')

/** The same answer, whole and streamed. */
async function both (t, dialect, fault) {
  const { client, a } = setupDialects(t, [dialect])
  a.always(fault)
  return [await ask(client), await ask(client, { stream: true, extraBody: { stream_options: { include_usage: true } } })]
}

test('text, in OpenAI’s form', async (t) => {
  for (const dialect of OTHERS) {
    const [whole, streamed] = await both(t, dialect, faults.healthy())
    for (const answer of [whole, streamed]) {
      assert.equal(answer.object, 'chat.completion')
      assert.equal(textOf(answer), 'Hello from A')
      assert.equal(answer.choices[0].finish_reason, 'stop')
      assert.equal(typeof answer.id, 'string')
      assert.ok(Math.abs(answer.created - Date.now() / 1000) < 60)
      assert.ok(answer.usage.total_tokens > 3)
    }
    const { chunks } = streamed
    assert.deepEqual(new Set(chunks.map((chunk) => [chunk.object, chunk.id].join())), new Set([`chat.completion.chunk,${streamed.id}`]))
    assert.deepEqual(chunks[0].choices[0].delta, { role: 'assistant', content: '', refusal: null })
    assert.deepEqual(chunks.at(-1).choices, [])
    assert.equal(chunks.filter((chunk) => chunk.usage).length, 1, `${dialect}: usage is told once`)
  }
})

test('finish reasons, with the vendor’s own beside them', async (t) => {
  const rows = {
    anthropic: { end_turn: 'stop', stop_sequence: 'stop', pause_turn: 'stop', max_tokens: 'length', model_context_window_exceeded: 'length', tool_use: 'tool_calls', refusal: 'content_filter' },
    google: { STOP: 'stop', MAX_TOKENS: 'length', SAFETY: 'content_filter', RECITATION: 'content_filter', LANGUAGE: 'content_filter', BLOCKLIST: 'content_filter', PROHIBITED_CONTENT: 'content_filter', SPII: 'content_filter' }
  }
  for (const dialect of OTHERS) {
    for (const [reason, word] of Object.entries(rows[dialect] ?? rows.google)) {
      for (const answer of await both(t, dialect, faults.finish(reason))) {
        assert.deepEqual([answer.choices[0].finish_reason, answer.choices[0].native_finish_reason], [word, reason], `${dialect} ${reason}`)
      }
    }
  }
})

test('usage with cached and reasoning tokens', async (t) => {
  const rows = {
    anthropic: { input_tokens: 10, cache_read_input_tokens: 5, cache_creation_input_tokens: 3, output_tokens: 20, output_tokens_details: { thinking_tokens: 7 } },
    google: { promptTokenCount: 18, cachedContentTokenCount: 5, candidatesTokenCount: 13, thoughtsTokenCount: 7, totalTokenCount: 38 }
  }
  for (const dialect of OTHERS) {
    for (const { usage, report } of await both(t, dialect, faults.healthy({ usage: rows[dialect] ?? rows.google }))) {
      assert.deepEqual([usage.prompt_tokens, usage.completion_tokens, usage.total_tokens], [18, 20, 38])
      assert.equal(usage.prompt_tokens_details.cached_tokens, 5)
      assert.equal(usage.completion_tokens_details.reasoning_tokens, 7)
      assert.deepEqual(report.usage, { inputTokens: 18, outputTokens: 20, totalTokens: 38, cachedTokens: 5, ...(dialect === 'anthropic' && { cacheWriteTokens: 3 }), reasoningTokens: 7 })
    }
  }
})

test('reasoning, tool calls, refusals', async (t) => {
  for (const dialect of OTHERS) {
    for (const answer of await both(t, dialect, faults.reasoning('let me think'))) {
      assert.equal(answer.choices[0].message.reasoning_content, 'let me think')
      assert.equal(textOf(answer), 'Hello from A')
    }
    for (const answer of await both(t, dialect, faults.toolCalls({ name: 'weather', arguments: { city: 'Zürich' } }, { name: 'time' }))) {
      const calls = answer.choices[0].message.tool_calls
      assert.deepEqual(calls.map((call) => [call.type, call.function.name, call.function.arguments]), [['function', 'weather', '{"city":"Zürich"}'], ['function', 'time', '{}']])
      assert.equal(new Set(calls.map((call) => call.id)).size, 2)
      assert.equal(answer.choices[0].finish_reason, 'tool_calls')
    }
    for (const answer of await both(t, dialect, faults.refusal('I cannot.'))) {
      assert.equal(answer.choices[0].finish_reason, 'content_filter')
      if (dialect === 'anthropic') assert.equal(answer.choices[0].message.refusal, 'I cannot.')
    }
  }
})

test('streams however they are cut and spelled', async (t) => {
  const said = faults.healthy({ content: 'Grüße 👍 from all' })
  for (const dialect of OTHERS) {
    const { client, a } = setupDialects(t, [dialect])
    for (const fault of [faults.byteAtATime(), faults.splitRandomly(3), faults.sseStyle({ lineEnding: '\r' }), faults.sseStyle({ multiLine: true, comments: true, noSpace: true }), faults.omit('blankLine'), faults.emptyChunks(3), faults.hugeEvent(100_000), faults.malformedEvents(1)]) {
      a.script(faults.combine(said, fault))
      assert.equal(textOf(await ask(client, { stream: true })), 'Grüße 👍 from all', `${dialect} ${fault.name}`)
    }
    a.script(faults.combine(said, faults.gzip()))
    assert.equal(textOf(await ask(client)), 'Grüße 👍 from all')
  }
})

test('OpenAI’s SDK accepts the chunks that came from elsewhere', async (t) => {
  for (const dialect of OTHERS) {
    const { client, a } = setupDialects(t, [dialect])
    a.script(faults.combine(faults.reasoning('hm'), faults.toolCalls({ name: 'weather', arguments: { city: 'Zürich' } }, { name: 'time' })))
    const lines = []
    for await (const chunk of await client.chatCompletion('m', 'hi', { stream: true })) lines.push(JSON.stringify(chunk))
    const body = new ReadableStream({ start (controller) { controller.enqueue(new TextEncoder().encode(lines.join('\n'))); controller.close() } })
    const final = await ChatCompletionStream.fromReadableStream(body).finalChatCompletion()
    assert.deepEqual(final.choices[0].message.tool_calls.map((call) => call.function.arguments), ['{"city":"Zürich"}', '{}'])
  }
})

test('a relay may answer in OpenAI’s form, or end its stream as OpenAI does', async (t) => {
  const { client, a } = setupDialects(t, ['relay'])
  const stream = (...events) => faults.status(200, { headers: { 'content-type': 'text/event-stream' }, body: events.map((data) => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`).join('') })
  const chunk = (delta, finish_reason = null) => ({ id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })
  const google = (text, end) => ({ candidates: [{ content: { parts: [{ text }], role: 'model' }, ...end, index: 0 }], responseId: 'x' })
  a.script(
    faults.status(200, { body: { id: 'x', object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }] } }),
    stream(chunk({ role: 'assistant', content: 'Hel' }), chunk({ content: 'lo' }), chunk({}, 'stop'), '[DONE]'),
    stream(google('Hel'), google('lo', { finishReason: 'STOP' }), '[DONE]')
  )
  assert.equal(textOf(await ask(client)), 'Hello')
  for (const _ of [1, 2]) {
    const { report, ...answer } = await ask(client, { stream: true })
    assert.deepEqual([textOf(answer), report.attempts.length, report.skippedEvents], ['Hello', 1, undefined])
  }
})
