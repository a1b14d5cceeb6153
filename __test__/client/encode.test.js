'use strict'

// A request travels to Rust in pieces. What a vendor gets is what JSON.stringify would have written.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { serve, openClient } = require('../helpers/client')

/** A seeded generator, so that a failure can be reproduced. */
function random (seed) {
  let state = seed
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
  const below = (n) => Math.floor(next() * n)
  return { next, below, pick: (list) => list[below(list.length)] }
}

const PIECES = ['plain words, ', '"quoted" ', 'back\\slash ', 'new\nline\r\n\ttab ', '\u0000\u0001\u001f\u007f', 'Zürich ', '東京 ', '👩‍👩‍👧 ', '\u2028\u2029', '\ud83d', '{"json":[1]}', 'x'.repeat(70)]

function text (r) {
  return Array.from({ length: r.below(12) }, () => r.pick(PIECES)).join('')
}

function message (r) {
  const role = r.pick(['system', 'user', 'assistant', 'tool'])
  switch (r.below(8)) {
    case 0: return { role, content: [{ type: 'text', text: text(r) }, { type: 'image_url', image_url: { url: 'data:' + text(r) } }] }
    case 1: return { role, content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: text(r) } }] }
    case 2: return { content: text(r), role, name: 'before' }
    case 3: return new (class Message { role = role; content = text(r); get hidden () { return 'x'.repeat(100) } })()
    case 4: return { role, content: text(r), toJSON () { return { role: 'user', content: 'from toJSON ' + 'y'.repeat(80) } } }
    case 5: return Object.assign(Object.create({ content: 'inherited ' + 'z'.repeat(80) }), { role })
    case 6: return r.pick([null, undefined, 7, 'text ' + text(r), [text(r)]])
    default: return { role, content: text(r), extra: { deep: [text(r), undefined, NaN] } }
  }
}

function request (r) {
  const messages = Array.from({ length: 1 + r.below(6) }, () => message(r))
  const fields = { messages, temperature: r.next(), metadata: { note: text(r) }, model: 'gpt-4o', stop: undefined, user: text(r) }
  const names = Object.keys(fields).sort(() => r.next() - 0.5)
  return Object.fromEntries(names.map((name) => [name, fields[name]]))
}

test('two thousand requests arrive as they were', async (t) => {
  const server = serve(t, { historySize: 1 })
  const client = openClient(t, { baseURL: server.url })
  const r = random(20261121)
  for (let i = 0; i < 2000; i++) {
    const sent = request(r)
    await client.chatCompletion(sent)
    const [hit] = server.hits()
    assert.equal(hit.rawBody.toString(), JSON.stringify(sent), `request ${i}`)
  }
})

test('large contents, many contents, and requests made at the same time', async (t) => {
  const server = serve(t)
  const client = openClient(t, { baseURL: server.url })
  const many = { model: 'm', messages: Array.from({ length: 600 }, (_, i) => ({ role: 'user', content: `${i} `.repeat(40) })) }
  const large = { model: 'm', messages: [{ role: 'user', content: 'ä"'.repeat(400_000) }, { role: 'user', content: '東京'.repeat(100_000) }] }
  const short = (i) => ({ messages: [{ role: 'user', content: `call ${i} `.repeat(30) }], model: `m${i}` })
  const sent = [many, large, ...Array.from({ length: 40 }, (_, i) => short(i)), large]
  await Promise.all(sent.map((request) => client.chatCompletion(request)))
  const bodies = server.hits().map((hit) => hit.rawBody.toString())
  assert.deepEqual(bodies.sort(), sent.map((request) => JSON.stringify(request)).sort())
})

test('a request that makes a call while it is read disturbs no other call', async (t) => {
  const server = serve(t)
  const client = openClient(t, { baseURL: server.url })
  const inner = []
  const outer = {
    model: 'outer',
    get messages () {
      inner.push(client.chatCompletion({ model: 'inner', messages: [{ role: 'user', content: 'i'.repeat(100) }] }))
      return [{ role: 'user', content: 'o'.repeat(200) }]
    }
  }
  await client.chatCompletion(outer)
  await Promise.all(inner)
  assert.equal(server.hits({ model: 'outer' })[0].body.messages[0].content, 'o'.repeat(200))
  assert.equal(server.hits({ model: 'inner' })[0].body.messages[0].content, 'i'.repeat(100))
})
