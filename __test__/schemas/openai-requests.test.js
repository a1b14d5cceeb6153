'use strict'

// What an OpenAI endpoint is sent, whichever dialect it was asked in, judged by OpenAI's own description of it.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { serve, openClient } = require('../helpers/client')
const { table, mixtures, askBy, BASES } = require('./requests')
const { requestMistakes } = require('./openai')

/** Fields of ours or of another vendor that OpenAI has no word for, and that an OpenAI endpoint is sent all the same. */
/** A client of one OpenAI endpoint, and what this was sent last. */
function rig (t) {
  const server = serve(t)
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: server.url }] })
  return {
    client,
    last () {
      const [hit] = server.hits()
      server.clearHits()
      return hit?.body
    }
  }
}

test('the judge finds what is wrong, wherever it is', () => {
  const message = (more) => ({ ...BASES.openai, messages: [{ role: 'user', content: 'hi', ...more }] })
  for (const [body, told] of [
    [{ messages: BASES.openai.messages }, /'model'/],
    [{ ...BASES.openai, temperature: '1' }, /temperature/],
    [{ ...BASES.openai, n: 1.5 }, /\/n must be integer/],
    [{ ...BASES.openai, unheardOf: 1 }, /"unheardOf"/],
    [message({ unheardOf: 1 }), /"unheardOf"/],
    [message({ content: [{ type: 'text', txt: 'hi' }] }), /"txt"/],
    [message({ content: [{ type: 'image_url', image_url: 'https://x.test/a.png' }] }), /image_url must be object/],
    [{ ...BASES.openai, messages: [{ role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: {} } }] }] }, /arguments must be string/],
    [{ ...BASES.openai, tools: [{ type: 'function', function: { parameters: {} } }] }, /'name'/],
    [{ ...BASES.openai, tool_choice: { type: 'function', name: 'f' } }, /tool_choice/],
    [{ ...BASES.openai, response_format: { type: 'json_schema', schema: {} } }, /json_schema/]
  ]) {
    assert.match(requestMistakes(body).join('\n'), told, JSON.stringify(body))
  }
})

for (const dialect of ['openai', 'anthropic', 'google']) {
  test(`requests in the dialect ${dialect}, by fetch`, async (t) => {
    const { client, last } = rig(t)
    let judged = 0
    for (const { name, body } of [...table(dialect), ...mixtures(dialect, 150)]) {
      if (dialect === 'openai') assert.deepEqual(requestMistakes(body), [], `${name}: the sample itself`)
      for (const stream of [false, true]) {
        const response = await askBy(client.fetch, dialect, body, stream)
        const text = await response.text()
        const sent = last()
        if (sent === undefined) {
          // Refused, because other vendors cannot express it; every other request must be sent.
          assert.match(text, /generationConfig\.responseLogprobs/, name)
          continue
        }
        assert.equal(response.status, 200, `${name}: ${text}`)
        assert.deepEqual(requestMistakes(sent), [], `${name}: ${JSON.stringify(sent)}`)
        judged++
      }
    }
    assert.ok(judged > 150, `only ${judged} were sent`)
  })
}

test('requests of chatCompletion, short and long', async (t) => {
  const { client, last } = rig(t)
  for (const { name, body } of [...table('openai'), ...mixtures('openai', 50)]) {
    for (const stream of [false, true]) {
      const answer = await client.chatCompletion({ ...body, stream })
      if (stream) for await (const _ of answer);
      assert.deepEqual(requestMistakes(last()), [], name)
    }
  }
  const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
  await client.chatCompletion('gpt-4o', 'hi', {
    temperature: 0.5, maxTokens: 9, topP: 0.5, stop: ['END'], seed: 7, tools, toolChoice: 'auto', responseFormat: { type: 'json_object' }, extraBody: { store: true }
  })
  const sent = last()
  assert.deepEqual(requestMistakes(sent), [])
  assert.deepEqual(Object.keys(sent).toSorted(), ['max_tokens', 'messages', 'model', 'response_format', 'seed', 'stop', 'store', 'temperature', 'tool_choice', 'tools', 'top_p'])
})
