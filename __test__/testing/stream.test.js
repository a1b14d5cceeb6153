'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { chat, connect, contentOf, eventsOf, exchange, faults, request, serve, stream } = require('./helpers')

const CLOSE = 'connection: close\r\n'

for (const [how, terminated, error] of [['eof', true, undefined], ['close', false, undefined], ['reset', false, 'ECONNRESET']]) {
  test(`cut by ${how} sends exactly the chunks before it`, async (t) => {
    const server = serve(t)
    // A pause lets the chunks arrive before the end: Node reads both at once as a plain end, even after RST.
    server.script(faults.combine(faults.stall({ after: 2, for: '20ms' }), faults.cut({ after: 2, how })))
    const got = await exchange(server, request({ stream: true }, CLOSE))
    assert.equal(got.text.match(/"content":" ?\w+"/g).join(), '"content":"Hello","content":" from"')
    assert.equal(got.text.endsWith('0\r\n\r\n'), terminated)
    assert.equal(got.error, error)
    assert.equal(server.hits()[0].outcome, 'cut')
  })
}

test('positions: before everything, after the role chunk, past the end', async (t) => {
  const server = serve(t)
  server.script(...['headers', 0, 99].map((after) => faults.cut({ after, how: 'eof' })))
  assert.equal(await stream(server), '')
  assert.equal(eventsOf(await stream(server)).length, 1)
  const late = await stream(server)
  assert.equal(contentOf(late), 'Hello from A')
  assert.ok(!late.includes('"stop"'))
})

test('stall falls silent, and goes on after its time', async (t) => {
  const server = serve(t)
  server.script(faults.stall({ after: 1, for: '30ms' }), faults.stall({ after: 1 }))
  assert.equal(contentOf(await stream(server)), 'Hello from A')
  assert.ok(server.hits()[0].durationMs >= 29)
  const client = await connect(server)
  client.socket.write(request({ stream: true }))
  await client.received(/"content":"Hello"/)
  client.socket.destroy()
  await server.waitForHits(1, { outcome: 'clientAborted' })
  assert.ok(!client.text().includes('from'))
})

test('keep-alive comments go on forever and carry nothing', async (t) => {
  const server = serve(t)
  server.script(faults.keepAlive('1ms'))
  const client = await connect(server)
  client.socket.write(request({ stream: true }))
  const text = await client.received(/(: keep-alive\n\n\r\n.*){5}/s)
  assert.ok(!text.includes('data:'))
  client.socket.destroy()
})

test('keep-alive for a while, in mid-stream', async (t) => {
  const server = serve(t)
  server.script(faults.keepAlive('2ms', { after: 1, for: '8ms', text: 'ping' }))
  const text = await stream(server)
  assert.equal(contentOf(text), 'Hello from A')
  assert.ok(text.indexOf(': ping') > text.indexOf('Hello'))
})

test('a whole answer is kept alive by blank lines', async (t) => {
  const server = serve(t)
  server.script(faults.keepAlive('2ms', { for: '8ms' }))
  const text = await (await chat(server)).text()
  assert.match(text, /^\n{2,}\{/)
  assert.equal(JSON.parse(text).choices[0].message.content, 'Hello from A')
})

test('malformed events are in a row at their position', async (t) => {
  const server = serve(t)
  server.script(faults.malformedEvents(3, { after: 1 }), faults.malformedEvents(1, { text: 'nonsense' }))
  const parses = (data) => { try { return Boolean(JSON.parse(data)) } catch { return data === '[DONE]' } }
  assert.deepEqual(eventsOf(await stream(server)).map(parses), [true, true, false, false, false, true, true, true, true])
  assert.ok(eventsOf(await stream(server)).includes('nonsense'))
})

test('an error event ends the stream without [DONE]', async (t) => {
  const server = serve(t)
  server.script(
    faults.errorEvent('overloaded'),
    faults.errorEvent('quota', { after: 2, form: 'event', code: 'credit_balance_exhausted' }),
    faults.errorEvent('serverError', { body: { error: 'plain' } }),
    faults.errorEvent('serverError', { after: 1, thenContinue: true }),
  )
  const first = await stream(server)
  assert.equal(eventsOf(first).length, 1)
  assert.equal(JSON.parse(eventsOf(first)[0]).error.code, 'server_is_overloaded')
  const second = await stream(server)
  assert.match(second, /\n\nevent: error\ndata: \{"error":\{[^}]*"code":"credit_balance_exhausted"\}\}\n\n$/)
  assert.equal(await stream(server), 'data: {"error":"plain"}\n\n')
  assert.ok((await stream(server)).endsWith('data: [DONE]\n\n'))
  assert.deepEqual(server.hits().map((hit) => [hit.status, hit.outcome]), [[200, 'cut'], [200, 'cut'], [200, 'cut'], [200, 'answered']])
})

test('what a stream may lack', async (t) => {
  const server = serve(t)
  server.script(faults.missingDone(), faults.missingFinish(), faults.roleOnly(), faults.omit('blankLine'), faults.omit('role', 'done'))
  const noDone = await stream(server)
  assert.ok(!noDone.includes('[DONE]') && noDone.includes('"stop"'))
  const noFinish = await stream(server)
  assert.ok(noFinish.endsWith('[DONE]\n\n') && !noFinish.includes('"stop"'))
  assert.equal(contentOf(await stream(server)), '')
  assert.match(await stream(server), /data: \[DONE\]\n$/)
  assert.ok(!(await stream(server)).includes('"role"'))
})

test('every spelling of the same events', async (t) => {
  const server = serve(t)
  for (const style of [{ lineEnding: '\r\n' }, { lineEnding: '\r' }, { byteOrderMark: true }, { multiLine: true }, { comments: true }, { noSpace: true }, { lineEnding: '\r', multiLine: true, comments: true, byteOrderMark: true }]) {
    server.script(faults.sseStyle(style))
    const response = await chat(server, { stream: true })
    const bytes = Buffer.from(await response.arrayBuffer())
    const text = bytes.toString()
    assert.equal(contentOf(text), 'Hello from A', JSON.stringify(style))
    if (style.lineEnding === '\r') assert.ok(!text.includes('\n'))
    assert.equal(bytes.subarray(0, 3).toString('hex') === 'efbbbf', style.byteOrderMark === true)
  }
})

test('empty chunks and a huge event', async (t) => {
  const server = serve(t)
  server.script(faults.combine(faults.emptyChunks(2), faults.hugeEvent(300_000)))
  const text = await stream(server)
  assert.ok(text.length > 300_000)
  assert.equal(text.match(/"delta":\{\},"finish_reason":null/g).length, 2)
  assert.equal(contentOf(text), 'Hello from A')
})

test('slow headers, slow first content and pace take their time', async (t) => {
  const server = serve(t)
  server.script(faults.slowHeaders('30ms'), faults.slowFirstContent('30ms'), faults.combine(faults.pace('10ms'), faults.healthy({ chunks: 4 })), faults.slowFirstContent('30ms'))
  for (let i = 0; i < 3; i++) assert.equal(contentOf(await stream(server)), 'Hello from A')
  await (await chat(server)).json()
  assert.ok(server.hits().every((hit) => hit.durationMs >= 28), String(server.hits().map((hit) => hit.durationMs)))
})

test('faults of streams have their like in whole answers', async (t) => {
  const server = serve(t)
  server.script(faults.cut(), faults.cut({ how: 'eof' }), faults.malformedEvents(), faults.errorEvent('overloaded'))
  const cut = await exchange(server, request())
  const [, length] = /content-length: (\d+)/.exec(cut.text)
  assert.ok(cut.text.split('\r\n\r\n')[1].length < Number(length))
  await assert.rejects((await chat(server)).json(), SyntaxError)
  await assert.rejects((await chat(server)).json(), SyntaxError)
  const response = await chat(server)
  assert.equal(response.status, 200)
  assert.equal((await response.json()).error.code, 'server_is_overloaded')
})
