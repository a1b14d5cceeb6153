'use strict'

// However the bytes of a stream are cut, spelled or packed, the chunks are the same.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { TRANSPORTS, setup, ask, textOf, faults } = require('../helpers/client')

const TEXT = 'Grüße, 世界! 👩‍👩‍👧 ñ\r\n"quoted" \\ \u2028 end'
const CALLS = [{ name: 'weather', arguments: { city: 'Zürich' } }, { name: 'time', arguments: '{"zone":' }]
const answers = {
  text: faults.healthy({ content: TEXT, id: 'x', usage: true }),
  'tool calls': faults.healthy({ toolCalls: CALLS, id: 'x', usage: true }),
  reasoning: faults.healthy({ content: TEXT, reasoning: 'Let me think.', id: 'x', usage: true, usageOnFinish: true }),
  refusal: faults.healthy({ refusal: 'No, thank you.', id: 'x', usage: true })
}
const ways = {
  'byte at a time': faults.byteAtATime(),
  'pieces of 7 bytes': faults.splitEvery(7),
  'random pieces': faults.splitRandomly(11),
  CRLF: faults.sseStyle({ lineEnding: '\r\n' }),
  'CRLF, byte at a time': faults.combine(faults.sseStyle({ lineEnding: '\r\n' }), faults.byteAtATime()),
  CR: faults.sseStyle({ lineEnding: '\r' }),
  'CR, byte at a time': faults.combine(faults.sseStyle({ lineEnding: '\r' }), faults.byteAtATime()),
  'byte order mark': faults.sseStyle({ byteOrderMark: true }),
  'several data lines': faults.sseStyle({ multiLine: true }),
  comments: faults.sseStyle({ comments: true }),
  'no space': faults.sseStyle({ noSpace: true }),
  everything: faults.combine(faults.sseStyle({ lineEnding: '\r\n', byteOrderMark: true, multiLine: true, comments: true, noSpace: true }), faults.splitRandomly(5)),
  gzip: faults.gzip(),
  brotli: faults.brotli(),
  deflate: faults.deflate(),
  'gzip, byte at a time': faults.combine(faults.gzip(), faults.byteAtATime()),
  'brotli, in random pieces': faults.combine(faults.brotli(), faults.splitRandomly(3)),
  'keep-alives': faults.keepAlive(2, { after: 1, for: 10 }),
  'a proxy’s content type': faults.contentType('text/plain'),
  'no content type': faults.headers({ 'content-type': null }),
  'no blank line at the end': faults.omit('blankLine')
}

/** Removes what differs between requests. */
function plain (value) {
  return JSON.parse(JSON.stringify(value, (key, v) => (key === 'created' ? 0 : v)))
}

/** Some vendors number tool calls in whole answers as well. */
function unnumbered (completion) {
  const copy = plain(completion)
  for (const call of copy.choices[0].message.tool_calls ?? []) delete call.index
  return copy
}

for (const transport of TRANSPORTS) {
  test(transport.transport, { concurrency: 4 }, async (t) => {
    const { client, a } = setup(t, { servers: 1, transport })
    for (const [kind, answer] of Object.entries(answers)) {
      a.script(answer)
      const reference = await ask(client, { stream: true })
      for (const [way, fault] of Object.entries(ways)) {
        await t.test(`${kind}, ${way}`, async () => {
          a.script(faults.combine(answer, fault))
          const got = await ask(client, { stream: true })
          assert.deepEqual(plain(got.chunks), plain(reference.chunks))
          assert.deepEqual(plain(got), plain(reference))
        })
      }
    }
  })
}

test('a stream read whole is what the vendor would have answered whole', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  for (const [kind, answer] of Object.entries({ ...answers, 'cut by length': faults.combine(answers.text, faults.finish('length')) })) {
    await t.test(kind, async () => {
      a.script(answer, answer)
      const streamed = await ask(client, { stream: true })
      const whole = await ask(client)
      assert.deepEqual(unnumbered(streamed), unnumbered(whole))
      assert.equal(streamed.object, 'chat.completion')
      assert.deepEqual(streamed.report.usage, whole.report.usage)
    })
  }
})

test('large events and many of them', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const content = 'ä'.repeat(300_000)
  a.script(faults.healthy({ content, chunks: 3 }), faults.healthy({ content, chunks: 5000 }), faults.hugeEvent(4 << 20))
  assert.equal(textOf(await ask(client, { stream: true })), content)
  const many = await ask(client, { stream: true })
  assert.equal(textOf(many), content)
  assert.equal(many.chunks.filter((c) => c.choices[0]?.delta.content).length, 5000)
  const huge = await ask(client, { stream: true })
  assert.ok(huge.chunks.some((chunk) => JSON.stringify(chunk).length > 4 << 20))
})
