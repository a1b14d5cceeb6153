'use strict'

// Recovery: load returns in steps after a breaker has closed, state belongs to the scope that is blamed, and alerts
// report what needs an operator.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const net = require('node:net')
const { setup, openClient, ask, textOf, attemptSummary, until, recordEvents, faults } = require('../helpers/client')

const QUICKLY = { failureThreshold: 3, recoveryTimeout: 50, maxRecoveryTimeout: 50 }
const KEYS = ['sk-one-0123456789abcdef', 'sk-two-0123456789abcdef']

/** A with a breaker that has just closed, and B. */
async function returned (t, options = {}) {
  const all = setup(t, { breaker: QUICKLY, ...options })
  all.a.script(...Array(3).fill(faults.serverError()))
  for (let i = 0; i < 3; i++) await ask(all.client)
  await until('the probe is answered', async () => textOf(await ask(all.client)) === 'Hello from A')
  all.a.clearHits()
  return all
}

test('a tenth of the load at first', async (t) => {
  const { client, a } = await returned(t)
  assert.equal(client.getEndpointStatus('A').breaker.state, 'closed')
  assert.equal(client.getEndpointStatus('A').status, 'degraded')
  const answers = []
  for (let i = 0; i < 40; i++) answers.push(await ask(client))
  assert.equal(a.totalHits, 4)
  const held = answers.find((answer) => textOf(answer) === 'Hello from B')
  assert.equal(attemptSummary(held.report.attempts), 'A:skipped:breakerOpen B:ok')
})

test('the only endpoint: all of it', async (t) => {
  const { client, a } = await returned(t)
  client.isolate('B')
  for (let i = 0; i < 20; i++) assert.equal(textOf(await ask(client)), 'Hello from A')
  assert.equal(a.totalHits, 20)
})

test('then half, then all, and it stays there', async (t) => {
  const { client, a } = await returned(t)
  const share = async () => {
    a.clearHits()
    for (let i = 0; i < 20; i++) await ask(client)
    return a.totalHits
  }
  assert.equal(await share(), 2)
  await until('half', async () => await share() === 10, 15_000)
  await until('all', async () => await share() === 20, 15_000)
  assert.equal(client.getEndpointStatus('A').status, 'healthy')
  assert.equal(await share(), 20)
})

test('a failing model is failing whatever the key: the breaker is one for all keys', async (t) => {
  const { client, a } = setup(t, { endpoint: (i) => (i === 0 ? { apiKey: KEYS } : {}) })
  a.always(faults.serverError())
  for (let i = 0; i < 6; i++) await ask(client)
  assert.equal(a.totalHits, 3)
  assert.equal(client.getEndpointStatus('A').models.length, 1)
})

test('a throttled key is parked alone, and the endpoint stays well by the other', async (t) => {
  const { client, a } = setup(t, { servers: 1, endpoint: () => ({ apiKey: KEYS }) })
  a.always(faults.rateLimited({ retryAfter: '60s' }))
  a.script(faults.rateLimited({ retryAfter: '60s' }), faults.healthy())
  const answer = await ask(client)
  assert.equal(attemptSummary(answer.report.attempts), 'A:next:rateLimited A:ok')
  assert.equal(client.getEndpointStatus('A').status, 'healthy')
  const used = a.hits().map((hit) => hit.headers.authorization)
  assert.notEqual(used[0], used[1])
})

test('alerts: a condition that needs an operator is reported once, with a fix', { concurrency: true }, async (t) => {
  for (const [kind, fault, says] of [
    ['quota', faults.quota(), /quota or spend limit/], ['auth', faults.auth(), /refused/], ['permission', faults.permission(), /permission/],
    ['model_not_found', faults.notFound(), /the model 'gpt-4o' was not found/]
  ]) {
    await t.test(kind, async (t) => {
      const { client, a } = setup(t, { alerts: { rules: { failoverTriggered: false } } })
      a.always(fault)
      const alerts = recordEvents(client, 'alert')
      for (let i = 0; i < 3; i++) await ask(client)
      assert.equal(alerts.length, 1)
      const [alert] = alerts
      assert.deepEqual([alert.kind, alert.status, alert.severity, alert.service, alert.occurrences], [kind, 'firing', 'critical', 'A', 1])
      assert.match(alert.message, says)
      assert.ok(alert.recommendedAction.length > 10 && alert.fingerprint.length > 0)
      assert.ok(!JSON.stringify(alert).includes('0123456789'), 'no key')
      assert.ok(alert.details.until > Date.now() + 50_000)
    })
  }
})

test('a pooled connection that its server has just closed costs no call', async (t) => {
  const body = JSON.stringify({ id: 'x', object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }] })
  const answer = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  let n = 0
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => {
      if (!socket.writable) return
      socket.write(answer)
      // At once, a moment later, or never.
      const turn = n++ % 5
      if (turn === 0) socket.end()
      else if (turn < 3) setImmediate(() => socket.end())
      else if (turn < 4) setTimeout(() => socket.end(), 1)
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: `http://127.0.0.1:${server.address().port}/v1` }] })
  const breakers = recordEvents(client, 'breaker')
  for (let round = 0; round < 100; round++) {
    await Promise.all(Array.from({ length: 8 }, () => ask(client)))
  }
  assert.deepEqual(breakers, [])
})

test('retry.prefer: "same" waits for a throttle that is short enough', async (t) => {
  const { client, a, b } = setup(t, { retry: { prefer: 'same' } })
  a.script(faults.rateLimited({ retryAfter: 30, as: 'ms' }))
  const answer = await ask(client)
  assert.equal(attemptSummary(answer.report.attempts), 'A:retry:rateLimited A:ok')
  a.script(faults.rateLimited({ retryAfter: '20s' }))
  assert.equal(attemptSummary((await ask(client)).report.attempts), 'A:next:rateLimited B:ok')
  assert.equal(b.totalHits, 1)
})

test('a test of an open breaker that a dying connection swallowed is made on a new one', async (t) => {
  let broken
  const server = net.createServer((socket) => {
    let served = 0
    socket.on('error', () => {})
    socket.on('data', (data) => {
      const { model } = JSON.parse(String(data).split('\r\n\r\n')[1])
      // Each connection serves once; a second request finds it closing.
      if (model === broken || served++ > 0) return socket.destroy()
      const body = JSON.stringify({ id: 'x', object: 'chat.completion', model, choices: [{ index: 0, message: { role: 'assistant', content: model }, finish_reason: 'stop' }] })
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL: `http://127.0.0.1:${server.address().port}/v1` }], maxRetries: 0 })
  broken = 'p'
  for (let i = 0; i < 3; i++) await ask(client, { model: 'p' }).catch(() => {})
  broken = undefined
  assert.equal((await ask(client, { model: 'q' })).choices[0].message.content, 'q', 'and its connection is kept')
  const { report } = await ask(client, { model: 'p' })
  assert.deepEqual(report.attempts.map(({ outcome, reusedConnection }) => [outcome, reusedConnection]), [['retry', true], ['ok', false]])
})

test('one endpoint’s probe wakes calls that wait for another model of the same origin', async (t) => {
  const body = (model) => JSON.stringify({ id: 'x', object: 'chat.completion', model, choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }] })
  let down = true
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    if (down) return socket.destroy()
    socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${body('m').length}\r\n\r\n${body('m')}`))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const baseURL = `http://127.0.0.1:${server.address().port}/v1`
  const client = openClient(t, { endpoints: [{ name: 'A', baseURL }], maxRetries: 0 })
  // Connections that end at once blame the model; both models' breakers are open.
  for (const model of ['p', 'q']) for (let i = 0; i < 3; i++) await ask(client, { model }).catch(() => {})
  down = false
  const answers = await Promise.all([...Array(20)].map((_, i) => ask(client, { model: i % 2 ? 'p' : 'q', timeout: '30s' })))
  assert.equal(answers.length, 20)
  assert.equal(client.metrics.snapshot().waitingCalls, 0)
})
