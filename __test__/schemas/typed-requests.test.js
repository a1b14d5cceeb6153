'use strict'

// Requests to Anthropic's and Google's endpoints, from callers of other dialects, checked against the types of these
// vendors' SDKs.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { serve, openClient } = require('../helpers/client')
const { table, mixtures, askBy } = require('./requests')
const { typeMistakes } = require('./typed')

const FIELDS = { model: 'm', max_tokens: 1 }
const USER = [{ role: 'user', content: 'hi' }]
const CONTENTS = [{ role: 'user', parts: [{ text: 'hi' }] }]

/** Endpoints, with models that can do more and less. */
const TARGETS = [
  { dialect: 'anthropic', type: 'AnthropicRequest', model: 'claude-sonnet-5-5' },
  { dialect: 'anthropic', type: 'OlderAnthropicRequest', model: 'claude-opus-4-1', headers: { 'anthropic-version': '2023-06-01' } },
  { dialect: 'google', type: 'GoogleRequest', model: 'gemini-3-pro' },
  { dialect: 'google', type: 'GoogleRequest', model: 'gemini-2.0-flash' },
  { dialect: 'relay', type: 'GoogleRequest', model: 'gemini-3-pro' }
]
/** What is not sent, for a reason that docs/reference/dialects.md gives. */
const REFUSED = {
  openai: /: (?:logprobs|n|messages\[\d+\]\.content\[\d+\]): must be/,
  anthropic: /: messages: must be/,
  google: /: (?:generationConfig\.(?:responseLogprobs|candidateCount)|contents): must be/
}

test('the judge finds what is wrong, wherever it is', (t) => {
  const rows = [
    ['AnthropicRequest', { ...FIELDS, messages: USER }, undefined],
    ['AnthropicRequest', { model: 'm', messages: USER }, /max_tokens/],
    ['AnthropicRequest', { ...FIELDS, messages: USER, temperature: 1 }, /temperature/],
    ['OlderAnthropicRequest', { ...FIELDS, messages: USER, temperature: 1 }, undefined],
    ['AnthropicRequest', { ...FIELDS, messages: [{ role: 'user', content: [{ type: 'text', text: 'hi', unheardOf: 1 }] }] }, /unheardOf/],
    ['AnthropicRequest', { ...FIELDS, messages: USER, tools: [{ name: 'f', parameters: {} }] }, /parameters|input_schema/],
    ['AnthropicRequest', { ...FIELDS, messages: USER, output_config: { effort: 'none' } }, /none/],
    ['GoogleRequest', { contents: CONTENTS, generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } } }, undefined],
    ['GoogleRequest', { contents: CONTENTS, generationConfig: { max_output_tokens: 1 } }, /max_output_tokens/],
    ['GoogleRequest', { contents: CONTENTS, generationConfig: { thinkingConfig: { thinkingLevel: 'NONE' } } }, /NONE/],
    ['GoogleRequest', { contents: [{ role: 'user', parts: [{ functionResponse: { name: 'f', response: 'x' } }] }] }, /string/],
    ['GoogleRequest', { contents: CONTENTS, toolConfig: { functionCallingConfig: { mode: 'any' } } }, /any/]
  ]
  const mistakes = typeMistakes(t, rows.map(([type, value], i) => ({ name: String(i), type, value })))
  for (const [i, [, value, told]] of rows.entries()) {
    if (told === undefined) assert.equal(mistakes[i], undefined, JSON.stringify(value))
    else assert.match(mistakes[i] ?? '', told, JSON.stringify(value))
  }
})

test('every field for which docs/reference/dialects.md promises a translation is among the samples', () => {
  const page = fs.readFileSync(path.join(__dirname, '../../docs/reference/dialects.md'), 'utf8').split('### Messages')[0]
  const rows = [...page.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].filter(([, , cells]) => /mapped|dropped/.test(cells)).map(([, field]) => field)
  const asked = new Set([...table('openai').flatMap(({ body }) => Object.keys(body)), 'stream', 'stream_options'])
  assert.ok(rows.length > 25, 'the table was not found')
  assert.deepEqual(rows.filter((field) => !asked.has(field)), [])
})

test('requests in every other dialect', async (t) => {
  const literals = []
  for (const { dialect, type, model, headers } of TARGETS) {
    const server = serve(t, { dialect })
    const client = openClient(t, { endpoints: [{ name: 'A', baseURL: server.url, dialect, model, headers }] })
    for (const asked of ['openai', 'anthropic', 'google']) {
      // A caller's own dialect is passed on byte for byte.
      if (asked === dialect) continue
      for (const { name, body } of [...table(asked), ...mixtures(asked, 60)]) {
        for (const stream of [false, true]) {
          const response = await askBy(client.fetch, asked, body, stream)
          const text = await response.text()
          const [hit] = server.hits()
          server.clearHits()
          const what = `${name} in ${asked} for ${model}${stream ? ', streamed' : ''}`
          if (hit === undefined) {
            assert.match(text, REFUSED[asked], what)
            continue
          }
          assert.equal(response.status, 200, `${what}: ${text}`)
          literals.push({ name: `${what}: ${JSON.stringify(hit.body)}`, type, value: hit.body })
        }
      }
    }
  }
  assert.ok(literals.length > 1000, `only ${literals.length} were sent`)
  assert.deepEqual(typeMistakes(t, literals), {})
})
