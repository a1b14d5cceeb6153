'use strict'

// Answers to callers of Anthropic's and Google's dialects, from vendors of other dialects, checked against the types of
// these vendors' SDKs.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { serve, openClient, faults } = require('../helpers/client')
const { BASES, askBy } = require('./requests')
const { typeMistakes } = require('./typed')

const VENDORS = ['openai', 'anthropic', 'google', 'relay']
const CALLS = [{ name: 'weather', arguments: { city: 'Zürich' } }, { name: 'now', arguments: {} }]
const REPLIES = {
  text: { content: 'Hällo 😀, who asks?' },
  reasoning: { reasoning: 'hm', content: 'So it is.' },
  tools: { toolCalls: CALLS },
  textAndTools: { content: 'Looking.', toolCalls: CALLS },
  refusal: { refusal: 'no' },
  length: { finishReason: 'length' },
  filtered: { finishReason: 'content_filter' },
  noUsage: { usage: false }
}
const CALLERS = [
  { asked: 'anthropic', whole: 'AnthropicAnswer', piece: 'AnthropicEvent' },
  { asked: 'google', whole: 'GoogleAnswer', piece: 'GoogleAnswer' }
]

const eventsOf = (text) => [...text.matchAll(/^data: (.*?)\r?$/gm)].map(([, data]) => JSON.parse(data))

test('the judge finds what is wrong in answers and in events', (t) => {
  const rows = [
    ['AnthropicEvent', { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'x' } }, undefined],
    ['AnthropicEvent', { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', content: 'x' } }, /content/],
    ['AnthropicEvent', { type: 'content_block', index: 0 }, /content_block/],
    ['AnthropicAnswer', { id: 'x', type: 'message', role: 'assistant', content: [] }, /missing/],
    ['GoogleAnswer', { candidates: [{ content: { role: 'model', parts: [{ text: 'x' }] }, finishReason: 'STOP', index: 0 }] }, undefined],
    ['GoogleAnswer', { candidates: [{ content: { role: 'model', parts: [{ text: 'x' }] }, finishReason: 'stop', index: 0 }] }, /stop/],
    ['GoogleAnswer', { candidates: [], usage_metadata: {} }, /usage_metadata/]
  ]
  const mistakes = typeMistakes(t, rows.map(([type, value], i) => ({ name: String(i), type, value })))
  for (const [i, [, value, told]] of rows.entries()) {
    if (told === undefined) assert.equal(mistakes[i], undefined, JSON.stringify(value))
    else assert.match(mistakes[i] ?? '', told, JSON.stringify(value))
  }
})

test('answers of every other vendor, whole and streamed', async (t) => {
  const literals = []
  for (const { asked, whole, piece } of CALLERS) {
    for (const dialect of VENDORS.filter((vendor) => vendor !== asked)) {
      const server = serve(t, { dialect })
      const client = openClient(t, { endpoints: [{ name: 'A', baseURL: server.url, dialect, model: 'm' }] })
      const handler = (url, init) => client.handler(new Request(url, init))
      for (const [reply, said] of Object.entries(REPLIES)) {
        server.always(faults.healthy(said))
        for (const stream of [false, true]) {
          for (const [way, fetch] of [['fetch', client.fetch], ['handler', handler]]) {
            const response = await askBy(fetch, asked, BASES[asked], stream)
            const text = await response.text()
            assert.equal(response.status, 200, text)
            const values = stream ? eventsOf(text) : [JSON.parse(text)]
            assert.ok(values.length > 0, text)
            for (const [i, value] of values.entries()) {
              literals.push({ name: `${reply} of ${dialect} for ${asked} by ${way}, ${stream ? `event ${i}` : 'whole'}: ${JSON.stringify(value)}`, type: stream ? piece : whole, value })
            }
          }
        }
      }
    }
  }
  assert.ok(literals.length > 100, `only ${literals.length} were answered`)
  assert.deepEqual(typeMistakes(t, literals), {})
})
