'use strict'

// Requests in each dialect a caller may speak: every field and every kind of message and part, and mixtures of them.

const SCHEMA = { type: 'object', properties: { city: { type: 'string', description: 'Where' }, days: { type: ['integer', 'null'] } }, required: ['city'], additionalProperties: false }
const PNG = 'iVBORw0KGgo='
const PDF = 'JVBERi0='
const IMAGE = `data:image/png;base64,${PNG}`

/** @typedef {Record<string, any>} Body */

/** Fields of every request, unless it overrides them. */
const BASES = {
  openai: { model: 'asked', messages: [{ role: 'user', content: 'hi' }] },
  anthropic: { model: 'asked', max_tokens: 50, messages: [{ role: 'user', content: 'hi' }] },
  google: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }
}

const OPENAI_TOOLS = [
  { type: 'function', function: { name: 'weather', description: 'Tells it', parameters: SCHEMA, strict: true } },
  { type: 'function', function: { name: 'now' } }
]
const ANTHROPIC_TOOLS = [
  { name: 'weather', description: 'Tells it', input_schema: SCHEMA, strict: true },
  { name: 'now', input_schema: { type: 'object' } }
]
const GOOGLE_TOOLS = [{
  functionDeclarations: [
    { name: 'weather', description: 'Tells it', parametersJsonSchema: SCHEMA },
    { name: 'now', parameters: { type: 'OBJECT', properties: { zone: { type: 'STRING', nullable: true, enum: ['CET', 'UTC'], maxLength: '5' } }, required: ['zone'] } },
    { name: 'plain' }
  ]
}]

/** A field, or several that belong together, with significant values, by name. */
const FIELDS = {
  openai: {
    frequency_penalty: { frequency_penalty: 0.5 },
    logit_bias: { logit_bias: { 50256: -100 } },
    logprobs: { logprobs: true, top_logprobs: 2 },
    max_completion_tokens: { max_completion_tokens: 50 },
    max_tokens: { max_tokens: 50 },
    metadata: { metadata: { a: 'b' } },
    n: { n: 2 },
    prediction: { prediction: { type: 'content', content: 'x' } },
    presence_penalty: { presence_penalty: -0.5 },
    prompt_cache_key: { prompt_cache_key: 'k' },
    prompt_cache_retention: { prompt_cache_retention: '24h' },
    effort: { reasoning_effort: 'low' },
    noEffort: { reasoning_effort: 'none' },
    jsonObject: { response_format: { type: 'json_object' } },
    jsonSchema: { response_format: { type: 'json_schema', json_schema: { name: 'place', description: 'd', schema: SCHEMA, strict: true } } },
    text: { response_format: { type: 'text' } },
    safety_identifier: { safety_identifier: 'u' },
    seed: { seed: 7 },
    service_tier: { service_tier: 'flex' },
    stop: { stop: ['END', 'STOP'] },
    oneStop: { stop: 'END' },
    store: { store: true },
    temperature: { temperature: 0.5 },
    tools: { tools: OPENAI_TOOLS, parallel_tool_calls: false },
    toolChosen: { tools: OPENAI_TOOLS, tool_choice: { type: 'function', function: { name: 'weather' } } },
    toolRequired: { tools: OPENAI_TOOLS, tool_choice: 'required' },
    toolsForbidden: { tools: OPENAI_TOOLS, tool_choice: 'none' },
    toolsAllowed: { tools: OPENAI_TOOLS, tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'weather' } }] } } },
    top_p: { top_p: 0.5 },
    user: { user: 'u' },
    verbosity: { verbosity: 'low' },
    moderation: { moderation: { model: 'omni-moderation-latest' } },
    modalities: { modalities: ['text'] },
    cache: { prompt_cache_options: {} },
    system: { messages: [{ role: 'system', content: 'Be brief.' }, { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] }, ...BASES.openai.messages] },
    amid: { messages: [...BASES.openai.messages, { role: 'assistant', content: 'yes?' }, { role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Now.' }] },
    named: { messages: [{ role: 'user', name: 'Ann', content: 'hi' }] },
    image: { messages: [{ role: 'user', content: [{ type: 'text', text: 'What?' }, { type: 'image_url', image_url: { url: IMAGE, detail: 'low' } }, { type: 'image_url', image_url: { url: 'https://x.test/a.png' } }] }] },
    file: { messages: [{ role: 'user', content: [{ type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` } }, { type: 'text', text: 'What?' }] }] },
    audio: { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: PNG, format: 'wav' } }] }] },
    conversation: {
      tools: OPENAI_TOOLS,
      messages: [
        { role: 'user', content: 'Weather?' },
        {
          role: 'assistant', content: null,
          tool_calls: [
            { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Zürich"}' } },
            { id: 'c2', type: 'function', function: { name: 'now', arguments: '' } }
          ]
        },
        { role: 'tool', tool_call_id: 'c2', content: 'noon' },
        { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'sunny' }] },
        { role: 'assistant', content: [{ type: 'text', text: 'Sunny.' }] },
        { role: 'user', content: 'Thanks.' }
      ]
    }
  },
  anthropic: {
    stop: { stop_sequences: ['END'] },
    effort: { output_config: { effort: 'max' } },
    lowEffort: { output_config: { effort: 'low' } },
    jsonSchema: { output_config: { format: { type: 'json_schema', schema: SCHEMA } } },
    thinking: { max_tokens: 4096, thinking: { type: 'enabled', budget_tokens: 2048 } },
    adaptive: { thinking: { type: 'adaptive' } },
    noThinking: { thinking: { type: 'disabled' } },
    metadata: { metadata: { user_id: 'u' } },
    service_tier: { service_tier: 'standard_only' },
    sampling: { temperature: 0.5, top_p: 0.5, top_k: 5 },
    speed: { speed: 'fast' },
    cache: { cache_control: { type: 'ephemeral' } },
    system: { system: 'Be brief.' },
    systems: { system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }, { type: 'text', text: 'Be kind.' }] },
    amid: { messages: [...BASES.anthropic.messages, { role: 'system', content: 'Be quick.' }] },
    tools: { tools: ANTHROPIC_TOOLS },
    toolRequired: { tools: ANTHROPIC_TOOLS, tool_choice: { type: 'any', disable_parallel_tool_use: true } },
    toolChosen: { tools: ANTHROPIC_TOOLS, tool_choice: { type: 'tool', name: 'weather' } },
    toolAuto: { tools: ANTHROPIC_TOOLS, tool_choice: { type: 'auto', disable_parallel_tool_use: false } },
    toolsForbidden: { tools: ANTHROPIC_TOOLS, tool_choice: { type: 'none' } },
    image: { messages: [{ role: 'user', content: [{ type: 'text', text: 'What?' }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }, { type: 'image', source: { type: 'url', url: 'https://x.test/a.png' } }] }] },
    document: {
      messages: [{
        role: 'user',
        content: [
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: PDF }, title: 'a' },
          { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'words' }, title: 'b', context: 'c', citations: { enabled: true } },
          { type: 'text', text: 'What?', cache_control: { type: 'ephemeral' } }
        ]
      }]
    },
    conversation: {
      tools: ANTHROPIC_TOOLS,
      messages: [
        { role: 'user', content: 'Weather?' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 's' }, { type: 'redacted_thinking', data: 'x' }, { type: 'text', text: 'Looking.' },
            { type: 'tool_use', id: 't1', name: 'weather', input: { city: 'Zürich' } }, { type: 'tool_use', id: 't2', name: 'now', input: {} }
          ]
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'sunny' }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }] },
            { type: 'tool_result', tool_use_id: 't2', is_error: true, content: 'no clock' },
            { type: 'text', text: 'Well?' }
          ]
        },
        { role: 'assistant', content: 'Sunny.' },
        { role: 'user', content: 'Thanks.' }
      ]
    },
    silentResult: {
      tools: ANTHROPIC_TOOLS,
      messages: [
        { role: 'user', content: 'Go.' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'now', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't' }] }
      ]
    }
  },
  google: {
    generationConfig: { generationConfig: { temperature: 1, topP: 0.5, topK: 5, maxOutputTokens: 9, stopSequences: ['END'], seed: 7, presencePenalty: 0.5, frequencyPenalty: 0.5 } },
    candidates: { generationConfig: { candidateCount: 2 } },
    logprobs: { generationConfig: { responseLogprobs: true, logprobs: 2 } },
    justLogprobs: { generationConfig: { responseLogprobs: true } },
    json: { generationConfig: { responseMimeType: 'application/json' } },
    jsonSchema: { generationConfig: { responseMimeType: 'application/json', responseJsonSchema: SCHEMA } },
    schema: { generationConfig: { responseMimeType: 'application/json', responseSchema: { type: 'ARRAY', items: { type: 'STRING', nullable: true, format: 'enum', enum: ['A'] }, minItems: '1' } } },
    level: { generationConfig: { thinkingConfig: { thinkingLevel: 'LOW', includeThoughts: true } } },
    budget: { generationConfig: { thinkingConfig: { thinkingBudget: 2048 } } },
    noThoughts: { generationConfig: { thinkingConfig: { thinkingBudget: 0 } } },
    safety: { safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }] },
    service_tier: { serviceTier: 'flex' },
    labels: { labels: { a: 'b' } },
    system: { systemInstruction: { parts: [{ text: 'Be brief.' }, { text: 'Be kind.' }] } },
    tools: { tools: GOOGLE_TOOLS },
    toolRequired: { tools: GOOGLE_TOOLS, toolConfig: { functionCallingConfig: { mode: 'ANY' } } },
    toolChosen: { tools: GOOGLE_TOOLS, toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['weather'] } } },
    toolsAllowed: { tools: GOOGLE_TOOLS, toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['weather', 'now'] } } },
    toolAuto: { tools: GOOGLE_TOOLS, toolConfig: { functionCallingConfig: { mode: 'AUTO' } } },
    toolsForbidden: { tools: GOOGLE_TOOLS, toolConfig: { functionCallingConfig: { mode: 'NONE' } } },
    image: { contents: [{ role: 'user', parts: [{ text: 'What?' }, { inlineData: { mimeType: 'image/png', data: PNG } }, { fileData: { mimeType: 'image/png', fileUri: 'https://x.test/a.png' } }] }] },
    file: { contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'application/pdf', data: PDF, displayName: 'a.pdf' } }, { text: 'What?' }] }] },
    audio: { contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'audio/wav', data: PNG } }] }] },
    conversation: {
      tools: GOOGLE_TOOLS,
      contents: [
        { parts: [{ text: 'Weather?' }] },
        { role: 'model', parts: [{ text: 'hm', thought: true }, { text: 'Looking.' }, { functionCall: { name: 'weather', args: { city: 'Zürich' } }, thoughtSignature: 'cw==' }, { functionCall: { id: 'g1', name: 'now' } }] },
        { role: 'user', parts: [{ functionResponse: { name: 'weather', response: { result: 'sunny' } } }, { functionResponse: { id: 'g1', name: 'now', response: { error: 'no clock' } } }] },
        { role: 'model', parts: [{ text: 'Sunny.' }] },
        { role: 'user', parts: [{ text: 'Thanks.' }] }
      ]
    }
  }
}

/** Requests that name one field each, and one that names as many as go together. */
function table (dialect) {
  const rows = Object.entries(FIELDS[dialect])
  const all = rows.reduce((body, [, fields]) => merged(body, fields), {})
  return [['nothing', {}], ...rows, ['everything', all]].map(([name, fields]) => ({ name, body: { ...BASES[dialect], ...fields } }))
}

/** Mixtures of these fields, the same each time. */
function mixtures (dialect, count) {
  const random = randomOf(20)
  const rows = Object.entries(FIELDS[dialect])
  return Array.from({ length: count }, () => {
    const names = []
    let body = {}
    for (const [name, fields] of rows) {
      if (random() >= 0.2) continue
      names.push(name)
      body = merged(body, fields)
    }
    return { name: names.join('+'), body: { ...BASES[dialect], ...body } }
  })
}

/** Google's generation config is made of fields itself. */
function merged (a, b) {
  return { ...a, ...b, ...(a.generationConfig && b.generationConfig && { generationConfig: { ...a.generationConfig, ...b.generationConfig } }) }
}

/** mulberry32 */
function randomOf (seed) {
  let state = seed
  return () => {
    state = (state + 0x6D2B79F5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const URLS = {
  openai: () => 'https://api.openai.com/v1/chat/completions',
  anthropic: () => 'https://api.anthropic.com/v1/messages',
  google: (stream) => `https://generativelanguage.googleapis.com/v1beta/models/asked:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`
}

/** What asks for a stream where the address does not. */
const STREAMED = { openai: { stream: true, stream_options: { include_usage: true } }, anthropic: { stream: true }, google: {} }

/** Asks as an SDK of that dialect does. */
function askBy (fetch, dialect, body, stream = false) {
  return fetch(URLS[dialect](stream), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(dialect === 'anthropic' && { 'anthropic-version': '2023-06-01' }) },
    body: JSON.stringify({ ...body, ...(stream && STREAMED[dialect]) })
  })
}

module.exports = { BASES, table, mixtures, askBy }
