'use strict'

// Events over HTTP: delivery, missed events, and listeners that do not read.

const { test } = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const net = require('node:net')
const path = require('node:path')
const { once } = require('node:events')
const { failover } = require('bellwether/node')
const { setup, ask, until, faults } = require('../helpers/client')
const { Feed, RETENTION_MS } = require('../../lib/http/events/feed')
const { MAX_FRAMES, MAX_BYTES } = require('../../lib/http/events/replay-buffer')
const { mount, follow, parse } = require('./helpers')
const { folder } = require('../servers/helpers')

const OPEN = { events: true, authorize: 'none' }
/** An event of the client's, as if it came from Rust. */
const tell = (client, n, more = '') => client.deliver('config', { message: String(n), more })
const told = ({ events }) => events.filter(({ event }) => event === 'config').map(({ data }) => Number(data.message))
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i)

test('a listener starts with a snapshot, and then receives all events in order', async (t) => {
  const { client, a } = setup(t, {})
  const { url } = await mount(t, client, OPEN)
  const listener = await follow(t, `${url}/events`)
  assert.deepEqual(['content-type', 'cache-control', 'x-accel-buffering'].map((name) => listener.response.headers.get(name)), ['text/event-stream; charset=utf-8', 'no-store, no-transform', 'no'])
  const { data } = await listener.next(({ event }) => event === 'snapshot')
  assert.deepEqual(data.endpoints.map(({ name }) => name), ['A', 'B'])
  assert.equal(data.push.listeners, 1)
  a.script(faults.serverError())
  const heard = []
  for (const name of ['attempt', 'failover', 'cooldown']) client.on(name, (payload) => heard.push([name, payload]))
  await ask(client)
  await client.monitor.checkEndpointHealth('A')
  await listener.next(({ event }) => event === 'healthCheck')
  assert.equal(listener.events[0].retry, '3000')
  const events = listener.events.filter(({ event }) => event && event !== 'snapshot')
  const named = events.filter(({ event }) => ['attempt', 'failover', 'cooldown'].includes(event)).map(({ event, data }) => [event, data])
  assert.deepEqual(named, JSON.parse(JSON.stringify(heard)))
  assert.ok(heard.some(([name]) => name === 'failover'))
  const [first] = events
  assert.deepEqual(events.map(({ id }) => id - first.id), events.map((_, i) => i))
  await client.close()
  await listener.done
  assert.equal(listener.events.at(-1).event, 'closing')
  assert.equal((await fetch(`${url}/events`)).status, 503)
})

test('a reconnecting listener gets exactly the missed events, by header or by query; after a gap a reset and a snapshot', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url } = await mount(t, client, OPEN)
  const first = await follow(t, `${url}/events`)
  await first.next(({ event }) => event === 'snapshot')
  range(0, 10).forEach((n) => tell(client, n))
  const { id } = await first.next(({ data }) => data?.message === '6')
  first.leave()
  await first.done
  range(10, 20).forEach((n) => tell(client, n))
  for (const [at, headers] of [[`${url}/events`, { 'last-event-id': String(id) }], [`${url}/events?lastEventId=${id}`, {}]]) {
    const again = await follow(t, at, { headers })
    await again.next(({ data }) => data?.message === '19')
    assert.deepEqual(told(again), range(7, 20))
    assert.ok(!again.events.some(({ event }) => event === 'snapshot' || event === 'reset'))
    again.leave()
  }
  for (const asked of [id - 100_000, id + 100_000, 'x', '1e3', '-1', '9'.repeat(30)]) {
    const lost = await follow(t, `${url}/events`, { headers: { 'last-event-id': String(asked) } })
    await lost.next(({ event }) => event === 'snapshot')
    assert.deepEqual(lost.events.slice(1, 3).map(({ event }) => event), ['reset', 'snapshot'], String(asked))
    lost.leave()
  }
  // What the ring could not keep.
  range(20, 20 + MAX_FRAMES).forEach((n) => tell(client, n))
  const late = await follow(t, `${url}/events`, { headers: { 'last-event-id': String(id) } })
  await late.next(({ event }) => event === 'snapshot')
  assert.equal(late.events[1].event, 'reset')
  tell(client, 5_000)
  await late.next(({ data }) => data?.message === '5000')
  assert.deepEqual(told(late), [5_000])
})

test('a snapshot that is shared is followed by what came since it was made', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url } = await mount(t, client, OPEN)
  const one = await follow(t, `${url}/events`)
  const { id } = await one.next(({ event }) => event === 'snapshot')
  range(0, 5).forEach((n) => tell(client, n))
  const two = await follow(t, `${url}/events`)
  const shared = await two.next(({ event }) => event === 'snapshot')
  tell(client, 5)
  await two.next(({ data }) => data?.message === '5')
  assert.deepEqual(told(two), range(shared.id - id, 6))
})

test('it subscribes to the client only while there is a listener, and for a while after; time is an argument', (t) => {
  const { client } = setup(t, { servers: 1 })
  const feed = new Feed(client)
  const listener = { given: [], ticks: 0, start (frames) { frames.forEach((frame) => this.send(frame)) }, send (frame) { this.given.push(frame.event) }, tick (elapsed) { this.ticks += elapsed }, end () { this.ended = true } }
  assert.equal(client.listenerCount('attempt'), 0)
  feed.join(listener, undefined, 1_000)
  assert.deepEqual([client.listenerCount('attempt'), feed.active], [1, true])
  feed.join({ ...listener, given: [] }, undefined, 1_000)
  assert.equal(client.listenerCount('attempt'), 1, 'one for all')
  tell(client, 1)
  feed.tick(500)
  assert.deepEqual([listener.given, listener.ticks], [['snapshot', 'config'], 500])
  feed.end()
  assert.deepEqual([listener.ended, feed.active, client.listenerCount('attempt')], [true, false, 0])
  feed.join(listener, undefined, 1_000)
  feed.leave(listener)
  feed.tick(RETENTION_MS - 1)
  assert.ok(feed.active)
  feed.tick(1)
  assert.deepEqual([feed.active, client.listenerCount('attempt'), feed.listeners], [false, 0, 0])
})

test('events kept for reconnecting listeners are bounded, also large ones', (t) => {
  const { client } = setup(t, { servers: 1 })
  const feed = new Feed(client)
  const frames = []
  const listener = { start (all) { all.forEach((frame) => this.send(frame)) }, send (frame) { frames.push(frame) }, tick () {}, end () {} }
  feed.join(listener, undefined, 1_000)
  range(0, 100).forEach((n) => tell(client, n, 'x'.repeat(50_000)))
  const missed = []
  const kept = Math.floor(MAX_BYTES / frames.at(-1).bytes.length)
  feed.join({ ...listener, send: (frame) => missed.push(frame) }, frames.at(-1 - kept).id, 1_000)
  assert.deepEqual(missed.map(({ id }) => id), frames.slice(-kept).map(({ id }) => id))
  const reset = []
  feed.join({ ...listener, send: (frame) => reset.push(frame.event) }, frames.at(-2 - kept).id, 1_000)
  assert.equal(reset[0], 'reset')
  feed.end()
})

test('the initial snapshot never counts as a backlog, however large it is', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url } = await mount(t, client, { ...OPEN, push: { maxUnsent: 1024 } })
  const first = await follow(t, `${url}/events`)
  const { id } = await first.next(({ event }) => event === 'snapshot')
  // As slowly as the others are read.
  for (let n = 0; n < 90; n++) {
    tell(client, n, 'x'.repeat(10_000))
    await first.next(({ data }) => data?.message === String(n))
  }
  const again = await follow(t, `${url}/events`, { headers: { 'last-event-id': String(id) } })
  tell(client, 90)
  await again.next(({ data }) => data?.message === '90')
  assert.deepEqual(told(again), range(0, 91))
  assert.equal(Feed.of(client).dropped, 0)
})

test('a listener without events receives heartbeats', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url } = await mount(t, client, { ...OPEN, push: { heartbeat: 20 } })
  const listener = await follow(t, `${url}/events`)
  await until('three heartbeats', () => listener.events.filter(({ comment }) => comment === 'heartbeat').length >= 3)
})

test('no more listen than may, and a place that is left is free', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url } = await mount(t, client, { ...OPEN, push: { maxListeners: 2 } })
  const [one] = [await follow(t, `${url}/events`), await follow(t, `${url}/events`)]
  const refused = await fetch(`${url}/events`)
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '5'])
  await refused.text()
  one.leave()
  await until('a place is free', () => Feed.of(client).listeners === 1)
  await follow(t, `${url}/events`)
  assert.deepEqual([Feed.of(client).listeners, Feed.of(client).refused], [2, 1])
})

test('the latest alerts are kept without a listener', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url } = await mount(t, client, OPEN)
  range(0, 60).forEach((n) => client.deliver('alert', { fingerprint: String(n) }))
  const listener = await follow(t, `${url}/events`)
  const { data } = await listener.next(({ event }) => event === 'snapshot')
  assert.deepEqual(data.alerts.map(({ fingerprint }) => Number(fingerprint)), range(10, 60))
})

/** A listener that reads only on request. */
async function deaf (t, at) {
  const socket = net.connect(at)
  t.after(() => socket.destroy())
  socket.write('GET /events HTTP/1.1\r\nhost: x\r\n\r\n')
  await new Promise((resolve) => { socket.once('readable', resolve) })
  return socket
}

/** Reads raw bytes, to measure the server in the same process: counts events, and those out of order. */
function reader (t, at) {
  const socket = net.connect(at)
  t.after(() => socket.destroy())
  const read = { seen: 0, wrong: 0 }
  let left = ''
  socket.setEncoding('latin1').on('data', (text) => {
    const lines = (left + text).split('\n')
    left = lines.pop()
    for (const line of lines) {
      const found = /^data: \{"message":"(\d+)"/.exec(line)
      if (found === null) continue
      if (Number(found[1]) !== read.seen) read.wrong++
      read.seen++
    }
  })
  socket.write('GET /events HTTP/1.1\r\nhost: x\r\n\r\n')
  return read
}

test('of a thousand listeners the one that does not read is dropped with a reason; the others get every event in order', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const LIMIT = 128 << 10
  const [LISTENERS, EVENTS, SIZE] = [1_000, 150, 4 << 10]
  const middleware = failover(client, { ...OPEN, push: { patience: '60s', maxUnsent: LIMIT } })
  // A Unix socket, with buffers that do not grow like those of TCP.
  const at = process.platform === 'win32' ? `\\\\.\\pipe\\bellwether-${process.pid}` : path.join(folder(t), 'socket')
  const server = http.createServer((req, res) => middleware(req, res, () => res.end())).listen(at, 2_000)
  t.after(() => { server.closeAllConnections(); server.close() })
  await once(server, 'listening')
  const readers = Array.from({ length: LISTENERS }, () => reader(t, at))
  const slow = await deaf(t, at)
  const feed = Feed.of(client)
  await until('all listen', () => feed.listeners === LISTENERS + 1)
  for (let n = 0; n < EVENTS; n++) {
    tell(client, n, 'x'.repeat(SIZE))
    await until('the others have it', () => readers.every(({ seen }) => seen > n))
  }
  assert.deepEqual(readers.filter(({ wrong, seen }) => wrong > 0 || seen !== EVENTS), [])
  assert.deepEqual([feed.dropped, feed.listeners], [1, LISTENERS + 1])
  let text = ''
  for await (const bytes of slow) {
    text += bytes.toString('latin1')
    if (text.endsWith('\r\n0\r\n\r\n')) break
  }
  const { event, data } = parse(text.slice(text.lastIndexOf('id: '), text.lastIndexOf('}') + 1))
  assert.deepEqual([event, data.reason], ['dropped', 'unsent'])
  // All that was ever on its way to it: what the kernel took, and no more than the bound.
  assert.ok(text.length < EVENTS * SIZE, `${text.length} bytes`)
  await until('it is gone', () => feed.listeners === LISTENERS)
})

test('a listener that reads nothing for too long is dropped, and its connection closed', async (t) => {
  const { client } = setup(t, { servers: 1 })
  const { url, server } = await mount(t, client, { ...OPEN, push: { patience: 100, maxUnsent: 1 << 30 } })
  await deaf(t, new URL(url).port)
  const feed = Feed.of(client)
  const connections = () => new Promise((resolve) => { server.getConnections((_, count) => resolve(count)) })
  await until('it is stuck', () => {
    tell(client, 0, 'x'.repeat(1 << 20))
    return feed.dropped === 1
  }, 20_000)
  await until('it is gone', async () => feed.listeners === 0 && await connections() === 0)
})
