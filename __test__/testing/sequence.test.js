'use strict'

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Sequence } = require('../../testing/sequence')
const { chat, faults, serve, MESSAGES } = require('./helpers')

const { serverError, overloaded, healthy, rateLimited } = faults

/** The names served to hits at given times; the clock is an argument. */
function run(steps, hits, start = 0) {
  const sequence = new Sequence(steps)
  sequence.arrive(start)
  return hits.map((given, i) => {
    const hit = { route: '/chat/completions', path: '/v1/chat/completions', headers: {}, rawBody: Buffer.alloc(0), requestOnConnection: 1, ...given }
    const offer = sequence.peek({ hit, now: given.now ?? start + i, claimed: true })
    offer?.commit()
    return offer?.fault.name ?? '-'
  })
}

const times = (...all) => all.map((now) => ({ now }))

test('steps are served one per request, then the script is over', () => {
  assert.deepEqual(run([serverError(), overloaded()], [{}, {}, {}]), ['serverError', 'overloaded', '-'])
})

test('what is offered but not taken stays', () => {
  const sequence = new Sequence([serverError()])
  const ask = { hit: { route: '/chat/completions' }, now: 0, claimed: true }
  sequence.peek(ask)
  assert.equal(sequence.peek(ask).fault.name, 'serverError')
})

test('repeat runs its steps so many times over', () => {
  assert.deepEqual(run([faults.repeat(2, serverError(), healthy()), overloaded()], [{}, {}, {}, {}, {}, {}]),
    ['serverError', 'healthy', 'serverError', 'healthy', 'overloaded', '-'])
})

test('forever never ends', () => {
  assert.deepEqual(run([faults.forever(serverError()), overloaded()], [{}, {}, {}]), ['serverError', 'serverError', 'serverError'])
})

test('until lasts from the moment the script reached it', () => {
  const steps = [serverError(), faults.until('2s', overloaded())]
  assert.deepEqual(run(steps, times(5000, 6999, 7000)), ['serverError', 'overloaded', '-'])
  assert.deepEqual(run([faults.until('2s', overloaded())], times(1999, 2000)), ['overloaded', '-'])
})

test('when lets others pass and waits for its own', () => {
  const steps = [faults.when({ model: 'b' }, serverError()), overloaded()]
  assert.deepEqual(run(steps, [{ model: 'a' }, { model: 'a' }, { model: 'b' }, { model: 'b' }]), ['overloaded', '-', 'serverError', '-'])
})

test('every member a filter knows', () => {
  const hit = {
    model: 'm', stream: true, method: 'POST', headers: { authorization: 'Bearer k1', 'x-a': 'one' },
    rawBody: Buffer.from('needle in hay'), connection: 3, requestOnConnection: 2, httpVersion: '1.1',
  }
  const yes = [{ model: 'm' }, { model: /^m/ }, { stream: true }, { method: 'POST' }, { key: 'k1' }, { headers: { 'X-A': 'one' } }, { headers: { 'x-a': true, 'x-b': false } },
    { headers: { 'x-a': /on/ } }, { body: 'needle' }, { body: /in/ }, { connection: 3 }, { reused: true }, { requestOnConnection: 2 }, { httpVersion: '1.1' }, { path: '/v1/chat/completions' }, { path: '/chat/completions' }, (h) => h.model === 'm']
  const no = [{ model: 'n' }, { stream: false }, { key: 'k2' }, { headers: { 'x-a': false } }, { headers: { 'x-b': true } }, { body: 'straw' }, { reused: false }, { model: 'm', stream: false }, () => false]
  for (const filter of yes) assert.deepEqual(run([faults.when(filter, serverError())], [hit]), ['serverError'], String(JSON.stringify(filter)))
  for (const filter of no) assert.deepEqual(run([faults.when(filter, serverError())], [hit]), ['-'], String(JSON.stringify(filter)))
})

test('percent draws by its seed, and goes on drawing when repeated', () => {
  const draw = (seed) => run([faults.repeat(1000, faults.percent(30, serverError(), { seed }))], Array(1000).fill({}))
  const first = draw(7)
  assert.deepEqual(first, draw(7))
  assert.notDeepEqual(first, draw(8))
  const failed = first.filter((name) => name === 'serverError').length
  assert.ok(failed > 250 && failed < 350, String(failed))
  assert.deepEqual(run([faults.percent(0, serverError(), { otherwise: overloaded() })], [{}, {}]), ['overloaded', '-'])
})

test('flap alternates by the clock', () => {
  assert.deepEqual(run([faults.flap(serverError(), { down: 100, up: '200ms' })], times(0, 99, 100, 299, 300, 400)),
    ['serverError', 'serverError', 'healthy', 'healthy', 'serverError', 'healthy'])
})

test('only onPath reaches other routes', async (t) => {
  const server = serve(t)
  server.script(faults.onPath('/models', overloaded()), serverError())
  assert.equal((await fetch(`${server.url}/v1/models`)).status, 503)
  assert.equal((await fetch(`${server.url}/v1/models`)).status, 200)
  assert.equal((await chat(server)).status, 500)
  assert.equal((await chat(server)).status, 200)
})

test('always stands behind the script', async (t) => {
  const server = serve(t)
  server.always(faults.when({ model: 'bad' }, serverError())).script(rateLimited())
  const statuses = []
  for (const model of ['bad', 'bad', 'good', 'bad']) statuses.push((await chat(server, { model })).status)
  assert.deepEqual(statuses, [429, 500, 200, 500])
  server.always()
  assert.equal((await chat(server, { model: 'bad' })).status, 200)
})

test('a new script replaces the old one', async (t) => {
  const server = serve(t)
  server.script(faults.forever(serverError()))
  assert.equal((await chat(server)).status, 500)
  server.script()
  assert.equal((await chat(server)).status, 200)
})

test('scripts are JSON', async (t) => {
  const server = serve(t)
  const steps = [faults.repeat(1, faults.combine(rateLimited({ retryAfter: '1s' }), faults.slowHeaders(1))), faults.when({ stream: true }, faults.cut()), faults.percent(100, serverError())]
  server.script(...JSON.parse(JSON.stringify(steps)))
  assert.equal((await chat(server, { messages: MESSAGES })).headers.get('retry-after'), '1')
  assert.equal((await chat(server)).status, 500)
})

test('combine keeps the parts of all, the later wins', () => {
  const fault = faults.combine(faults.cut({ after: 3 }), faults.pace('5ms'), faults.headers({ 'x-a': '1' }), faults.headers({ 'x-a': '2' }))
  assert.equal(fault.name, 'cut+pace+headers+headers')
  assert.deepEqual(fault.stream, { cut: { after: 3, how: 'close' }, pace: 5 })
  assert.deepEqual(fault.headers, { 'x-a': '2' })
})
