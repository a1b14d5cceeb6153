'use strict'

// The AI SDK, on vendors of every dialect.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { generateText, streamText, generateObject, tool, jsonSchema } = require('ai')
const { createBellwether } = require('bellwether/ai-sdk')
const { serve, open, faults } = require('../helpers/client')

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false }

for (const dialect of ['openai', 'anthropic', 'google', 'relay']) {
  test(`on ${dialect}, after a failover`, async (t) => {
    const [a, b] = [serve(t, { name: 'A' }), serve(t, { dialect, name: 'B' })]
    a.always(faults.unavailable())
    const client = open(t, { endpoints: [{ name: 'A', baseURL: a.url }, { name: 'B', dialect, baseURL: b.url }] })
    const model = createBellwether(client)('gpt-4o')
    const asked = { model, prompt: 'hi', maxRetries: 0 }
    const { text, finishReason, usage } = await generateText(asked)
    assert.deepEqual([text, finishReason], ['Hello from B', 'stop'])
    assert.ok(usage.inputTokens > 0 && usage.outputTokens > 0)
    const stream = streamText(asked)
    let streamed = ''
    for await (const piece of stream.textStream) streamed += piece
    assert.deepEqual([streamed, await stream.finishReason], ['Hello from B', 'stop'])
    assert.ok((await stream.usage).outputTokens > 0)
    b.script(faults.toolCalls({ name: 'weather', arguments: { city: 'Bern' } }))
    const { toolCalls } = await generateText({ ...asked, tools: { weather: tool({ inputSchema: jsonSchema(SCHEMA) }) } })
    assert.deepEqual(toolCalls.map(({ toolName, input }) => [toolName, input]), [['weather', { city: 'Bern' }]])
    b.script({ reply: { content: '{"city":"Bern"}' } })
    const { object } = await generateObject({ ...asked, schema: jsonSchema(SCHEMA) })
    assert.deepEqual(object, { city: 'Bern' })
  })
}

test('what comes to nothing is the SDK’s own error, and not tried again', async (t) => {
  const a = serve(t, { name: 'A' })
  a.always(faults.badRequest())
  const client = open(t, { endpoints: [{ name: 'A', baseURL: a.url }] })
  await assert.rejects(
    generateText({ model: createBellwether(client)('gpt-4o'), prompt: 'hi', maxRetries: 0 }),
    (error) => error.name === 'AI_APICallError' && error.statusCode === 400
  )
  assert.equal(a.totalHits, 1)
})
