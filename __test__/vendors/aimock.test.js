'use strict'

// An independent mock vendor in each dialect: @copilotkit/aimock answers from fixtures, fails on demand, and reads
// requests of every dialect into OpenAI's format by itself.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { LLMock } = require('@copilotkit/aimock')
const { StreamInterruptedError } = require('../..')
const { QUICK, openClient, rejection, textOf, attemptSummary } = require('../helpers/client')
const { SDKS } = require('../../tools/matrix/sdks')

const DIALECTS = ['openai', 'anthropic', 'google']
const MODELS = { openai: 'gpt-4o', anthropic: 'claude-sonnet-5', google: 'gemini-2.5-pro' }
const PATHS = { openai: '/v1', anthropic: '/v1', google: '/v1beta' }
const TEXT = 'Hällo 😀, this is the mock.'
const LONG = 'one two three four five six'
const REASONING = 'Let me see'
const CALLS = [{ name: 'weather', arguments: '{"city":"Zürich"}' }, { name: 'now', arguments: '{}' }]
const TOOLS = CALLS.map(({ name }) => ({ type: 'function', function: { name, parameters: { type: 'object' } } }))

/** A mock that ends with the test, and knows these questions. */
async function mock (t, { says = TEXT } = {}) {
  const server = new LLMock({ port: 0 })
  server.on({ hasToolResult: true }, { content: 'It is sunny.' })
  server.on({ userMessage: /^hi$/ }, { content: says, usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } })
  server.on({ userMessage: 'think' }, { content: says, reasoning: REASONING })
  server.on({ userMessage: /^weather/ }, { toolCalls: CALLS })
  server.on({ userMessage: 'look' }, { content: 'Looking.', toolCalls: CALLS.slice(0, 1) })
  server.on({ userMessage: 'long' }, { content: LONG, finishReason: 'length' })
  await server.start()
  t.after(() => server.stop())
  return server
}

/** A client with these mocks as its endpoints A, B, …, in these dialects. */
function clientOf (t, mocks, dialects, options) {
  return openClient(t, {
    retry: QUICK,
    endpoints: mocks.map((server, i) => ({ name: 'ABC'[i], dialect: dialects[i], baseURL: server.url + PATHS[dialects[i]], model: MODELS[dialects[i]] })),
    ...options
  })
}

/** Whole, streamed or not. */
async function ask (client, question, stream) {
  const answer = await client.chatCompletion('m', question, { stream, tools: TOOLS })
  if (!stream) return answer
  for await (const _ of answer);
  return answer.finalCompletion
}

for (const dialect of DIALECTS) {
  for (const stream of [false, true]) {
    test(`${dialect}${stream ? ', streamed' : ''}: the caller receives the content of the fixtures`, async (t) => {
      const client = clientOf(t, [await mock(t)], [dialect])
      const text = await ask(client, 'hi', stream)
      assert.equal(textOf(text), TEXT)
      assert.equal(text.choices[0].finish_reason, 'stop')
      // OpenAI reports the usage of a stream on request only.
      if (!stream || dialect !== 'openai') assert.deepEqual([text.usage.prompt_tokens, text.usage.completion_tokens, text.usage.total_tokens], [3, 4, 7])
      const thought = await ask(client, 'think', stream)
      assert.deepEqual([thought.choices[0].message.reasoning_content, textOf(thought)], [REASONING, TEXT])
      const [called] = (await ask(client, 'weather', stream)).choices
      assert.deepEqual(called.message.tool_calls.map((call) => call.function), CALLS)
      assert.equal(new Set(called.message.tool_calls.map((call) => call.id)).size, 2)
      assert.deepEqual([called.message.content, called.finish_reason], [null, 'tool_calls'])
      const [both] = (await ask(client, 'look', stream)).choices
      assert.deepEqual([both.message.content, both.message.tool_calls.map((call) => call.function)], ['Looking.', CALLS.slice(0, 1)])
      const [long] = (await ask(client, 'long', stream)).choices
      assert.deepEqual([long.message.content, long.finish_reason], [LONG, 'length'])
    })
  }

  test(`${dialect}: it reads what it is sent as what was asked`, async (t) => {
    const server = await mock(t)
    const client = clientOf(t, [server], [dialect])
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'weather' },
      { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: CALLS[0] }, { id: 'c2', type: 'function', function: CALLS[1] }] },
      { role: 'tool', tool_call_id: 'c1', content: 'sunny' },
      { role: 'tool', tool_call_id: 'c2', content: 'noon' }
    ]
    assert.equal(textOf(await client.chatCompletion({ model: 'm', messages, tools: TOOLS, max_tokens: 9 })), 'It is sunny.')
    const { body } = server.getLastRequest()
    assert.deepEqual([body.model, body.max_tokens], [MODELS[dialect], 9])
    assert.deepEqual(body.tools.map((tool) => tool.function.name), ['weather', 'now'])
    // Google's results are objects; a text is wrapped.
    const results = dialect === 'google' ? ['{"result":"sunny"}', '{"result":"noon"}'] : ['sunny', 'noon']
    const expected = messages.map((message) => message.role === 'tool' ? { ...message, content: results.shift() } : message)
    assert.deepEqual(body.messages.map((message) => ({ ...message, content: message.content ?? null })), expected)
  })

  for (const stream of [false, true]) {
    for (const [name, fail, reason] of [
      ['429', (server) => server.nextRequestError(429, { message: 'slow down', type: 'rate_limit_error' }), 'rateLimited'],
      ['500', (server) => server.nextRequestError(500, { message: 'oops', type: 'server_error' }), 'serverError'],
      ['503', (server) => server.nextRequestError(503, { message: 'busy', type: 'server_error' }), 'overloaded'],
      ['a dropped request', (server) => server.setChaos({ dropRate: 1 }), 'serverError'],
      ['a limit by chance', (server) => server.setChaos({ rateLimitRate: 1 }), 'rateLimited'],
      ['malformed JSON', (server) => server.setChaos({ malformedRate: 1 }), 'malformed'],
      ['a lost connection', (server) => server.setChaos({ disconnectRate: 1 }), 'reset']
    ]) {
      test(`${dialect}${stream ? ', streamed' : ''}: after ${name} another answers`, async (t) => {
        const [a, b] = [await mock(t), await mock(t, { says: 'the other' })]
        const other = DIALECTS[(DIALECTS.indexOf(dialect) + 1) % DIALECTS.length]
        const client = clientOf(t, [a, b], [dialect, other])
        fail(a)
        const answer = await ask(client, 'hi', stream)
        assert.equal(textOf(answer), 'the other')
        assert.equal(attemptSummary(answer.report.attempts), `A:next:${reason} B:ok`)
      })
    }
  }

  test(`${dialect}: a connection that is lost in the middle of a stream`, async (t) => {
    const [a, b] = [await mock(t), await mock(t, { says: 'the other' })]
    // Its first bytes are recorded before they are sent; Anthropic's streams begin with two events without content.
    a.prependFixture({ match: { userMessage: /^hi$/ }, response: { content: LONG }, chunkSize: 4, latency: 20, truncateAfterChunks: dialect === 'anthropic' ? 5 : 3 })
    const told = clientOf(t, [a, b], [dialect, 'openai'])
    const error = await rejection(ask(told, 'hi', true))
    assert.ok(error instanceof StreamInterruptedError, String(error))
    assert.ok(error.partial.length > 0 && LONG.startsWith(error.partial), error.partial)
    const restarted = clientOf(t, [a, b], [dialect, 'openai'], { streams: { onCut: 'restart' } })
    assert.equal(textOf(await ask(restarted, 'hi', true)), 'the other')
    const whole = clientOf(t, [a, b], [dialect, 'openai'], { streams: { commit: 'end' } })
    assert.equal(textOf(await ask(whole, 'hi', true)), 'the other')
  })

  for (const sdk of SDKS) {
    test(`${sdk.name}, by fetch, on ${dialect}: alone, and after a failure`, async (t) => {
      const [a, b] = [await mock(t), await mock(t, { says: 'the other' })]
      const made = sdk.make({ fetch: clientOf(t, [a, b], [dialect, 'openai']).fetch })
      const said = async (asked) => {
        const { text, calls, end } = await sdk.ask(made, asked)
        return { text, calls, end }
      }
      const streamed = async (asked) => {
        let text = ''
        for await (const piece of sdk.stream(made, asked)) text += piece.text ?? ''
        return text
      }
      assert.deepEqual(await said({ prompt: 'hi' }), { text: TEXT, calls: [], end: sdk.ends.text })
      assert.equal(await streamed({ prompt: 'hi' }), TEXT)
      const tools = await said({ prompt: 'weather?', tools: CALLS.map(({ name }) => ({ name, schema: { type: 'object', properties: {} } })) })
      assert.deepEqual(tools.calls, CALLS.map(({ name, arguments: input }) => ({ name, input: JSON.parse(input) })))
      assert.equal(b.getRequests().length, 0)
      a.setChaos({ dropRate: 1 })
      assert.deepEqual(await said({ prompt: 'hi' }), { text: 'the other', calls: [], end: sdk.ends.text })
      assert.equal(await streamed({ prompt: 'hi' }), 'the other')
    })
  }
}
