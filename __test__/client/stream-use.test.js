'use strict'

// What can be done with a stream: read it in several ways, leave it, hand it on, read it slowly.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const { setTimeout: sleep } = require('node:timers/promises')
const { TRANSPORTS, openClient, setup, rejection, attemptSummary, recordEvents, until, faults } = require('../helpers/client')
const { remoteServer } = require('../helpers/child')

const ENDLESS = { content: 'word '.repeat(4000), chunks: 4000 }
const start = (client, options) => client.chatCompletion('gpt-4o', 'hi', { stream: true, ...options })

for (const transport of TRANSPORTS) {
  test(`${transport.transport}: leaving cancels upstream`, { concurrency: 4 }, async (t) => {
    const paced = faults.combine(faults.healthy(ENDLESS), faults.pace(2))
    await Promise.all(Object.entries({
      'break out of the loop': async (stream) => { for await (const _ of stream) break },
      'throw in the loop': async (stream) => assert.rejects(async () => { for await (const _ of stream) throw new Error('enough') }, /enough/),
      'break out of the text': async (stream) => { for await (const _ of stream.textStream) break },
      'abort()': async (stream) => { stream.abort() },
      'abort() while a read waits': async (stream) => {
        const reason = new Error('changed my mind')
        const read = rejection((async () => { for await (const _ of stream); })())
        await sleep(10)
        stream.abort(reason)
        assert.equal(await read, reason)
      },
      'async dispose': async (stream) => { await stream[Symbol.asyncDispose]() },
      'cancel of the byte stream': async (stream) => {
        const reader = stream.toReadableStream().getReader()
        await reader.read()
        await reader.cancel()
      },
      'cancel of the response': async (stream) => { await stream.toResponse().body.cancel() }
    }).map(([name, leave]) => t.test(name, async (t) => {
      const { client, a } = setup(t, { servers: 1, transport })
      a.script(paced)
      const stream = await start(client)
      await leave(stream)
      await a.waitForHits(1, { outcome: 'clientAborted' })
      await until('nothing is in flight', () => client.getEndpointStatus('A').inFlight === 0)
      assert.equal(client.getEndpointStatus('A').breaker.consecutiveFailures, 0)
      const error = await rejection(stream.finalCompletion)
      assert.ok(error instanceof Error)
    })))
  })
}

test('an AbortSignal: before, while waiting, and in the middle', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  await t.test('before: nothing is sent', async () => {
    const reason = { any: 'value' }
    assert.equal(await rejection(start(client, { signal: AbortSignal.abort(reason) })), reason)
    assert.equal(a.totalHits, 0)
  })
  await t.test('while waiting', async () => {
    a.script(faults.hang())
    const controller = new AbortController()
    const call = rejection(start(client, { signal: controller.signal }))
    await a.waitForHits(1)
    const reason = new Error('stop')
    controller.abort(reason)
    assert.equal(await call, reason)
    await a.waitForHits(1, { outcome: 'clientAborted' })
  })
  await t.test('in the middle', async () => {
    a.script(faults.combine(faults.healthy(ENDLESS), faults.pace(2)))
    const controller = new AbortController()
    const stream = await start(client, { signal: controller.signal })
    const reason = new Error('stop')
    const error = await rejection((async () => {
      let n = 0
      for await (const _ of stream) if (++n === 5) controller.abort(reason)
    })())
    assert.equal(error, reason)
    assert.equal(await rejection(stream.finalCompletion), reason)
    await a.waitForHits(2, { outcome: 'clientAborted' })
  })
  await t.test('after the end it does nothing', async () => {
    const controller = new AbortController()
    const stream = await start(client, { signal: controller.signal })
    for await (const _ of stream);
    controller.abort()
    assert.equal((await stream.finalCompletion).choices[0].message.content, 'Hello from A')
  })
})

test('the text', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const pieces = []
  for await (const piece of (await start(client)).textStream) pieces.push(piece)
  assert.equal(pieces.join(''), 'Hello from A')
  assert.ok(pieces.length > 1 && pieces.every((piece) => piece !== ''))
})

test('a second reading throws', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const stream = await start(client)
  for await (const _ of stream);
  assert.throws(() => stream[Symbol.asyncIterator](), { name: 'FailoverError', message: /once/ })
  await assert.rejects(async () => { for await (const _ of stream.textStream); })
  assert.throws(() => stream.toReadableStream())
  assert.throws(() => stream.toResponse())
})

test('finalCompletion has a report, and its unobserved failure is harmless', async (t) => {
  const { client, a } = setup(t)
  a.script(faults.serverError(), faults.cut({ after: 1 }))
  const stream = await start(client)
  for await (const _ of stream);
  const completion = await stream.finalCompletion
  assert.equal(attemptSummary(completion.report.attempts), 'A:next:serverError B:ok')
  assert.ok(completion.report.latency.firstContentMs <= completion.report.latency.totalMs)
  assert.ok(!JSON.stringify(completion).includes('report'))
  const broken = await start(client)
  assert.ok(broken.finalCompletion instanceof Promise)
  await assert.rejects(async () => { for await (const _ of broken); }, { name: 'StreamInterruptedError' })
  await sleep(5)
})

test('bytes for a browser', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const eventsOf = (text) => text.trim().split('\n\n').map((event) => event.replace(/^data: /, ''))
  await t.test('toReadableStream ends with [DONE]', async () => {
    const text = await new Response((await start(client)).toReadableStream()).text()
    const events = eventsOf(text)
    assert.equal(events.pop(), '[DONE]')
    assert.equal(events.map((e) => JSON.parse(e).choices[0]?.delta.content ?? '').join(''), 'Hello from A')
  })
  await t.test('toReadableStream fails as the stream does', async () => {
    a.script(faults.cut({ after: 1 }))
    const body = (await start(client)).toReadableStream()
    await assert.rejects(new Response(body).text(), { name: 'StreamInterruptedError' })
  })
  await t.test('toResponse', async () => {
    const response = (await start(client)).toResponse({ status: 201, headers: { 'x-mine': '1' } })
    assert.equal(response.status, 201)
    assert.match(response.headers.get('content-type'), /^text\/event-stream/)
    assert.equal(response.headers.get('x-mine'), '1')
    assert.equal(eventsOf(await response.text()).at(-1), '[DONE]')
  })
  await t.test('toResponse of a stream that breaks: an error event and no [DONE]', async () => {
    a.script(faults.combine(faults.stall({ after: 1, for: 10 }), faults.cut({ after: 1 })))
    const events = eventsOf(await (await start(client)).toResponse().text())
    const { error } = JSON.parse(events.at(-1))
    assert.equal(error.code, 'ERR_BELLWETHER_STREAM_INTERRUPTED')
    assert.match(error.message, /broke/)
    assert.ok(!events.includes('[DONE]'))
  })
})

for (const { transport, server } of TRANSPORTS) {
  test(`${transport}: a slow reader holds the vendor up instead of filling memory`, async (t) => {
    const length = 24 << 20
    const remote = await remoteServer(t, server)
    await remote.call('script', faults.healthy({ content: 'x'.repeat(length), chunks: 1024 }))
    const client = openClient(t, {
      timeout: { content: 300 }, tls: { ca: remote.ca }, endpoints: [{ name: 'A', baseURL: remote.url }]
    })
    const before = process.memoryUsage().rss
    const stream = await start(client)
    const chunks = stream[Symbol.asyncIterator]()
    for (let i = 0; i < 4; i++) await chunks.next()
    // Longer than the content timeout: the pause is the reader's, not the vendor's.
    await sleep(600)
    const [hit] = await remote.call('hits')
    assert.equal(hit.outcome, 'pending', 'the server cannot write on')
    const held = process.memoryUsage().rss - before
    assert.ok(held < 16 << 20, `${held >> 20} MiB`)
    let bytes = 0
    for await (const chunk of chunks) bytes += chunk.choices[0]?.delta.content?.length ?? 0
    assert.ok(bytes > length - (1 << 20))
    assert.equal((await stream.finalCompletion).choices[0].message.content.length, length)
  })
}

test('an abandoned stream delivers its attempt once', async (t) => {
  const { client, a } = setup(t, { servers: 1 })
  const attempts = recordEvents(client, 'attempt')
  a.script(faults.combine(faults.healthy(ENDLESS), faults.pace(1)))
  const stream = await start(client)
  for await (const _ of stream) break
  await a.waitForHits(1, { outcome: 'clientAborted' })
  await until('the attempt is told', () => attempts.length === 1)
  assert.equal(attempts[0].reason, 'aborted')
})
