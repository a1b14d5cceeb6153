'use strict'

// Responses of broken or malicious vendors.

const test = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const zlib = require('node:zlib')
const { once } = require('node:events')
const { openClient, rejection } = require('../helpers/client')

const TEXT = 'chat.completion.chunk'
const chunk = (delta, finish = null) => JSON.stringify({ id: 'i', object: TEXT, choices: [{ index: 0, delta, finish_reason: finish }] })

/** A vendor that answers with `reply(request, response)`, and a client for it. */
async function vendor (t, reply, options = {}) {
  const server = http.createServer((request, response) => {
    request.resume().on('end', () => reply(request, response))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  return openClient(t, { baseURL: `http://127.0.0.1:${server.address().port}`, maxRetries: 0, breaker: false, ...options })
}

const events = (...data) => (_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.end(data.map((text) => `data: ${text}\n\n`).join(''))
}

async function read (client) {
  const stream = await client.chatCompletion('m', 'hi', { stream: true })
  const texts = []
  for await (const { choices } of stream) texts.push(choices[0]?.delta?.content)
  return { texts, completion: await stream.finalCompletion }
}

test('blanks that are not JSON’s make an event unreadable, not the process', async (t) => {
  const client = await vendor(t, events(chunk({ content: 'one' }), `\u00a0${chunk({ content: 'two' })}`, chunk({ content: 'three' }, 'stop'), '[DONE]'))
  const { texts, completion } = await read(client)
  assert.deepEqual(texts, ['one', 'three'])
  assert.equal(completion.report.skippedEvents, 1)
})

test('halves of an emoji, numbers beyond doubles and deep nesting reach the reader as they came', async (t) => {
  const half = (escape) => chunk({ content: 'X' }).replace('X', escape)
  const odd = chunk({ content: 'b' }).replace('"id":"i"', `"id":"i","x":1e999,"y":${'['.repeat(300)}${']'.repeat(300)}`)
  const client = await vendor(t, events(half('\\ud83d'), half('\\ude00'), odd, chunk({}, 'stop'), '[DONE]'))
  const { texts } = await read(client)
  assert.equal(texts.slice(0, 2).join(''), '😀')
  assert.equal(texts[2], 'b')
})

for (const [encoding, pack] of [['br', zlib.brotliCompressSync], ['gzip', zlib.gzipSync]]) {
  for (const status of [200, 500]) {
    test(`a bomb in ${encoding} with status ${status} is stopped`, async (t) => {
      const body = pack(Buffer.alloc(128 << 20, 0x20))
      const client = await vendor(t, (_, response) => {
        response.writeHead(status, { 'content-encoding': encoding, 'content-type': 'application/json' })
        response.end(body)
      })
      const before = process.memoryUsage().rss
      const error = await rejection(client.chatCompletion('m', 'hi'))
      assert.equal(error.reason, status === 200 ? 'malformed' : 'serverError')
      assert.ok(process.memoryUsage().rss - before < 100 << 20, 'memory')
    })
  }
}

test('thousands of choices in one chunk do not hold up others', async (t) => {
  const flood = JSON.stringify({ choices: Array.from({ length: 60_000 }, (_, index) => ({ index, delta: {} })) })
  const client = await vendor(t, (request, response) => {
    if (request.headers['idempotency-key'] === 'flood') return events(flood)(request, response)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ choices: [{ index: 0, message: { content: 'well' }, finish_reason: 'stop' }] }))
  })
  const flooded = rejection(client.chatCompletion('m', 'hi', { stream: true, idempotencyKey: 'flood' }))
  const other = await client.chatCompletion('m', 'hi', { timeout: '5s' })
  assert.equal(other.choices[0].message.content, 'well')
  await flooded
})

test('an empty finish reason ends nothing, and each of the choices asked for is waited for', async (t) => {
  const part = (index, content, finish) => JSON.stringify({ choices: [{ index, delta: { content }, finish_reason: finish }] })
  const client = await vendor(t, (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`data: ${part(0, 'first', 'stop')}\n\n`)
    // Longer than the grace that a finished stream gets for its usage.
    setTimeout(() => response.end(`data: ${part(1, 'second', '')}\n\ndata: ${part(1, '', 'stop')}\n\ndata: [DONE]\n\n`), 2_300)
  })
  const stream = await client.chatCompletion({ model: 'm', messages: [{ role: 'user', content: 'hi' }], n: 2, stream: true })
  let text = ''
  for await (const { choices } of stream) text += choices[0].delta.content
  assert.equal(text, 'firstsecond')
  assert.equal((await stream.finalCompletion).choices.length, 2)
})

test('a sound answer with odd counts beside it is an answer', async (t) => {
  for (const odd of ['"usage":"n/a"', '"usage":{"prompt_tokens":"12"}', '"usage":{"prompt_tokens":1e999}', '"error":""', '"error":{}']) {
    const client = await vendor(t, (_, response) => response.end(`{"choices":[{"message":{"content":"paid"}}],${odd}}`))
    assert.equal((await client.chatCompletion('m', 'hi')).choices[0].message.content, 'paid', odd)
  }
})

test('a key is redacted where a message is truncated, and so is the one before a rotation', async (t) => {
  const keys = ['sk-CANARYONE-0123456789abcdef', 'sk-CANARYTWO-0123456789abcdef']
  let asked = 0
  const client = await vendor(t, (request, response) => {
    const first = request.headers.authorization.includes('ONE')
    setTimeout(() => {
      response.writeHead(400, { 'x-request-id': 'y'.repeat(190) + keys[0] })
      response.end('z'.repeat(270) + keys[0])
    }, first ? 100 : 0)
  }, { apiKey: () => keys[asked++] })
  const errors = await Promise.all([rejection(client.chatCompletion('m', 'hi')), rejection(client.chatCompletion('m', 'hi'))])
  for (const error of errors) {
    assert.ok(!JSON.stringify([error.message, error.attempts]).includes('CANARY'), error.message)
  }
})

test('a late refusal of an old key does not condemn the new one', async (t) => {
  const keys = ['sk-old-0123456789abcdefghij', 'sk-new-0123456789abcdefghij', 'sk-new-0123456789abcdefghij', 'sk-new-0123456789abcdefghij']
  let asked = 0
  const client = await vendor(t, (request, response) => {
    if (request.headers.authorization.includes('old')) {
      setTimeout(() => { response.writeHead(401); response.end('{}') }, 100)
    } else {
      response.end('{"choices":[{"message":{"content":"ok"}}]}')
    }
  }, { apiKey: () => keys[asked++], maxRetries: 1 })
  const first = client.chatCompletion('m', 'hi')
  await client.chatCompletion('m', 'hi')
  assert.equal((await first).choices[0].message.content, 'ok')
})

test('several readers at once, and finalCompletion without reading', async (t) => {
  const client = await vendor(t, events(chunk({ content: 'a' }), chunk({ content: 'b' }, 'stop'), '[DONE]'))
  const stream = await client.chatCompletion('m', 'hi', { stream: true })
  const chunks = stream[Symbol.asyncIterator]()
  const results = await Promise.all([chunks.next(), chunks.next(), chunks.next(), chunks.next()])
  assert.deepEqual(results.map((r) => r.done), [false, false, true, true])
  const long = await vendor(t, events(...Array.from({ length: 500 }, () => chunk({ content: 'a' })), chunk({}, 'stop'), '[DONE]'))
  const { finalCompletion } = await long.chatCompletion('m', 'hi', { stream: true, timeout: '5s' })
  assert.equal((await finalCompletion).choices[0].message.content.length, 500, 'nobody reads the chunks')
  const broken = await vendor(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`data: ${chunk({ content: 'a' })}\n\n`)
    setTimeout(() => response.destroy(), 20)
  })
  const unread = await broken.chatCompletion('m', 'hi', { stream: true })
  assert.equal((await rejection(unread.finalCompletion)).partial, 'a')
})

test('misuse by type is named and leaves nothing behind', async (t) => {
  const client = await vendor(t, (_, response) => response.end('{}'))
  for (const [call, path] of [
    [() => client.validateApiKey(5), /endpoint must be a string/],
    [() => client.monitor.checkEndpointHealth(42), /endpoint must be a string/],
    [() => client.chatCompletion({ model: 'm', messages: [1], toJSON () {} }), /request: must be a plain object/],
    [() => client.chatCompletion({ model: 'm', messages: [1], stream: Object(true) }), /stream: must be true or false/],
    [() => client.chatCompletion('m', 'hi', { timeout: () => 1 }), /options.timeout must be/],
    [() => client.chatCompletion('m', 'hi', { timeout: { total: NaN } }), /options.timeout.total must be/],
    [() => client.chatCompletion('m', 'hi', { maxRetries: 1n }), /options.maxRetries must be/],
    [() => client.chatCompletion('m', 'hi', { tags: new Map() }), /options.tags must be an object/]
  ]) {
    const error = await rejection(call())
    assert.match(error.message, path)
  }
  for (const [options, message] of [
    [{ proxy: 'http://' }, /proxy must be/],
    [{ endpoints: [{ name: 'a', baseURL: 'http://h', apiKey: null, headers: new Headers({ a: 'b' }) }] }, /headers must be an object/],
    [{ endpoints: [{ name: 'a', baseURL: 'http://h', apiKey: null, headers: { 'content-length': '3' } }] }, /content-length is set by the connection/],
    [{ endpoints: [{ name: 'a', baseURL: 'http://h', apiKey: null, healthCheck: { url: 'http://u:p@h/' } }] }, /credentials/]
  ]) {
    assert.throws(() => openClient(t, options), message)
  }
})
