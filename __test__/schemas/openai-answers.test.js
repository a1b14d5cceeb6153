'use strict'

// Answers to callers of OpenAI's dialect, from vendors of any dialect, checked against OpenAI's own schema.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { serve, openClient, faults } = require('../helpers/client')
const { askBy, BASES } = require('./requests')
const { completionMistakes, chunkMistakes } = require('./openai')

const DIALECTS = ['openai', 'anthropic', 'google', 'relay']
const CALLS = [{ name: 'weather', arguments: { city: 'Zürich' } }, { name: 'now', arguments: {} }]
/** Healthy answers of every kind. */
const REPLIES = {
  text: { content: 'Hällo 😀, who asks?' },
  reasoning: { reasoning: 'hm', content: 'So it is.' },
  tools: { toolCalls: CALLS },
  textAndTools: { content: 'Looking.', toolCalls: CALLS },
  refusal: { refusal: 'no' },
  length: { finishReason: 'length' },
  filtered: { finishReason: 'content_filter' },
  usage: { usage: true },
  noUsage: { usage: false }
}
/** Finish reasons and fields of other vendors without an equivalent: docs/reference/dialects.md. */
const EXTENSIONS = ['reasoning_content', 'native_finish_reason', 'extra_content', 'images']
const SEEDS = path.join(__dirname, '../../tests/fuzz/seeds')

/** A value without our extensions. */
const plain = (value) => JSON.parse(JSON.stringify(value, (name, member) => EXTENSIONS.includes(name) ? undefined : member))

/** Ways to ask as an OpenAI SDK does. */
const WAYS = {
  fetch: (client) => client.fetch,
  handler: (client) => (url, init) => client.handler(new Request(url, init))
}

/** The events of a stream in OpenAI's dialect, without the mark at its end. */
function chunksOf (text) {
  const events = text.split('\n\n').filter((event) => event.startsWith('data: ')).map((event) => event.slice('data: '.length))
  return events.filter((event) => event !== '[DONE]').map((event) => JSON.parse(event))
}

function judge (text, stream, what) {
  const answers = stream ? chunksOf(text) : [JSON.parse(text)]
  for (const answer of answers) assert.deepEqual((stream ? chunkMistakes : completionMistakes)(plain(answer)), [], `${what}: ${JSON.stringify(answer)}`)
  return answers.length
}

test('the judge finds what is wrong in answers and in chunks', () => {
  const choice = { index: 0, message: { role: 'assistant', content: 'x', refusal: null }, logprobs: null, finish_reason: 'stop' }
  const answer = { id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [choice] }
  assert.deepEqual(completionMistakes(answer), [])
  for (const wrong of [
    { ...answer, created: '1' }, { ...answer, id: undefined }, { ...answer, unheardOf: 1 }, { ...answer, usage: { prompt_tokens: 1 } },
    { ...answer, choices: [{ ...choice, finish_reason: 'end_turn' }] }, { ...answer, choices: [{ ...choice, message: { role: 'user', content: 'x' } }] }
  ]) assert.notDeepEqual(completionMistakes(JSON.parse(JSON.stringify(wrong))), [], JSON.stringify(wrong))
  const chunk = { id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: 'x' }, finish_reason: null }] }
  assert.deepEqual(chunkMistakes(chunk), [])
  for (const wrong of [
    { ...chunk, object: 'chat.completion' }, { ...chunk, choices: [{ index: 0, delta: { tool_calls: [{ id: 'a' }] }, finish_reason: null }] }, { ...chunk, choices: [{ index: 0, delta: {} }] }
  ]) assert.notDeepEqual(chunkMistakes(wrong), [], JSON.stringify(wrong))
})

for (const dialect of DIALECTS) {
  test(`answers of ${dialect}`, async (t) => {
    const server = serve(t, { dialect })
    const client = openClient(t, { endpoints: [{ name: 'A', baseURL: server.url, dialect, model: 'm' }] })
    for (const [name, reply] of Object.entries(REPLIES)) {
      server.always(faults.healthy(reply))
      for (const stream of [false, true]) {
        for (const [way, of] of Object.entries(WAYS)) {
          const response = await askBy(of(client), 'openai', BASES.openai, stream)
          const text = await response.text()
          assert.equal(response.status, 200, text)
          assert.ok(judge(text, stream, `${name} by ${way}`) > (stream ? 1 : 0))
        }
        const answer = await client.chatCompletion({ ...BASES.openai, stream, ...(stream && { stream_options: { include_usage: true } }) })
        if (stream) for await (const chunk of answer) assert.deepEqual(chunkMistakes(plain(chunk)), [], `${name}: ${JSON.stringify(chunk)}`)
        const { report: _, ...whole } = stream ? await answer.finalCompletion : answer
        assert.deepEqual(completionMistakes(plain(whole)), [], `${name}, in whole: ${JSON.stringify(whole)}`)
      }
    }
  })
}

for (const [folder, dialect, stream] of [
  ['anthropic_answer', 'anthropic', false], ['google_answer', 'google', false], ['anthropic_stream', 'anthropic', true], ['google_stream', 'google', true]
]) {
  test(`the odd answers that ${folder} is fuzzed with: answered in OpenAI’s format, or an error`, async (t) => {
    const server = serve(t, { dialect })
    let judged = 0
    for (const seed of fs.readdirSync(path.join(SEEDS, folder))) {
      // What one seed teaches of this vendor is no matter to the next.
      const client = openClient(t, { endpoints: [{ name: 'A', baseURL: server.url, dialect, model: 'm' }], maxRetries: 0, onUnavailable: 'error' })
      server.always(faults.status(200, {
        body: fs.readFileSync(path.join(SEEDS, folder, seed)), headers: { 'content-type': stream ? 'text/event-stream' : 'application/json' }
      }))
      const response = await askBy(WAYS.handler(client), 'openai', BASES.openai, stream)
      const text = await response.text()
      if (response.status !== 200) {
        assert.equal(typeof JSON.parse(text).error.message, 'string', seed)
        continue
      }
      // A stream that breaks has its error as its last event.
      const answers = stream ? chunksOf(text).filter((chunk) => !('error' in chunk)) : [JSON.parse(text)]
      for (const answer of answers) assert.deepEqual((stream ? chunkMistakes : completionMistakes)(plain(answer)), [], `${seed}: ${JSON.stringify(answer)}`)
      judged += answers.length
    }
    assert.ok(judged > 0)
  })
}
