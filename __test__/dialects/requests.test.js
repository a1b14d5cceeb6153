'use strict'

// What vendors of other dialects are sent. The servers refuse what those vendors would.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { KEY, OTHERS, setupDialects, sent } = require('./helpers')

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const TOOL = { type: 'function', function: { name: 'weather', description: 'Tells it', parameters: SCHEMA } }
const PNG = 'iVBORw0KGgo='

test('where requests go, and with which key', async (t) => {
  for (const [dialect, path, streamed, header] of [
    ['anthropic', '/v1/messages', '/v1/messages', 'x-api-key'],
    ['google', '/v1beta/models/gemini-3-pro:generateContent', '/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse', 'x-goog-api-key'],
    ['relay', '/v1/models/gemini-3-pro/generate', '/v1/models/gemini-3-pro/generate?alt=sse', 'authorization']
  ]) {
    const { client, a } = setupDialects(t, [dialect])
    await client.chatCompletion('m', 'hi')
    for await (const _ of await client.chatCompletion('m', 'hi', { stream: true }));
    assert.deepEqual(a.hits().map((hit) => hit.path), [path, streamed])
    for (const { headers } of a.hits()) {
      assert.equal(headers[header], header === 'authorization' ? `Bearer ${KEY}` : KEY)
      assert.equal(['x-api-key', 'x-goog-api-key', 'authorization'].filter((name) => headers[name]).length, 1)
      assert.equal(headers['anthropic-version'], dialect === 'anthropic' ? '2026-10-21' : undefined)
    }
  }
})

test('a tuned model of Google’s has a place of its own', async (t) => {
  const { client, a } = setupDialects(t, ['google'], { endpoint: () => ({ model: 'tunedModels/mine' }) })
  await client.chatCompletion('m', 'hi')
  assert.deepEqual([a.hits()[0].path, a.hits()[0].model], ['/v1beta/tunedModels/mine:generateContent', 'tunedModels/mine'])
})

test('an older version of Anthropic’s API is asked for by its header, and takes sampling parameters', async (t) => {
  const old = { endpoint: () => ({ headers: { 'anthropic-version': '2023-06-01' } }) }
  const { body, dropped } = await sent(t, 'anthropic', { temperature: 1.5, top_p: 0.5 }, old)
  assert.deepEqual([body.temperature, body.top_p, dropped], [1, 0.5, ['temperature']])
  const today = await sent(t, 'anthropic', { temperature: 0.5, top_p: 0.5 })
  assert.deepEqual([today.body.temperature, today.body.top_p, today.dropped], [undefined, undefined, ['temperature', 'top_p']])
})

test('system prompts', async (t) => {
  const messages = [{ role: 'system', content: 'Be brief.' }, { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] }, { role: 'user', content: 'hi' }]
  assert.equal((await sent(t, 'anthropic', { messages })).body.system, 'Be brief.\n\nBe kind.')
  for (const dialect of ['google', 'relay']) {
    assert.deepEqual((await sent(t, dialect, { messages })).body.systemInstruction, { parts: [{ text: 'Be brief.' }, { text: 'Be kind.' }] })
  }
})

test('a conversation with tools, their calls and their results', async (t) => {
  const request = {
    messages: [
      { role: 'user', content: 'Weather in Zürich and Bern?' },
      {
        role: 'assistant', content: 'Looking.',
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Zürich"}' } },
          { id: 'c2', type: 'function', function: { name: 'weather', arguments: '' } }
        ]
      },
      { role: 'tool', tool_call_id: 'c1', content: 'sunny' },
      { role: 'tool', tool_call_id: 'c2', content: [{ type: 'text', text: 'rain' }] },
      { role: 'user', content: 'Thanks. And now?' }
    ],
    tools: [TOOL], tool_choice: { type: 'function', function: { name: 'weather' } }, parallel_tool_calls: false
  }
  const anthropic = await sent(t, 'anthropic', request)
  assert.deepEqual(anthropic.body.messages, [
    { role: 'user', content: 'Weather in Zürich and Bern?' },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'Looking.' },
        { type: 'tool_use', id: 'c1', name: 'weather', input: { city: 'Zürich' } }, { type: 'tool_use', id: 'c2', name: 'weather', input: {} }
      ]
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'c1', content: [{ type: 'text', text: 'sunny' }] },
        { type: 'tool_result', tool_use_id: 'c2', content: [{ type: 'text', text: 'rain' }] },
        { type: 'text', text: 'Thanks. And now?' }
      ]
    }
  ])
  assert.deepEqual(anthropic.body.tools, [{ name: 'weather', description: 'Tells it', input_schema: SCHEMA }])
  assert.deepEqual(anthropic.body.tool_choice, { type: 'tool', name: 'weather', disable_parallel_tool_use: true })
  assert.deepEqual(anthropic.dropped, [])
  for (const dialect of ['google', 'relay']) {
    // Google takes tool results and the user's next message in one turn.
    const { body, dropped } = await sent(t, dialect, request)
    assert.deepEqual(body.contents[1].parts.map((part) => part.functionCall?.args ?? part.text), ['Looking.', { city: 'Zürich' }, {}])
    assert.deepEqual(body.contents[2].parts, [
      { functionResponse: { id: 'c1', name: 'weather', response: { result: 'sunny' } } },
      { functionResponse: { id: 'c2', name: 'weather', response: { result: 'rain' } } },
      { text: 'Thanks. And now?' }
    ])
    assert.deepEqual(body.tools, [{ functionDeclarations: [{ name: 'weather', description: 'Tells it', parametersJsonSchema: SCHEMA }] }])
    assert.deepEqual(body.toolConfig, { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['weather'] } })
    assert.deepEqual(dropped, ['parallel_tool_calls'])
  }
})

test('a whole turn goes there and back: what the model called is sent back to it as it came', async (t) => {
  for (const dialect of OTHERS) {
    const { client, a } = setupDialects(t, [dialect])
    a.script({ reply: { toolCalls: [{ name: 'weather', arguments: { city: 'Zürich' } }, { name: 'weather', arguments: { city: 'Bern' } }] } })
    const messages = [{ role: 'user', content: 'Weather?' }]
    const first = await client.chatCompletion({ model: 'm', messages, tools: [TOOL] })
    const { message } = first.choices[0]
    assert.equal(first.choices[0].finish_reason, 'tool_calls')
    const results = message.tool_calls.map((call) => ({ role: 'tool', tool_call_id: call.id, content: 'sunny' }))
    const second = await client.chatCompletion({ model: 'm', messages: [...messages, message, ...results], tools: [TOOL] })
    assert.equal(second.choices[0].message.content, 'Hello from A')
    const { body } = a.hits()[1]
    if (dialect === 'anthropic') assert.deepEqual(body.messages[1].content.map((block) => block.id), ['toolu_1', 'toolu_2'])
    else assert.deepEqual(body.contents[1].parts.map((part) => part.thoughtSignature), [Buffer.from('signed by A').toString('base64'), undefined])
  }
})

test('JSON and its schema', async (t) => {
  const json_schema = { name: 'place', schema: SCHEMA, strict: true }
  const format = { response_format: { type: 'json_schema', json_schema } }
  assert.deepEqual((await sent(t, 'anthropic', format)).body.output_config, { format: { type: 'json_schema', schema: SCHEMA } })
  assert.match((await sent(t, 'anthropic', { response_format: { type: 'json_object' } })).body.system, /JSON object/)
  for (const dialect of ['google', 'relay']) {
    assert.deepEqual((await sent(t, dialect, format)).body.generationConfig, { responseMimeType: 'application/json', responseJsonSchema: SCHEMA })
    assert.deepEqual((await sent(t, dialect, { response_format: { type: 'json_object' } })).body.generationConfig, { responseMimeType: 'application/json' })
  }
})

test('images: inside the request, and by their address', async (t) => {
  const image = (url) => ({ messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, { type: 'image_url', image_url: { url } }] }] })
  const inside = image(`data:image/png;base64,${PNG}`)
  const [, anthropic] = (await sent(t, 'anthropic', inside)).body.messages[0].content
  assert.deepEqual(anthropic, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } })
  assert.deepEqual((await sent(t, 'anthropic', image('https://x.test/a.png'))).body.messages[0].content[1].source, { type: 'url', url: 'https://x.test/a.png' })
  for (const dialect of ['google', 'relay']) {
    assert.deepEqual((await sent(t, dialect, inside)).body.contents[0].parts[1], { inlineData: { mimeType: 'image/png', data: PNG } })
    assert.deepEqual((await sent(t, dialect, image('https://x.test/a.png'))).body.contents[0].parts[1], { fileData: { mimeType: 'image/png', fileUri: 'https://x.test/a.png' } })
  }
})

test('stop sequences and limits', async (t) => {
  for (const stop of ['END', ['END']]) {
    const { body } = await sent(t, 'anthropic', { stop, max_tokens: 5 })
    assert.deepEqual([body.stop_sequences, body.max_tokens], [['END'], 5])
    for (const dialect of ['google', 'relay']) {
      assert.deepEqual((await sent(t, dialect, { stop, max_completion_tokens: 5 })).body.generationConfig, { maxOutputTokens: 5, stopSequences: ['END'] })
    }
  }
})
