'use strict'

// docs/reference/dialects.md: every field of OpenAI's, and what becomes of it in each dialect, by real calls.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { spawnSync } = require('node:child_process')
const { BadRequestError } = require('../..')
const { MODELS, OTHERS, ask, rejection, setupDialects, sent, textOf } = require('./helpers')

const ROOT = path.join(__dirname, '../..')
const page = fs.readFileSync(path.join(ROOT, 'docs/reference/dialects.md'), 'utf8')
/** `{ [field]: { anthropic, google, relay } }` */
const TABLE = Object.fromEntries([...page.split('### Messages')[0].split('## Requests')[1].matchAll(/^\| `(\w+)` \| (.*) \| (.*) \| (.*) \|$/gm)]
  .map(([, field, anthropic, google, relay]) => [field, { anthropic, google, relay }]))

const TOOLS = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
/** Fields that need a value, and the request that uses them. */
const SAMPLES = {
  messages: { messages: [{ role: 'user', content: 'hi' }] },
  model: { model: 'asked' },
  audio: { audio: { voice: 'alloy', format: 'mp3' } },
  frequency_penalty: { frequency_penalty: 0.5 },
  function_call: { function_call: 'auto' },
  functions: { functions: [{ name: 'f' }] },
  logit_bias: { logit_bias: { 50256: -100 } },
  logprobs: { logprobs: true },
  max_completion_tokens: { max_completion_tokens: 50 },
  max_tokens: { max_tokens: 50 },
  metadata: { metadata: { a: 'b' } },
  modalities: { modalities: ['text', 'audio'] },
  moderation: { moderation: { model: 'm' } },
  n: { n: 2 },
  parallel_tool_calls: { parallel_tool_calls: false, tools: TOOLS },
  prediction: { prediction: { type: 'content', content: 'x' } },
  presence_penalty: { presence_penalty: 0.5 },
  prompt_cache_key: { prompt_cache_key: 'k' },
  prompt_cache_options: { prompt_cache_options: {} },
  prompt_cache_retention: { prompt_cache_retention: '24h' },
  reasoning_effort: { reasoning_effort: 'low' },
  response_format: { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } } },
  safety_identifier: { safety_identifier: 'u' },
  seed: { seed: 1 },
  service_tier: { service_tier: 'default' },
  stop: { stop: ['END'] },
  store: { store: true },
  stream: { stream: true },
  stream_options: { stream: true, stream_options: { include_usage: true } },
  temperature: { temperature: 0.5 },
  tool_choice: { tool_choice: 'required', tools: TOOLS },
  tools: { tools: TOOLS },
  top_logprobs: { logprobs: true, top_logprobs: 2 },
  top_p: { top_p: 0.5 },
  user: { user: 'u' },
  verbosity: { verbosity: 'low' },
  web_search_options: { web_search_options: {} }
}

test('the table has the fields that OpenAI’s own types have', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bellwether-fields-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'), 'junction')
  // The compiler names a field that is in one of them only.
  fs.writeFileSync(path.join(folder, 'fields.ts'), `
    import type { ChatCompletionCreateParamsBase } from 'openai/resources/chat/completions/completions'
    type Known = ${Object.keys(TABLE).map((field) => `'${field}'`).join(' | ')}
    declare const missing: Exclude<keyof ChatCompletionCreateParamsBase, Known>
    declare const unknown: Exclude<Known, keyof ChatCompletionCreateParamsBase>
    export const none: never[] = [missing, unknown]\n`)
  const tsc = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
  const args = ['--strict', '--noEmit', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022', '--types', '', 'fields.ts']
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, ...args], { encoding: 'utf8', cwd: folder })
  assert.equal(status, 0, stdout + stderr)
  assert.deepEqual(Object.keys(SAMPLES).toSorted(), Object.keys(TABLE).toSorted())
})

const at = (value, name) => name.split('.').reduce((found, member) => found?.[member], value)
const request = (field) => ({ model: 'asked', messages: [{ role: 'user', content: 'hi' }], ...SAMPLES[field] })

/** Tries what a cell of the table promises. */
async function tried (t, dialect, field, cell) {
  const name = /^\w+, as `(\w+)`/.exec(cell)?.[1] ?? field
  if (cell.startsWith('refused')) {
    const { client, a } = setupDialects(t, [dialect])
    const error = await rejection(client.chatCompletion(request(field)))
    assert.ok(error instanceof BadRequestError, `${error.name}: ${error.message}`)
    assert.match(error.message, new RegExp(`\\b${name}\\b`))
    assert.equal(a.totalHits, 0, 'sent all the same')
    const both = setupDialects(t, [dialect, 'openai'])
    assert.equal(textOf(await both.client.chatCompletion(request(field))), 'Hello from B')
    assert.deepEqual([both.a.totalHits, both.b.totalHits], [0, 1])
    return
  }
  const { client, a } = setupDialects(t, [dialect])
  const answer = SAMPLES[field].stream ? await streamed(client, request(field)) : await client.chatCompletion(request(field))
  const [{ body, path: address }] = a.hits()
  const dropped = answer.report.droppedFields ?? []
  if (cell.startsWith('dropped')) {
    assert.deepEqual(dropped, [name])
    assert.ok(!(field in body))
    return
  }
  assert.deepEqual(dropped, [])
  switch (/^mapped to (?:`([\w.]+)`|the (\w+))/.exec(cell)?.slice(1).find(Boolean)) {
    case undefined: return assert.fail(`what is meant by '${cell}'?`)
    case 'address': return assert.match(address, field === 'model' ? new RegExp(MODELS[dialect]) : /alt=sse/)
    case 'answer': return assert.equal(answer.chunks.filter((chunk) => chunk.usage).length, 1)
    default: assert.notEqual(at(body, /`([\w.]+)`/.exec(cell)[1]), undefined, JSON.stringify(body))
  }
}

async function streamed (client, request) {
  const stream = await client.chatCompletion(request)
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  return { report: (await stream.finalCompletion).report, chunks }
}

for (const dialect of OTHERS) {
  test(`${dialect}: each field behaves as in the table`, async (t) => {
    for (const [field, cells] of Object.entries(TABLE)) {
      await t.test(`${field}: ${cells[dialect]}`, (t) => tried(t, dialect, field, cells[dialect]))
    }
  })
}

test('null is the same as omitting a field', async (t) => {
  const nothing = Object.fromEntries(Object.keys(SAMPLES).filter((field) => field !== 'messages' && field !== 'model').map((field) => [field, null]))
  for (const dialect of OTHERS) assert.deepEqual((await sent(t, dialect, nothing)).dropped, [])
})

test('what models do not know is dropped, what OpenAI does not have as well', async (t) => {
  const older = (model) => ({ endpoint: () => ({ model }) })
  assert.deepEqual((await sent(t, 'anthropic', { reasoning_effort: 'low' }, older('claude-opus-4-1'))).dropped, ['reasoning_effort'])
  assert.deepEqual((await sent(t, 'anthropic', { reasoning_effort: 'none' })).body.thinking, { type: 'disabled' })
  assert.deepEqual((await sent(t, 'google', { reasoning_effort: 'low' }, older('gemini-2.0-flash'))).dropped, ['reasoning_effort'])
  for (const dialect of OTHERS) {
    assert.deepEqual((await sent(t, dialect, { service_tier: 'scale' })).dropped, ['service_tier'])
    assert.deepEqual((await sent(t, dialect, { best_of: 2 })).dropped, ['best_of'])
    assert.deepEqual((await sent(t, dialect, { n: 1, modalities: ['text'], logprobs: false, frequency_penalty: 0 })).dropped, [])
  }
})

test('a user may have two names, of which Anthropic takes one', async (t) => {
  const both = { user: 'old', safety_identifier: 'new' }
  const { body, dropped } = await sent(t, 'anthropic', both)
  assert.deepEqual([body.metadata, dropped], [{ user_id: 'new' }, ['user']])
  assert.deepEqual((await sent(t, 'google', both)).dropped, ['user', 'safety_identifier'])
})

test('dropped parts of messages and tools are reported by their path', async (t) => {
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==', detail: 'high' } }
  const strict = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' }, strict: true } }]
  for (const dialect of OTHERS) {
    for (const [asked, word, told] of [
      [{ messages: [{ role: 'user', name: 'bob', content: [image] }] }, /bob|high/, ['messages[].name', 'messages[].content[].image_url.detail']],
      // It has no effect without tools.
      [{ tool_choice: 'required' }, /tool|ANY/, []]
    ]) {
      const { body, dropped } = await sent(t, dialect, asked)
      assert.deepEqual(dropped, told)
      assert.doesNotMatch(JSON.stringify(body), word)
    }
    const { body, dropped } = await sent(t, dialect, { tools: strict })
    const carried = dialect === 'anthropic'
    assert.deepEqual([dropped, JSON.stringify(body).includes('strict')], [carried ? [] : ['tools[].function.strict'], carried])
  }
})

test('what a stream’s report drops', async (t) => {
  for (const dialect of OTHERS) {
    const { client } = setupDialects(t, [dialect])
    assert.deepEqual((await ask(client, { stream: true, extraBody: { store: true } })).report.droppedFields, ['store'])
  }
})

test('parts of messages that a dialect has no word for, by their place', async (t) => {
  const user = (part) => ({ messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }, part] }] })
  for (const [dialect, asked, place] of [
    ['anthropic', user({ type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } }), 'messages[0].content[1]'],
    ['anthropic', user({ type: 'image_url', image_url: { url: 'data:image/bmp;base64,AA==' } }), 'messages[0].content[1]'],
    ['anthropic', user({ type: 'file', file: { file_id: 'f' } }), 'messages[0].content[1].file.file_id'],
    ['google', user({ type: 'file', file: { file_id: 'f' } }), 'messages[0].content[1].file.file_id'],
    ['google', user({ type: 'image_url', image_url: { url: 'https://x.test/a' } }), 'messages[0].content[1]'],
    ['google', { messages: [{ role: 'user', content: 'hi' }, { role: 'tool', tool_call_id: 'c', content: 'x' }] }, 'messages[1].tool_call_id'],
    ['relay', { messages: [{ role: 'function', name: 'f', content: 'x' }] }, 'messages[0].role'],
    ['anthropic', { tools: [{ type: 'custom', custom: { name: 'c' } }] }, 'tools[0].type']
  ]) {
    const { client, a } = setupDialects(t, [dialect])
    const error = await rejection(client.chatCompletion({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...asked }))
    assert.ok(error instanceof BadRequestError && error.message.includes(`${place}:`), error.message)
    assert.equal(a.totalHits, 0)
  }
})
