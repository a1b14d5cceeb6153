'use strict'

// One realistic exchange: a 2 KB request, a 1 KB answer, and the pieces of a streamed answer, in OpenAI's shapes.

const REQUEST_BYTES = 2048
const ANSWER_BYTES = 1024

const PROSE = 'Summarise the ticket below for the on-call engineer; keep order ids, amounts and times exactly as written. '
const CREATED = 1760000000

function request () {
  return padded(REQUEST_BYTES, (text) => ({
    model: 'gpt-4o',
    messages: [
      { role: 'system', content: 'You are a careful assistant for a support team. Answer in plain English.' },
      { role: 'user', content: text }
    ],
    temperature: 0.2,
    max_tokens: 256
  }))
}

function answer () {
  return padded(ANSWER_BYTES, (text) => ({
    id: 'chatcmpl-BqLm5Yx0v7nUqk3W2cT9dR1fHs8eA',
    object: 'chat.completion',
    created: CREATED,
    model: 'gpt-4o-2024-08-06',
    choices: [{ index: 0, message: { role: 'assistant', content: text, refusal: null }, logprobs: null, finish_reason: 'stop' }],
    usage: {
      prompt_tokens: 412,
      completion_tokens: 128,
      total_tokens: 540,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 }
    },
    service_tier: 'default',
    system_fingerprint: 'fp_07871e2ad8'
  }))
}

const firstEvent = () => event({ role: 'assistant', content: '', refusal: null }, null)
const contentEvent = () => event({ content: ' token' }, null)
const lastEvents = () => event({}, 'stop') + 'data: [DONE]\n\n'

/** The same exchange in Anthropic's shapes. */
const anthropic = {
  answer: () => padded(ANSWER_BYTES, (text) => ({
    id: 'msg_01XFDUDYJgAACzvnptvVoYEL',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-5-20260901',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 412, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 128, service_tier: 'standard' }
  })),
  firstEvents: () => named({ type: 'message_start', message: { ...anthropic.answer(), content: [], stop_reason: null } }) +
    named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  contentEvent: () => named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' token' } }),
  lastEvents: () => named({ type: 'content_block_stop', index: 0 }) +
    named({ type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 128 } }) + named({ type: 'message_stop' })
}

function named (data) {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
}

function event (delta, finishReason) {
  return `data: ${JSON.stringify({
    id: 'chatcmpl-BqLm5Yx0v7nUqk3W2cT9dR1fHs8eA',
    object: 'chat.completion.chunk',
    created: CREATED,
    model: 'gpt-4o-2024-08-06',
    service_tier: 'default',
    system_fingerprint: 'fp_07871e2ad8',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }]
  })}\n\n`
}

/** `build(text)` with as much prose as makes its JSON exactly `bytes` long. */
function padded (bytes, build) {
  const room = bytes - JSON.stringify(build('')).length
  return build(PROSE.repeat(Math.ceil(room / PROSE.length)).slice(0, room))
}

module.exports = { anthropic, request, answer, firstEvent, contentEvent, lastEvents }
